// SPDX-License-Identifier: GPL-2.0
/*
 * How readers of the device wait: a message wakes one. Who is woken and does not take the
 * message hands the wake-up on. room.c is about writers, and wakeups.c searches for lost
 * wake-ups at random.
 */
#include "waiting.h"

/* --- who was woken and does not take the message */

TEST_F(waiting, a_buffer_too_short_hands_the_message_on)
{
	struct sleeper first = READER(self->fd, buf[0], 63), second = READER(self->fd, buf[1], 64);

	ASSERT_TRUE(reader_falls_asleep(&first));
	ASSERT_TRUE(reader_falls_asleep(&second));
	ASSERT_EQ(0, put(message, 64));
	ASSERT_TRUE(ends(&first));
	ASSERT_EQ(-EMSGSIZE, first.ret);
	ASSERT_TRUE(ends(&second));
	ASSERT_EQ(64, second.ret);
	ASSERT_EQ(0, memcmp(message, buf[1], 64));
}

TEST_F(waiting, a_bad_buffer_hands_the_message_on)
{
	static const int lens[] = { 64, MIB };

	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		struct sleeper first = READER(self->fd, BAD_ADDRESS, MIB);
		struct sleeper second = READER(self->fd, buf[1], MIB);

		ASSERT_TRUE(reader_falls_asleep(&first));
		ASSERT_TRUE(reader_falls_asleep(&second));
		ASSERT_EQ(0, put(message, lens[i]));
		ASSERT_TRUE(ends(&first));
		ASSERT_EQ(-EFAULT, first.ret);
		ASSERT_TRUE(ends(&second));
		ASSERT_EQ(lens[i], second.ret);
	}
}

/*
 * A reader's page never arrives. It has been woken for the message, and another reader
 * gets it. Once the page arrives, the first one goes on waiting.
 */
TEST_F(waiting, a_stuck_reader_hands_the_message_on)
{
	static const int lens[] = { 64, 100000 };
	char *page = map(PAGE, PROT_READ | PROT_WRITE);
	struct stuck_page stuck;
	char content[PAGE_MAX] = "";

	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		struct sleeper first = READER(self->fd, page, lens[i]);
		struct sleeper second = READER(self->fd, buf[1], lens[i]);

		page = map(lens[i], PROT_READ | PROT_WRITE);
		madvise(page, lens[i], MADV_NOHUGEPAGE);
		first.buf = page;
		if (stuck_page_begin(&stuck, page))
			SKIP(return, NO_USERFAULTFD);
		ASSERT_TRUE(reader_falls_asleep(&first));
		ASSERT_TRUE(reader_falls_asleep(&second));
		ASSERT_EQ(0, put(message, lens[i]));
		ASSERT_TRUE(ends(&second));
		ASSERT_EQ(lens[i], second.ret);
		ASSERT_TRUE(stuck_page_wait(&stuck));
		ASSERT_EQ(0, stuck_page_arrive(&stuck, content));
		ASSERT_TRUE(comes_true(figure("waiting") == 1));
		ASSERT_TRUE(sleeps_on(&first));
		ASSERT_EQ(0, put(message, lens[i]));
		ASSERT_TRUE(ends(&first));
		ASSERT_EQ(lens[i], first.ret);
		ASSERT_EQ(0, memcmp(message, page, lens[i]));
	}
}

/*
 * The first one is woken and killed before it runs, as this process has a higher priority
 * and does not sleep.
 */
TEST_F(waiting, a_killed_reader_hands_the_message_on)
{
	struct sleeper reader = READER(self->fd, buf[0], 64);
	pid_t first, second;

	use_one_processor(_metadata);
	for (int i = 0; i < 20; i++) {
		first = start_child(_metadata, &reader);
		ASSERT_TRUE(comes_true(figure("waiting") == 1));
		second = start_child(_metadata, &reader);
		ASSERT_TRUE(comes_true(figure("waiting") == 2));
		ASSERT_EQ(0, put(message, 64));
		ASSERT_EQ(0, kill(first, SIGKILL));
		ASSERT_EQ(SIGKILL, status_of_child(first));
		ASSERT_EQ(0, status_of_child(second));
		ASSERT_EQ(0, figure("waiting"));
		ASSERT_EQ(0, figure("count"));
	}
}

/* Also by a signal with a handler: here it takes the message, or leaves it to the other. */
static void on_signal(int signal)
{
	(void)signal;
}

TEST_F(waiting, a_signal_does_not_keep_the_message)
{
	struct sigaction action = { .sa_handler = on_signal };
	int interrupted = 0;

	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	for (int i = 0; i < 200; i++) {
		struct sleeper first = READER(self->fd, buf[0], 64);
		struct sleeper second = READER(self->fd, buf[1], 64);

		ASSERT_TRUE(reader_falls_asleep(&first));
		ASSERT_TRUE(reader_falls_asleep(&second));
		if (i % 2)
			pthread_kill(first.thread, SIGUSR1);
		ASSERT_EQ(0, put(message, 64));
		pthread_kill(first.thread, SIGUSR1);
		ASSERT_TRUE(comes_true(figure("count") == 0));
		/* If the first one has the message, the second one still waits. */
		ASSERT_TRUE(ends(&first));
		interrupted += first.ret == -EINTR;
		ASSERT_TRUE(first.ret == 64 || first.ret == -EINTR);
		if (first.ret == 64)
			ASSERT_EQ(0, put(message, 64));
		ASSERT_TRUE(ends(&second));
		ASSERT_EQ(64, second.ret);
	}
	TH_LOG("%d of 200 were interrupted", interrupted);
}

/* --- when a message wakes */

/* The message wakes when it is in the box: a reader that is woken before sleeps again. */
TEST_F(waiting, a_put_that_was_stuck_wakes)
{
	char *page = map(PAGE, PROT_READ | PROT_WRITE);
	struct sleeper reader = READER(self->fd, buf[0], PAGE);
	struct sleeper writer = WRITER(self->fd, page, PAGE);
	struct stuck_page stuck;
	char content[PAGE_MAX];

	fill(content, PAGE, 7);
	if (stuck_page_begin(&stuck, page))
		SKIP(return, NO_USERFAULTFD);
	ASSERT_TRUE(reader_falls_asleep(&reader));
	ASSERT_TRUE(falls_asleep(&writer));
	ASSERT_TRUE(stuck_page_wait(&stuck));
	ASSERT_TRUE(sleeps_on(&reader));
	ASSERT_EQ(1, figure("waiting"));
	ASSERT_EQ(0, stuck_page_arrive(&stuck, content));
	ASSERT_TRUE(ends(&writer));
	ASSERT_EQ(PAGE, writer.ret);
	ASSERT_TRUE(ends(&reader));
	ASSERT_EQ(PAGE, reader.ret);
	ASSERT_TRUE(is_filled(buf[0], PAGE, 7));
}

#define HERD	100
#define HEARD	200

static long herd_read(struct sleeper *sleeper)
{
	char byte[8];
	long ret;

	/* The empty message ends it. */
	while ((ret = device_read(sleeper->fd, byte, sizeof(byte))) > 0)
		atomic_fetch_add((atomic_int *)sleeper->buf, 1);
	return ret;
}

/* How often a thread has gone to sleep. */
static long sleeps_of(pid_t task)
{
	static const char name[] = "voluntary_ctxt_switches:";
	char path[64], line[128];
	long found = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", task);
	file = fopen(path, "r");
	while (file && found < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)))
			found = atol(line + strlen(name));
	if (file)
		fclose(file);
	return found;
}

static long sleeps_of_all(struct sleeper *herd)
{
	long sum = 0;

	for (int i = 0; i < HERD; i++)
		sum += sleeps_of(atomic_load(&herd[i].task));
	return sum;
}

/* Of many readers, each message wakes one. */
TEST_F(waiting, a_message_wakes_one_reader)
{
	static struct sleeper herd[HERD];
	static atomic_int read;
	long before, woken;

	for (int i = 0; i < HERD; i++) {
		herd[i] = (struct sleeper)READER(self->fd, &read, 0);
		herd[i].call = herd_read;
		ASSERT_TRUE(falls_asleep(&herd[i]));
	}
	ASSERT_TRUE(comes_true(figure("waiting") == HERD));
	before = sleeps_of_all(herd);
	for (int i = 1; i <= HEARD; i++) {
		ASSERT_EQ(0, put("x", 1));
		ASSERT_TRUE(comes_true(atomic_load(&read) == i && figure("waiting") == HERD));
	}
	for (int i = 0; i < HERD; i++)
		ASSERT_TRUE(sleeps_on(&herd[i]));
	woken = sleeps_of_all(herd) - before;
	TH_LOG("%d messages woke %ld of %d readers", HEARD, woken, HERD);
	EXPECT_LE(HEARD, woken);
	EXPECT_GE(2 * HEARD, woken);
	for (int i = 0; i < HERD; i++)
		ASSERT_EQ(0, put("", 0));
	for (int i = 0; i < HERD; i++)
		ASSERT_TRUE(ends(&herd[i]));
}

/* Many messages at once wake as many. */
TEST_F(waiting, each_of_many_messages_wakes_a_reader)
{
	static struct sleeper readers[20];

	for (int round = 0; round < 5; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
			readers[i] = (struct sleeper)READER(self->fd, buf[0], 64);
			ASSERT_TRUE(reader_falls_asleep(&readers[i]));
		}
		for (size_t i = 0; i < ARRAY_SIZE(readers); i++)
			ASSERT_EQ(0, put(message, 64));
		for (size_t i = 0; i < ARRAY_SIZE(readers); i++)
			ASSERT_TRUE(ends(&readers[i]));
		ASSERT_EQ(0, figure("waiting"));
	}
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * How callers of the device wait. A message wakes one reader, and room the first writer
 * for which it is enough. Who is woken and does not take the message or the room hands
 * the wake-up on. wakeups.c searches for lost wake-ups at random.
 */
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "child.h"
#include "device.h"
#include "msgbox.h"
#include "saved_limits.h"
#include "stuck_page.h"

#define BAD		((char *)PAGE)
#define SMALL		POLLOUT_LEN
#define NO_USERFAULTFD	"userfaultfd is not available"

/* What is put. Readers have buffers of their own, as several can be woken. */
static char message[MIB];
static char buf[4][MIB];

FIXTURE(waiting)
{
	int fd;
	int now;
	struct limits limits;
};

FIXTURE_SETUP(waiting)
{
	begin_with_empty_box(_metadata);
	if (!save_limits(&self->limits))
		SKIP_TEST("only root can change the limits");
	self->fd = device_open(O_RDWR);
	self->now = device_open(O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, self->fd);
	ASSERT_LE(0, self->now);
	fill(message, sizeof(message), 1);
}

FIXTURE_TEARDOWN(waiting)
{
	close(self->fd);
	close(self->now);
	EXPECT_EQ(0, restore_limits(&self->limits));
	end_with_empty_box(_metadata);
}

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
		struct sleeper first = READER(self->fd, BAD, MIB);
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
	char content[PAGE] = "";

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
 * Keeps this process and its children on one processor, where a child runs only while
 * this process sleeps.
 */
static void use_one_processor(struct __test_metadata *_metadata)
{
	static const struct sched_param param = { .sched_priority = 1 };
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(set), &set));
	ASSERT_EQ(0, sched_setscheduler(0, SCHED_FIFO, &param));
}

/* A child that makes one call, and exits with 0 if it succeeds. */
static pid_t start_child(struct __test_metadata *_metadata, struct sleeper *call)
{
	static const struct sched_param param;
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sched_setscheduler(0, SCHED_OTHER, &param);
		_exit(call->call(call) < 0);
	}
	ASSERT_TRUE(comes_true(sleeps_in(pid, call->nr)));
	return pid;
}

static int status_of_child(pid_t pid)
{
	int status = -1;

	return comes_true(waitpid(pid, &status, WNOHANG) == pid) ? status : -1;
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
	char content[PAGE];

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

/* --- writers */

/* Fills the box with small messages. Returns their number. */
static int fill_box(struct __test_metadata *_metadata, int fd)
{
	int count = 0;

	ASSERT_EQ(0, set_parameter("max_bytes", 256 * KIB));
	while (device_write(fd, message, SMALL) > 0)
		ASSERT_GT(1000, ++count);
	return count;
}

TEST_F(waiting, room_wakes_writers_one_by_one)
{
	struct sleeper writers[3];
	int count = fill_box(_metadata, self->now), done;

	for (int i = 0; i < 3; i++) {
		writers[i] = (struct sleeper)WRITER(self->fd, message, SMALL);
		ASSERT_TRUE(falls_asleep(&writers[i]));
	}
	for (int i = 1; i <= 3; i++) {
		ASSERT_EQ(SMALL, get(buf[0], MIB));
		ASSERT_TRUE(comes_true(figure("count") == count));
		done = 0;
		for (int j = 0; j < 3; j++)
			done += !sleeps_on(&writers[j]);
		ASSERT_EQ(i, done);
	}
	for (int i = 0; i < 3; i++) {
		ASSERT_TRUE(ends(&writers[i]));
		ASSERT_EQ(SMALL, writers[i].ret);
	}
	EXPECT_EQ(count, drain());
}

/* A message that is too large for the room does not keep others waiting. */
TEST_F(waiting, a_large_writer_does_not_keep_a_small_one_waiting)
{
	struct sleeper large = WRITER(self->fd, message, 100 * KIB);
	struct sleeper small = WRITER(self->fd, message, SMALL);
	int count = fill_box(_metadata, self->now);

	ASSERT_TRUE(falls_asleep(&large));
	ASSERT_TRUE(falls_asleep(&small));
	ASSERT_EQ(SMALL, get(buf[0], MIB));
	ASSERT_TRUE(ends(&small));
	ASSERT_EQ(SMALL, small.ret);
	ASSERT_TRUE(sleeps_on(&large));
	/* With enough room it is woken, too. */
	for (int i = 0; i < count && !atomic_load(&large.done); i++)
		if (get(buf[0], MIB) != SMALL)
			break;
	ASSERT_TRUE(ends(&large));
	ASSERT_EQ(100 * KIB, large.ret);
	EXPECT_LT(0, drain());
}

TEST_F(waiting, a_bad_writer_hands_the_room_on)
{
	struct sleeper first = WRITER(self->fd, BAD, SMALL);
	struct sleeper second = WRITER(self->fd, message, SMALL);
	int count = fill_box(_metadata, self->now);

	ASSERT_TRUE(falls_asleep(&first));
	ASSERT_TRUE(falls_asleep(&second));
	ASSERT_EQ(SMALL, get(buf[0], MIB));
	ASSERT_TRUE(ends(&first));
	ASSERT_EQ(-EFAULT, first.ret);
	ASSERT_TRUE(ends(&second));
	ASSERT_EQ(SMALL, second.ret);
	EXPECT_EQ(count, drain());
}

TEST_F(waiting, a_stuck_writer_hands_the_room_on)
{
	char *page = map(SMALL, PROT_READ | PROT_WRITE);
	struct sleeper first = WRITER(self->fd, page, SMALL);
	struct sleeper second = WRITER(self->fd, message, SMALL);
	int count = fill_box(_metadata, self->now);
	struct stuck_page stuck;

	madvise(page, SMALL, MADV_NOHUGEPAGE);
	if (stuck_page_begin(&stuck, page))
		SKIP(return, NO_USERFAULTFD);
	ASSERT_TRUE(falls_asleep(&first));
	ASSERT_TRUE(falls_asleep(&second));
	ASSERT_EQ(SMALL, get(buf[0], MIB));
	ASSERT_TRUE(ends(&second));
	ASSERT_EQ(SMALL, second.ret);
	ASSERT_TRUE(stuck_page_wait(&stuck));
	/* The page arrives when there is no room any more. */
	ASSERT_EQ(0, stuck_page_arrive(&stuck, message));
	ASSERT_TRUE(sleeps_on(&first));
	ASSERT_EQ(SMALL, get(buf[0], MIB));
	ASSERT_TRUE(ends(&first));
	ASSERT_EQ(SMALL, first.ret);
	EXPECT_EQ(count, drain());
}

/* It may still use the room; then the second one goes on waiting. */
TEST_F(waiting, a_killed_writer_does_not_keep_the_room)
{
	struct sleeper writer = WRITER(self->fd, message, SMALL);
	int count = fill_box(_metadata, self->now), used = 0;
	pid_t first, second;

	use_one_processor(_metadata);
	for (int i = 0; i < 20; i++) {
		first = start_child(_metadata, &writer);
		second = start_child(_metadata, &writer);
		ASSERT_EQ(SMALL, get(buf[0], MIB));
		ASSERT_EQ(0, kill(first, SIGKILL));
		ASSERT_EQ(SIGKILL, status_of_child(first));
		ASSERT_TRUE(comes_true(figure("count") == count));
		if (sleeps_in(second, SYS_write)) {
			used++;
			ASSERT_EQ(SMALL, get(buf[0], MIB));
		}
		ASSERT_EQ(0, status_of_child(second));
		ASSERT_EQ(count, figure("count"));
	}
	TH_LOG("%d of 20 have used the room", used);
	EXPECT_EQ(count, drain());
}

TEST_F(waiting, a_limit_that_is_raised_wakes_writers)
{
	struct sleeper writers[3];
	int count = fill_box(_metadata, self->now);

	for (int i = 0; i < 3; i++) {
		writers[i] = (struct sleeper)WRITER(self->fd, message, SMALL);
		ASSERT_TRUE(falls_asleep(&writers[i]));
	}
	ASSERT_EQ(0, set_parameter("max_bytes", 512 * KIB));
	for (int i = 0; i < 3; i++) {
		ASSERT_TRUE(ends(&writers[i]));
		ASSERT_EQ(SMALL, writers[i].ret);
	}
	EXPECT_EQ(count + 3, drain());
}

/* What can never be put, with the present limits, does not wait. */
TEST_F(waiting, a_limit_that_is_lowered_ends_the_wait)
{
	struct sleeper writer = WRITER(self->fd, message, 64 * KIB);
	int count = fill_box(_metadata, self->now);

	ASSERT_TRUE(falls_asleep(&writer));
	ASSERT_EQ(0, set_parameter("max_message_bytes", 64 * KIB - 1));
	ASSERT_TRUE(ends(&writer));
	ASSERT_EQ(-EMSGSIZE, writer.ret);
	EXPECT_EQ(count, drain());
}

/* --- memory of puts in progress */

static long sleeper_put(struct sleeper *sleeper)
{
	return put(sleeper->buf, sleeper->len);
}

FIXTURE(pending)
{
	FIXTURE_DATA(waiting) waiting;
	struct stuck_page stuck;
	struct sleeper put;
	struct sleeper writer;
};

/* A put holds so much that there is not enough for a write, which waits. */
FIXTURE_SETUP(pending)
{
	char *page = map(300 * KIB, PROT_READ | PROT_WRITE);

	waiting_setup(_metadata, &self->waiting, NULL);
	ASSERT_EQ(0, set_parameter("max_pending_bytes", 4 * MIB));
	madvise(page, 300 * KIB, MADV_NOHUGEPAGE);
	if (stuck_page_begin(&self->stuck, page))
		SKIP_TEST(NO_USERFAULTFD);
	self->put = (struct sleeper) {
		.call = sleeper_put, .nr = put_nr, .buf = page, .len = 300 * KIB,
	};
	self->writer = (struct sleeper)WRITER(self->waiting.fd, message, 1000 * KIB);
	ASSERT_TRUE(falls_asleep(&self->put));
	ASSERT_TRUE(stuck_page_wait(&self->stuck));
	ASSERT_EQ(-EAGAIN, put(message, 1000 * KIB));
	ASSERT_TRUE(falls_asleep(&self->writer));
}

FIXTURE_TEARDOWN(pending)
{
	waiting_teardown(_metadata, &self->waiting, NULL);
}

TEST_F(pending, memory_that_is_released_wakes_a_writer)
{
	ASSERT_EQ(0, stuck_page_arrive(&self->stuck, message));
	ASSERT_TRUE(ends(&self->put));
	ASSERT_EQ(0, self->put.ret);
	ASSERT_TRUE(ends(&self->writer));
	ASSERT_EQ(1000 * KIB, self->writer.ret);
	EXPECT_EQ(2, drain());
}

/* Also by a put that fails. */
TEST_F(pending, memory_that_a_failed_put_releases_wakes_a_writer)
{
	ASSERT_EQ(0, mprotect(self->stuck.page, PAGE, PROT_NONE));
	close(self->stuck.uffd);
	ASSERT_TRUE(ends(&self->put));
	ASSERT_EQ(-EFAULT, self->put.ret);
	ASSERT_TRUE(ends(&self->writer));
	ASSERT_EQ(1000 * KIB, self->writer.ret);
	EXPECT_EQ(1, drain());
}

TEST_F(pending, the_limit_that_is_raised_wakes_a_writer)
{
	ASSERT_EQ(0, set_parameter("max_pending_bytes", 8 * MIB));
	ASSERT_TRUE(ends(&self->writer));
	ASSERT_EQ(1000 * KIB, self->writer.ret);
	ASSERT_EQ(0, stuck_page_arrive(&self->stuck, message));
	ASSERT_TRUE(ends(&self->put));
	EXPECT_EQ(2, drain());
}

/* --- neither too long nor for nothing */

/* CPU time of a thread, in milliseconds. */
static long computed_by(struct sleeper *sleeper)
{
	struct timespec time;
	clockid_t clock;

	if (pthread_getcpuclockid(sleeper->thread, &clock) || clock_gettime(clock, &time))
		abort();
	return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/*
 * Whatever is in the box: a writer waits only while a put of the same length fails, and
 * it sleeps meanwhile.
 */
TEST_F(waiting, a_writer_waits_only_without_room)
{
	unsigned long random = 1;
	long longest = 0;

	ASSERT_EQ(0, set_parameter("max_bytes", 256 * KIB));
	for (int i = 0; i < 60; i++) {
		size_t len = next_random(&random) % (i % 2 ? SMALL + 1 : 150 * KIB);
		struct sleeper writer = WRITER(self->fd, message, len);

		while (device_write(self->now, message, len) >= 0 ||
		       device_write(self->now, message, next_random(&random) % (20 * KIB)) >= 0)
			;
		/* The small ones may have left room for it, or it may never fit. */
		while (device_write(self->now, message, len) >= 0)
			;
		ASSERT_TRUE(falls_asleep(&writer));
		while (sleeps_on(&writer)) {
			ASSERT_EQ(-EAGAIN, device_write(self->now, message, len)) {
				TH_LOG("%zu bytes: asleep with room", len);
			}
			longest = computed_by(&writer) > longest ? computed_by(&writer) : longest;
			ASSERT_LE(0, get(buf[0], MIB));
		}
		ASSERT_TRUE(ends(&writer));
		ASSERT_EQ((long)len, writer.ret);
		if (i % 8 == 7)
			drain();
	}
	TH_LOG("a writer that waited computed for %ld ms at most", longest);
	ASSERT_GT(500, longest);
	drain();
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * How writers of the device wait: room wakes the first one for which it is enough. Who is
 * woken and does not use the room hands the wake-up on.
 */
#include "segment.h"
#include "waiting.h"

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
	struct sleeper first = WRITER(self->fd, BAD_ADDRESS, SMALL);
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

/*
 * Starts a put of which a page never arrives: it holds memory until stuck_page_arrive().
 * Returns false without userfaultfd.
 */
static bool start_stuck_put(struct __test_metadata *_metadata, struct stuck_page *stuck,
			    struct sleeper *stuck_put, size_t len)
{
	char *page = map(len, PROT_READ | PROT_WRITE);

	madvise(page, len, MADV_NOHUGEPAGE);
	if (stuck_page_begin(stuck, page))
		return false;
	*stuck_put = (struct sleeper) {
		.call = sleeper_put, .nr = put_nr, .buf = page, .len = len,
	};
	ASSERT_TRUE(falls_asleep(stuck_put));
	ASSERT_TRUE(stuck_page_wait(stuck));
	return true;
}

/* The put fails, and holds no memory any more. */
static bool end_stuck_put(struct stuck_page *stuck, struct sleeper *stuck_put)
{
	return !mprotect(stuck->page, PAGE, PROT_NONE) && !close(stuck->uffd) &&
	       ends(stuck_put) && stuck_put->ret == -EFAULT;
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
	waiting_setup(_metadata, &self->waiting, NULL);
	ASSERT_EQ(0, set_parameter("max_pending_bytes", 4 * MIB));
	if (!start_stuck_put(_metadata, &self->stuck, &self->put, 300 * KIB)) {
		waiting_teardown(_metadata, &self->waiting, NULL);
		SKIP_TEST(NO_USERFAULTFD);
	}
	self->writer = (struct sleeper)WRITER(self->waiting.fd, message, 1000 * KIB);
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
	ASSERT_TRUE(end_stuck_put(&self->stuck, &self->put));
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

/* --- puts in progress that leave no memory for another one */

/* The smallest limit, and a put that takes half of it and counts twice: nothing is left. */
#define LOWEST_PENDING	(512 * KIB)
#define ALL_PENDING	(LOWEST_PENDING / 2 - 16)

/* A message that needs no memory for a copy does not wait for any. */
TEST_F(waiting, a_small_writer_waits_for_no_memory_of_puts)
{
	struct sleeper writer = WRITER(self->fd, message, SMALL), stuck_put;
	struct stuck_page stuck;
	int count;

	if (!start_stuck_put(_metadata, &stuck, &stuck_put, ALL_PENDING + PAGE))
		SKIP(return, NO_USERFAULTFD);
	count = fill_box(_metadata, self->now);
	ASSERT_EQ(0, set_parameter("max_pending_bytes", LOWEST_PENDING));
	ASSERT_TRUE(falls_asleep(&writer));
	ASSERT_EQ(SMALL, get(buf[0], MIB));
	ASSERT_TRUE(ends(&writer));
	ASSERT_EQ(SMALL, writer.ret);
	ASSERT_EQ(count, drain());
	ASSERT_EQ(0, stuck_page_arrive(&stuck, message));
	ASSERT_TRUE(ends(&stuck_put));
	drain();
}

/* Nor does it if another put was faster and took the room for which it was woken. */
TEST_F(waiting, a_small_writer_that_came_too_late_waits_for_no_memory_either)
{
	struct sleeper writer = WRITER(self->fd, message, SMALL), stuck_put;
	struct stuck_page stuck;
	pid_t child;
	int count;

	if (!start_stuck_put(_metadata, &stuck, &stuck_put, ALL_PENDING))
		SKIP(return, NO_USERFAULTFD);
	count = fill_box(_metadata, self->now);
	ASSERT_EQ(0, set_parameter("max_pending_bytes", LOWEST_PENDING));
	use_one_processor(_metadata);
	child = start_child(_metadata, &writer);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(SMALL, get(buf[0], MIB));
		ASSERT_EQ(SMALL, device_write(self->now, message, SMALL));
		ASSERT_TRUE(comes_true(sleeps_in(child, SYS_write)));
	}
	ASSERT_EQ(SMALL, get(buf[0], MIB));
	ASSERT_EQ(0, status_of_child(child));
	ASSERT_EQ(count, drain());
	ASSERT_EQ(0, stuck_page_arrive(&stuck, message));
	ASSERT_TRUE(ends(&stuck_put));
	drain();
}

static long sleeper_poll(struct sleeper *sleeper)
{
	struct pollfd pollfd = { .fd = sleeper->fd, .events = POLLOUT };

	return syscall(SYS_ppoll, &pollfd, 1, NULL, NULL, 0);
}

/* Does poll(2) tell of room? */
static bool has_room(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLOUT };

	return poll(&pollfd, 1, 0) == 1;
}

/* A message of which a page is missing needs memory for a copy. */
static long write_with_missing_page(int fd, char *at)
{
	madvise(at, SMALL, MADV_DONTNEED);
	return device_write(fd, at, SMALL);
}

/* POLLOUT promises room for any small message. A put may reserve a quarter of what is left. */
TEST_F(waiting, pollout_only_if_a_page_may_be_missing)
{
	static const int reserved[] = { 128 * KIB, 64 * KIB, 32 * KIB, 16 * KIB };
	struct sleeper puts[ARRAY_SIZE(reserved)], poller;
	struct stuck_page stuck[ARRAY_SIZE(reserved)];
	char *at = map(SMALL, PROT_READ | PROT_WRITE);

	ASSERT_EQ(0, set_parameter("max_pending_bytes", 512 * KIB));
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
		ASSERT_TRUE(has_room(self->now));
		ASSERT_EQ(SMALL, write_with_missing_page(self->now, at));
		if (!start_stuck_put(_metadata, &stuck[i], &puts[i], reserved[i] - 16))
			SKIP(return, NO_USERFAULTFD);
	}
	ASSERT_EQ(-EAGAIN, write_with_missing_page(self->now, at));
	ASSERT_FALSE(has_room(self->now));
	poller = (struct sleeper){ .call = sleeper_poll, .nr = SYS_ppoll, .fd = self->fd };
	ASSERT_TRUE(falls_asleep(&poller));
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
		ASSERT_EQ(0, stuck_page_arrive(&stuck[i], message));
		ASSERT_TRUE(ends(&puts[i]));
		ASSERT_EQ(0, puts[i].ret);
		ASSERT_TRUE(has_room(self->now));
		ASSERT_EQ(SMALL, write_with_missing_page(self->now, at));
	}
	ASSERT_TRUE(ends(&poller));
	EXPECT_EQ(3 * (int)ARRAY_SIZE(reserved), drain());
}

/*
 * A writer finds room because the spare segment goes: it would have used that for its copy,
 * and then could not have reserved a segment for the msgstack.
 */
static void spare_goes(struct __test_metadata *_metadata, int fd, int now, bool is_used)
{
	struct sleeper writer = WRITER(fd, message, 40000), first, second;
	struct stuck_page stuck_first, stuck_second;

	if (!start_stuck_put(_metadata, &stuck_first, &first, 112 * KIB - 16) ||
	    !start_stuck_put(_metadata, &stuck_second, &second, 72 * KIB - 16))
		SKIP(return, NO_USERFAULTFD);
	/* A segment that is full, and a spare one. */
	ASSERT_EQ(0, put_fillers(0));
	ASSERT_EQ(0, put(message, 8));
	ASSERT_EQ(8, get(buf[0], MIB));
	ASSERT_EQ(0, set_parameter("max_bytes", 240 * KIB));
	ASSERT_EQ(0, set_parameter("max_pending_bytes", LOWEST_PENDING));
	ASSERT_TRUE(falls_asleep(&writer));
	ASSERT_TRUE(end_stuck_put(&stuck_first, &first));
	ASSERT_TRUE(sleeps_on(&writer));
	ASSERT_EQ(is_used ? 0 : -EAGAIN,
		  is_used ? put(message, 8) : device_write(now, message, 126000));
	ASSERT_TRUE(ends(&writer));
	ASSERT_EQ(40000, writer.ret);
	ASSERT_TRUE(end_stuck_put(&stuck_second, &second));
	drain();
}

TEST_F(waiting, a_put_that_uses_the_spare_segment_wakes_a_writer)
{
	spare_goes(_metadata, self->fd, self->now, true);
}

TEST_F(waiting, a_put_that_frees_the_spare_segment_wakes_a_writer)
{
	spare_goes(_metadata, self->fd, self->now, false);
}

/* --- how many may wait */

#define MOST_WRITERS	512

static long write_as_nobody(struct sleeper *sleeper)
{
	/* The bare system call: of this thread alone. */
	if (syscall(SYS_setresuid, 65534, 65534, 65534))
		return -1;
	return sleeper_write(sleeper);
}

/* Each get may have to look at all who wait, so a user may not have many. */
TEST_F_TIMEOUT(waiting, a_limited_number_of_writers_of_each_user, 300)
{
	static struct sleeper writers[MOST_WRITERS];

	for (int round = 0; round < 2; round++) {
		int count = fill_box(_metadata, self->now);
		struct sleeper other = WRITER(self->fd, message, SMALL);

		other.call = write_as_nobody;
		for (int i = 0; i < MOST_WRITERS; i++) {
			writers[i] = (struct sleeper)WRITER(self->fd, message, SMALL);
			ASSERT_TRUE(falls_asleep(&writers[i])) {
				TH_LOG("writer %d: %ld", i, writers[i].ret);
			}
		}
		ASSERT_EQ(-EAGAIN, device_write(self->fd, message, SMALL));
		ASSERT_EQ(-EAGAIN, device_write(self->fd, message, SMALL));
		ASSERT_TRUE(falls_asleep(&other));
		for (int i = 0; i <= MOST_WRITERS; i++) {
			ASSERT_EQ(SMALL, get(buf[0], MIB));
			ASSERT_TRUE(comes_true(figure("count") == count));
		}
		for (int i = 0; i < MOST_WRITERS; i++) {
			ASSERT_TRUE(ends(&writers[i]));
			ASSERT_EQ(SMALL, writers[i].ret);
		}
		ASSERT_TRUE(ends(&other));
		ASSERT_EQ(SMALL, other.ret);
		ASSERT_EQ(count, drain());
	}
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

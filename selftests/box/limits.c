// SPDX-License-Identifier: GPL-2.0
/*
 * The module's parameters: the values that they refuse, that a change takes effect
 * at once, and that lowering a limit loses no message.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "msgbox.h"
#include "saved_limits.h"
#include "segment.h"
#include "sysfs.h"

#define MAX_BYTES_MIN	(2 * SEGMENT)
#define MAX_PENDING_MIN	(8 * SEGMENT)

FIXTURE(limits)
{
	struct limits limits;
};

FIXTURE_SETUP(limits)
{
	begin_with_empty_box(_metadata);
	if (!save_limits(&self->limits))
		SKIP_TEST("only root can change the limits");
}

FIXTURE_TEARDOWN(limits)
{
	EXPECT_EQ(0, restore_limits(&self->limits));
	end_with_empty_box(_metadata);
}

static long write_parameter(const char *name, const char *text)
{
	return write_text(MODULE_FOLDER "/parameters", name, text);
}

TEST_F(limits, defaults)
{
	EXPECT_EQ(4 * MIB, self->limits.max_message_bytes);
	EXPECT_EQ(64 * MIB, self->limits.max_bytes);
	EXPECT_EQ(64 * MIB, self->limits.max_pending_bytes);
}

TEST_F(limits, values_that_make_no_sense_are_refused)
{
	static const char * const bad[] = { "0", "-1", "many", "12x", "0x", " ", "\n" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, write_parameter("max_bytes", bad[i])) {
			TH_LOG("'%s'", bad[i]);
		}
		EXPECT_EQ(-EINVAL, write_parameter("max_message_bytes", bad[i])) {
			TH_LOG("'%s'", bad[i]);
		}
		EXPECT_EQ(-EINVAL, write_parameter("max_pending_bytes", bad[i])) {
			TH_LOG("'%s'", bad[i]);
		}
	}
	EXPECT_EQ(-EINVAL, set_parameter("max_bytes", MAX_BYTES_MIN - 1));
	EXPECT_EQ(-EINVAL, set_parameter("max_message_bytes", 1L + INT_MAX));
	EXPECT_EQ(-EINVAL, set_parameter("max_pending_bytes", MAX_PENDING_MIN - 1));
	/* The kernel itself gives ERANGE for a value beyond the type's range. */
	EXPECT_EQ(-ERANGE, write_parameter("max_bytes", "99999999999999999999"));
	EXPECT_EQ(-ERANGE, write_parameter("max_message_bytes", "99999999999"));
	EXPECT_EQ(-ERANGE, write_parameter("max_pending_bytes", "99999999999999999999"));

	EXPECT_EQ(self->limits.max_bytes, parameter("max_bytes"));
	EXPECT_EQ(self->limits.max_message_bytes, parameter("max_message_bytes"));
	EXPECT_EQ(self->limits.max_pending_bytes, parameter("max_pending_bytes"));
}

TEST_F(limits, the_outermost_values_are_taken)
{
	EXPECT_EQ(0, set_parameter("max_bytes", MAX_BYTES_MIN));
	EXPECT_EQ(MAX_BYTES_MIN, parameter("max_bytes"));
	EXPECT_EQ(0, write_parameter("max_bytes", "0xffffffffffffffff\n"));
	EXPECT_EQ(0, set_parameter("max_message_bytes", 1));
	EXPECT_EQ(0, set_parameter("max_message_bytes", INT_MAX));
	EXPECT_EQ(INT_MAX, parameter("max_message_bytes"));
	EXPECT_EQ(0, set_parameter("max_pending_bytes", MAX_PENDING_MIN));
	EXPECT_EQ(MAX_PENDING_MIN, parameter("max_pending_bytes"));
	EXPECT_EQ(0, write_parameter("max_pending_bytes", "0xffffffffffffffff\n"));
}

TEST_F(limits, the_largest_message_changes_at_once)
{
	char *message = new_message(100, 1);

	ASSERT_EQ(0, put(message, 100));
	ASSERT_EQ(0, set_parameter("max_message_bytes", 99));
	EXPECT_EQ(-EMSGSIZE, put(message, 100));
	EXPECT_EQ(0, put(message, 99));
	ASSERT_EQ(0, set_parameter("max_message_bytes", 100));
	EXPECT_EQ(0, put(message, 100));
	/* Messages in the box are not affected. */
	ASSERT_EQ(0, set_parameter("max_message_bytes", 1));
	EXPECT_EQ(100, get_expecting(message, 100));
	EXPECT_EQ(99, get_expecting(message, 99));
	EXPECT_EQ(100, get_expecting(message, 100));
	free(message);
}

TEST_F(limits, lowered_below_what_is_held_nothing_is_lost)
{
	static const int len = 1000, count = 5000;
	char *message = new_message(len, 1);
	int left = count;

	for (int i = 0; i < count; i++)
		ASSERT_EQ(0, put(message, len));
	ASSERT_EQ(0, set_parameter("max_bytes", MAX_BYTES_MIN));
	EXPECT_EQ(-EAGAIN, put(message, len));
	EXPECT_EQ(-EAGAIN, put(message, 0));
	EXPECT_EQ(-EAGAIN, put(BAD_ADDRESS, len));

	/*
	 * While the box holds more than the limit and a spare segment, each
	 * put fails and each get succeeds.
	 */
	while (figure("memory") > MAX_BYTES_MIN + 2 * SEGMENT) {
		ASSERT_EQ(-EAGAIN, put(message, 0));
		ASSERT_EQ(len, get_expecting(message, len));
		ASSERT_LT(0, --left);
	}
	/* Once enough of them are taken, a put succeeds again. */
	while (figure("memory") > MAX_BYTES_MIN && put(message, 0)) {
		ASSERT_EQ(len, get_expecting(message, len));
		ASSERT_LT(0, --left);
	}
	EXPECT_LT(count / 100, left);
	EXPECT_EQ(0, get_nothing());
	while (left--)
		ASSERT_EQ(len, get_expecting(message, len));
	ASSERT_EQ(-ENODATA, get_nothing());
	free(message);
}

/* The spare segment that a large message left must not make an empty box full. */
TEST_F(limits, lowered_on_an_empty_box_puts_go_on)
{
	static const int lens[] = { 100, 40000, 0 };
	char *message = new_message(MIB, 1);

	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		ASSERT_EQ(0, set_parameter("max_bytes", self->limits.max_bytes));
		ASSERT_EQ(0, put(message, MIB));
		ASSERT_EQ(MIB, get_expecting(message, MIB));
		ASSERT_EQ(0, set_parameter("max_bytes", MAX_BYTES_MIN));
		ASSERT_EQ(0, put(message, lens[i])) {
			TH_LOG("%d bytes", lens[i]);
		}
		ASSERT_EQ(lens[i], get_expecting(message, lens[i]));
	}
	free(message);
}

TEST_F(limits, raised_it_works_again_at_once)
{
	char *message = new_message(MIB, 1);

	ASSERT_EQ(0, set_parameter("max_bytes", MAX_BYTES_MIN));
	EXPECT_EQ(-EAGAIN, put(message, MIB));
	ASSERT_EQ(0, set_parameter("max_bytes", 2 * MIB));
	EXPECT_EQ(0, put(message, MIB));
	EXPECT_EQ(MIB, get_expecting(message, MIB));
	free(message);
}

/* The length of the longest message in a segment of this many bytes. */
static int len_in(long segment)
{
	return segment - 16;
}

TEST_F(limits, a_put_alone_takes_a_quarter_of_what_may_be_pending)
{
	static const long limits[] = { MAX_PENDING_MIN, 4 * (192 * KIB), 4 * MIB };
	char *message = new_message(MIB + PAGE, 1);

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		int most = len_in(limits[i] / 4);

		ASSERT_EQ(0, set_parameter("max_pending_bytes", limits[i]));
		EXPECT_EQ(-EAGAIN, put(message, most + 1));
		EXPECT_EQ(0, put(message, most));
		EXPECT_EQ(most, get_expecting(message, most));
		/* Raising the limit takes effect at once as well. */
		ASSERT_EQ(0, set_parameter("max_pending_bytes", limits[i] + 4 * PAGE));
		EXPECT_EQ(0, put(message, most + 1));
		EXPECT_EQ(most + 1, get_expecting(message, most + 1));
	}
	free(message);
}

/* A put reserves memory before it reads the message. */
TEST_F(limits, too_much_that_is_pending_comes_before_a_bad_pointer)
{
	int most = len_in(MAX_PENDING_MIN / 4);

	ASSERT_EQ(0, set_parameter("max_pending_bytes", MAX_PENDING_MIN));
	EXPECT_EQ(-EFAULT, put(BAD_ADDRESS, most));
	EXPECT_EQ(-EAGAIN, put(BAD_ADDRESS, most + 1));
	EXPECT_EQ(-EFAULT, put(BAD_ADDRESS, 1));
}

/* A spare segment too long for the limit must not make a put fail that fits. */
TEST_F(limits, an_unused_segment_is_not_in_the_way_of_a_reservation)
{
	int most = len_in(MAX_PENDING_MIN / 4), longer = most + 4 * PAGE;
	char *message = new_message(longer, 1);

	ASSERT_EQ(0, put(message, longer));
	ASSERT_EQ(longer, get_expecting(message, longer));
	ASSERT_EQ(0, set_parameter("max_pending_bytes", MAX_PENDING_MIN));
	EXPECT_EQ(0, put(message, most));
	EXPECT_EQ(most, get_expecting(message, most));
	free(message);
}

/* Also when the msgstack needs a segment in addition to that of the message. */
TEST_F(limits, with_the_least_that_may_be_pending_a_put_alone_goes_on)
{
	int most = len_in(MAX_PENDING_MIN / 4);
	char *message = new_message(most, 1);
	char *missing = map(PAGE, PROT_READ | PROT_WRITE);

	ASSERT_EQ(0, set_parameter("max_pending_bytes", MAX_PENDING_MIN));
	ASSERT_EQ(0, put_fillers(0));
	EXPECT_EQ(0, put(message, most));
	EXPECT_EQ(most, get_expecting(message, most));
	EXPECT_EQ(0, put(missing, PAGE));
	EXPECT_EQ(PAGE, get_expecting(missing, PAGE));
	EXPECT_EQ(0, get_fillers(0));
	munmap(missing, PAGE);
	free(message);
}

/* A spare segment must not take the room of the only message. */
TEST_F(limits, the_smallest_box_takes_every_message_that_fits)
{
	int most = MAX_BYTES_MIN - SEGMENT - PAGE;
	char *message = new_message(most, 1);

	ASSERT_EQ(0, set_parameter("max_bytes", MAX_BYTES_MIN));
	for (int len = 0; len <= most; len += 997) {
		ASSERT_EQ(0, put(message, len)) {
			TH_LOG("%d bytes", len);
		}
		ASSERT_EQ(len, get_expecting(message, len));
	}
	ASSERT_EQ(0, put(message, most));
	ASSERT_EQ(most, get_expecting(message, most));
	free(message);
}

static atomic_bool no_more;

static void *toggle_max_bytes(void *unused)
{
	(void)unused;
	while (!atomic_load(&no_more)) {
		set_parameter("max_bytes", 2 * MAX_BYTES_MIN);
		set_parameter("max_bytes", MAX_BYTES_MIN);
	}
	return NULL;
}

/*
 * A put that needs another segment compares with the limit. If the limit changes at
 * that moment, the put fails or succeeds, and nothing else happens.
 */
TEST_F(limits, a_limit_that_changes_during_a_put)
{
	int left = 1, put_again = 0, full = 0;
	time_t end = time(NULL) + 20;
	pthread_t thread;
	long ret;

	/* 4 and 8 bytes a record: 4 are left at the end of a segment. */
	ASSERT_EQ(0, set_parameter("max_bytes", MAX_BYTES_MIN));
	ASSERT_EQ(0, put("", 0));
	while (!(ret = put("x", 1)))
		ASSERT_GT(100000, ++left);
	ASSERT_EQ(-EAGAIN, ret);

	atomic_store(&no_more, false);
	ASSERT_EQ(0, pthread_create(&thread, NULL, toggle_max_bytes, NULL));
	while (full < 100000 && time(NULL) < end) {
		ret = put("x", 1);
		if (ret) {
			ASSERT_EQ(-EAGAIN, ret);
			full++;
		} else {
			ASSERT_EQ(1, get_expecting("x", 1));
			put_again++;
		}
	}
	atomic_store(&no_more, true);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	TH_LOG("%d puts found the box full, %d did not", full, put_again);
	/* Otherwise the limit never changed. */
	EXPECT_LT(0, full);
	EXPECT_LT(0, put_again);
	EXPECT_EQ(left, drain());
}

/*
 * Messages of one byte take 8 bytes each and fill the segments completely. A get makes
 * room for one more, but not for a pointer to a segment, which takes 12.
 */
TEST_F(limits, a_missing_page_does_not_make_the_last_place_too_small)
{
	char *missing = map(PAGE, PROT_READ | PROT_WRITE);
	int left = 0;

	ASSERT_EQ(0, set_parameter("max_bytes", MAX_BYTES_MIN));
	while (!put("x", 1))
		ASSERT_GT(100000, ++left);
	ASSERT_EQ(1, get_expecting("x", 1));
	ASSERT_EQ(0, put(missing, 1));
	ASSERT_EQ(1, get_expecting("", 1));
	EXPECT_EQ(left - 1, drain());
	munmap(missing, PAGE);
}

static atomic_int arrived;

/* Waits for the other thread, then puts. Returns the result of the put. */
static void *put_just_large(void *message)
{
	atomic_fetch_add(&arrived, 1);
	while (atomic_load(&arrived) < 2)
		sched_yield();
	return (void *)put(message, 8 * KIB + 1);
}

/* The spare segment that one message left has to make room for two puts at once. */
TEST_F(limits, room_for_two_is_room_for_two_at_once)
{
	char *message = new_message(130000, 1);

	ASSERT_EQ(0, set_parameter("max_bytes", 3 * SEGMENT));
	for (int round = 0; round < 300; round++) {
		pthread_t thread;
		void *ret;

		ASSERT_EQ(0, put(message, 130000));
		ASSERT_EQ(130000, get(message, 130000));
		atomic_store(&arrived, 0);
		ASSERT_EQ(0, pthread_create(&thread, NULL, put_just_large, message));
		ASSERT_EQ(NULL, put_just_large(message));
		ASSERT_EQ(0, pthread_join(thread, &ret));
		ASSERT_EQ(NULL, ret);
		ASSERT_EQ(2, drain());
	}
	free(message);
}

static void *put_and_get_a_mebibyte(void *unused)
{
	char *message = new_message(MIB, 1);

	(void)unused;
	while (!atomic_load(&no_more)) {
		put(message, MIB);
		get(message, MIB);
	}
	free(message);
	return NULL;
}

/* A large message counts until its last byte has been delivered. */
TEST_F(limits, large_messages_by_many_never_exceed_it)
{
	long limit = SEGMENT + MIB + 2 * PAGE, most = 0;
	time_t end = time(NULL) + 10;
	pthread_t threads[3];

	ASSERT_EQ(0, set_parameter("max_bytes", limit));
	atomic_store(&no_more, false);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, put_and_get_a_mebibyte, NULL));
	/* At most ten seconds: with few processors a read is slow. */
	for (int i = 0; i < 10000 && time(NULL) < end; i++) {
		long memory = figure("memory");

		most = memory > most ? memory : most;
	}
	atomic_store(&no_more, true);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
	EXPECT_GE(limit, most);
	EXPECT_LT(MIB, most);
	drain();
}

TEST_HARNESS_MAIN

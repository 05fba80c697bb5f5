// SPDX-License-Identifier: GPL-2.0
/*
 * The module's parameters: what they refuse, that they take effect at once,
 * and that lowering one loses nothing.
 */
#include <fcntl.h>

#include "msgbox.h"
#include "sysfs.h"

#define SEGMENT		(64 * KIB)
#define MAX_BYTES_MIN	(2 * SEGMENT)

FIXTURE(limits)
{
	long max_bytes;
	long max_message_bytes;
};

FIXTURE_SETUP(limits)
{
	begin_with_empty_box(_metadata);
	self->max_bytes = parameter("max_bytes");
	self->max_message_bytes = parameter("max_message_bytes");
	if (set_parameter("max_bytes", self->max_bytes))
		SKIP_TEST("only root can change the limits");
}

FIXTURE_TEARDOWN(limits)
{
	EXPECT_EQ(0, set_parameter("max_bytes", self->max_bytes));
	EXPECT_EQ(0, set_parameter("max_message_bytes", self->max_message_bytes));
	end_with_empty_box(_metadata);
}

/* 0, or the error as a negative number. */
static long write_parameter(const char *name, const char *text)
{
	char path[128];
	long ret;
	int fd;

	snprintf(path, sizeof(path), MODULE_FOLDER "/parameters/%s", name);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return -errno;
	ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

TEST_F(limits, defaults)
{
	EXPECT_EQ(4 * MIB, self->max_message_bytes);
	EXPECT_EQ(64 * MIB, self->max_bytes);
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
	}
	EXPECT_EQ(-EINVAL, set_parameter("max_bytes", MAX_BYTES_MIN - 1));
	EXPECT_EQ(-EINVAL, set_parameter("max_message_bytes", 1L + INT_MAX));
	/* What no such number can be at all, the kernel calls ERANGE. */
	EXPECT_EQ(-ERANGE, write_parameter("max_bytes", "99999999999999999999"));
	EXPECT_EQ(-ERANGE, write_parameter("max_message_bytes", "99999999999"));

	EXPECT_EQ(self->max_bytes, parameter("max_bytes"));
	EXPECT_EQ(self->max_message_bytes, parameter("max_message_bytes"));
}

TEST_F(limits, the_outermost_values_are_taken)
{
	EXPECT_EQ(0, set_parameter("max_bytes", MAX_BYTES_MIN));
	EXPECT_EQ(MAX_BYTES_MIN, parameter("max_bytes"));
	EXPECT_EQ(0, write_parameter("max_bytes", "0xffffffffffffffff\n"));
	EXPECT_EQ(0, set_parameter("max_message_bytes", 1));
	EXPECT_EQ(0, set_parameter("max_message_bytes", INT_MAX));
	EXPECT_EQ(INT_MAX, parameter("max_message_bytes"));
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
	/* What is in the box is not touched by it. */
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
	EXPECT_EQ(-EAGAIN, put((char *)PAGE, len));

	/*
	 * While more is held than allowed, not counting an unused segment,
	 * nothing goes in and all comes out.
	 */
	while (figure("memory") > MAX_BYTES_MIN + SEGMENT) {
		ASSERT_EQ(-EAGAIN, put(message, 0));
		ASSERT_EQ(len, get_expecting(message, len));
		ASSERT_LT(0, --left);
	}
	/* Then, with most of the others gone, it takes messages again. */
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

/* What was kept of a message before must not make an empty box a full one. */
TEST_F(limits, lowered_on_an_empty_box_puts_go_on)
{
	static const int lens[] = { 100, 40000, 0 };
	char *message = new_message(MIB, 1);

	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		ASSERT_EQ(0, set_parameter("max_bytes", self->max_bytes));
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

/* An unused segment must not stand in the way of the only message. */
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

TEST_HARNESS_MAIN

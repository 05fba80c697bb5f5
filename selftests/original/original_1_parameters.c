// SPDX-License-Identifier: GPL-2.0
/*
 * The first of the original system's five tests: both calls refuse invalid
 * arguments with EINVAL, and the box stays as it was.
 */
#include "msgbox.h"

static const int lengths[] = { 1, 0, -1, INT_MAX, INT_MIN };
static const int negative_lengths[] = { -1, -2, -4096, INT_MIN };

TEST_F(msgbox, put_of_null_is_refused_whatever_the_length)
{
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		EXPECT_EQ(-EINVAL, put(NULL, lengths[i])) {
			TH_LOG("len %d", lengths[i]);
		}
	}
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_F(msgbox, get_into_null_is_refused_whatever_the_length)
{
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		EXPECT_EQ(-EINVAL, get(NULL, lengths[i])) {
			TH_LOG("len %d", lengths[i]);
		}
	}
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_F(msgbox, put_of_a_negative_length_is_refused)
{
	char buf[16] = "good";

	for (size_t i = 0; i < ARRAY_SIZE(negative_lengths); i++) {
		EXPECT_EQ(-EINVAL, put(buf, negative_lengths[i])) {
			TH_LOG("len %d", negative_lengths[i]);
		}
	}
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_F(msgbox, get_of_a_negative_length_is_refused)
{
	char buf[16];

	poison(buf, sizeof(buf));
	for (size_t i = 0; i < ARRAY_SIZE(negative_lengths); i++) {
		EXPECT_EQ(-EINVAL, get(buf, negative_lengths[i])) {
			TH_LOG("len %d", negative_lengths[i]);
		}
	}
	ASSERT_TRUE(is_poison(buf, sizeof(buf)));
	ASSERT_EQ(-ENODATA, get_nothing());
}

/* Stricter than the original, which tried this on an empty box only. */
TEST_F(msgbox, refused_calls_leave_the_messages_alone)
{
	char buf[16];

	ASSERT_EQ(0, put("below", 6));
	ASSERT_EQ(0, put("top", 4));

	poison(buf, sizeof(buf));
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		EXPECT_EQ(-EINVAL, put(NULL, lengths[i]));
		EXPECT_EQ(-EINVAL, get(NULL, lengths[i]));
	}
	for (size_t i = 0; i < ARRAY_SIZE(negative_lengths); i++) {
		EXPECT_EQ(-EINVAL, put(buf, negative_lengths[i]));
		EXPECT_EQ(-EINVAL, get(buf, negative_lengths[i]));
	}
	ASSERT_TRUE(is_poison(buf, sizeof(buf)));

	ASSERT_EQ(4, get_expecting("top", 4));
	ASSERT_EQ(6, get_expecting("below", 6));
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_HARNESS_MAIN

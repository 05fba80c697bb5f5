// SPDX-License-Identifier: GPL-2.0
/*
 * The second of the original system's five tests: a message has the length
 * that put was given, whatever its bytes are, and a get never truncates it.
 */
#include "msgbox.h"

/* Zero bytes follow the text up to the end of the array. */
static const char text[64] = "the length is what the putter says";

#define TEXT_LEN ((int)strlen(text))

TEST_F(msgbox, text_with_its_terminator)
{
	ASSERT_EQ(0, put(text, TEXT_LEN + 1));
	ASSERT_EQ(TEXT_LEN + 1, get_expecting(text, TEXT_LEN + 1));
}

TEST_F(msgbox, shorter_than_the_text_keeps_only_that_part)
{
	ASSERT_EQ(0, put(text, 10));
	ASSERT_EQ(10, get_expecting("the length", 10));
}

TEST_F(msgbox, longer_than_the_text_keeps_the_zeroes_that_follow)
{
	ASSERT_EQ(0, put(text, sizeof(text)));
	ASSERT_EQ(sizeof(text), get_expecting(text, sizeof(text)));
}

TEST_F(msgbox, zero_bytes_within_are_bytes_like_any_other)
{
	ASSERT_EQ(0, put("a\0b\0\0c", 6));
	ASSERT_EQ(6, get_expecting("a\0b\0\0c", 6));
}

TEST_F(msgbox, negative_length_puts_nothing)
{
	ASSERT_EQ(-EINVAL, put(text, -1));
	ASSERT_EQ(-EINVAL, put(text, -TEXT_LEN));
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_F(msgbox, buffer_too_short_leaves_the_message_whole)
{
	char buf[sizeof(text)];

	ASSERT_EQ(0, put("below", 6));
	ASSERT_EQ(0, put(text, TEXT_LEN));

	for (int len = 0; len < TEXT_LEN; len++) {
		poison(buf, sizeof(buf));
		EXPECT_EQ(-EMSGSIZE, get(buf, len)) {
			TH_LOG("len %d", len);
		}
		EXPECT_TRUE(is_poison(buf, sizeof(buf))) {
			TH_LOG("the failed get wrote to the buffer, len %d", len);
		}
	}

	ASSERT_EQ(TEXT_LEN, get_expecting(text, TEXT_LEN));
	ASSERT_EQ(6, get_expecting("below", 6));
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_F(msgbox, buffer_of_exactly_the_length_is_enough)
{
	char buf[sizeof(text)];

	ASSERT_EQ(0, put(text, TEXT_LEN));
	poison(buf, sizeof(buf));
	ASSERT_EQ(TEXT_LEN, get(buf, TEXT_LEN));
	ASSERT_EQ(0, memcmp(text, buf, TEXT_LEN));
	ASSERT_TRUE(is_poison(buf + TEXT_LEN, sizeof(buf) - TEXT_LEN));
}

TEST_F(msgbox, every_length_up_to_some_pages)
{
	char *message = new_message(12 * KIB, 2);

	for (int len = 0; len < 12 * KIB; len++) {
		/* Every length near a boundary where a store may behave differently. */
		if (len > 200 && len % 512 > 20 && len % 512 < 470 && len % 61)
			continue;
		ASSERT_EQ(0, put(message, len));
		ASSERT_EQ(len, get_expecting(message, len));
		ASSERT_EQ(-ENODATA, get_nothing());
	}
	free(message);
}

TEST_HARNESS_MAIN

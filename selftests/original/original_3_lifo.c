// SPDX-License-Identifier: GPL-2.0
/*
 * The third of the original system's five tests: last in, first out.
 */
#include "msgbox.h"

static const char * const words[] = {
	"nuggets", "violent", "universal", "ending", "before", "zebras", "for",
	"daylight", "consuming", "inevitably", "are", "mechanics", "quantum",
	"perhaps", "you", "see", "to", "good", "world", "hello",
};

static const char * const sentence[] = {
	"hello", "world", "good", "to", "see", "you", "perhaps", "quantum",
	"mechanics", "are", "inevitably", "consuming", "daylight", "for",
	"zebras", "before", "ending", "universal", "violent", "nuggets",
};

TEST_F(msgbox, words_come_back_as_the_sentence_in_reverse)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		ASSERT_EQ(0, put(words[i], strlen(words[i]) + 1)) {
			TH_LOG("%s", words[i]);
		}
	}

	for (size_t i = 0; i < ARRAY_SIZE(sentence); i++) {
		int len = strlen(sentence[i]) + 1;

		ASSERT_EQ(len, get_expecting(sentence[i], len)) {
			TH_LOG("%s", sentence[i]);
		}
	}
	ASSERT_EQ(-ENODATA, get_nothing());
}

/* Stricter: the order also holds when puts and gets alternate. */
TEST_F(msgbox, order_holds_while_the_box_swings)
{
	int depth = 0, top;

	for (int round = 0; round < 1000; round++) {
		for (int i = 0; i < 1 + round % 7; i++, depth++) {
			ASSERT_EQ(0, put(&depth, sizeof(depth))) {
				TH_LOG("depth %d", depth);
			}
		}
		for (int i = 0; i < 1 + round % 5 && depth; i++) {
			top = --depth;
			ASSERT_EQ(sizeof(top), get_expecting(&top, sizeof(top)));
		}
	}
	while (depth) {
		top = --depth;
		ASSERT_EQ(sizeof(top), get_expecting(&top, sizeof(top)));
	}
	ASSERT_EQ(-ENODATA, get_nothing());
}

/* Also between small and large messages, which a store may keep in two places. */
TEST_F(msgbox, order_holds_between_small_and_large)
{
	static const int sizes[] = {
		1, 100 * KIB, 0, 3000, 4 * KIB, 2, MIB, 8, 5000, 0, 0, 64 * KIB, 64,
	};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		char *message = new_message(sizes[i], i);

		ASSERT_EQ(0, put(message, sizes[i]));
		free(message);
	}
	for (size_t i = ARRAY_SIZE(sizes); i-- > 0;) {
		char *message = new_message(sizes[i], i);

		ASSERT_EQ(sizes[i], get_expecting(message, sizes[i]));
		free(message);
	}
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_HARNESS_MAIN

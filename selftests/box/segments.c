// SPDX-License-Identifier: GPL-2.0
/*
 * Messages at every place around the end of a segment: inside it, at its end,
 * across two segments, at the start of the next one. Large messages as well: the
 * msgstack has a record for each of them.
 */
#include "msgbox.h"
#include "segment.h"

/* A message of up to 8 KiB is small. */
static const int lengths[] = {
	0, 1, 3, 4, 5, 8, 9, 40, 8 * KIB, 8 * KIB + 1, 20 * KIB,
};

#define LENGTHS		ARRAY_SIZE(lengths)

FIXTURE(border)
{
	char *message[LENGTHS];
};

FIXTURE_SETUP(border)
{
	begin_with_empty_box(_metadata);
	for (size_t i = 0; i < LENGTHS; i++)
		self->message[i] = new_message(lengths[i], i);
}

FIXTURE_TEARDOWN(border)
{
	for (size_t i = 0; i < LENGTHS; i++)
		free(self->message[i]);
	end_with_empty_box(_metadata);
}

/* Two messages, one on top of the other. */
TEST_F(border, two_messages_of_any_length)
{
	for (int room = 0; room <= 64; room += 4) {
		ASSERT_EQ(0, put_fillers(room));
		for (size_t i = 0; i < LENGTHS * LENGTHS; i++) {
			size_t lower = i / LENGTHS, upper = i % LENGTHS;

			ASSERT_EQ(0, put(self->message[lower], lengths[lower]));
			ASSERT_EQ(0, put(self->message[upper], lengths[upper]));
			ASSERT_EQ(lengths[upper],
				  get_expecting(self->message[upper], lengths[upper])) {
				TH_LOG("room %d, above %d bytes", room, lengths[lower]);
			}
			ASSERT_EQ(lengths[lower],
				  get_expecting(self->message[lower], lengths[lower])) {
				TH_LOG("room %d, below %d bytes", room, lengths[upper]);
			}
		}
		ASSERT_EQ(0, get_fillers(room));
		ASSERT_EQ(-ENODATA, get_nothing());
	}
}

TEST_HARNESS_MAIN

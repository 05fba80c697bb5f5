/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the box's segments end. One has 64 KiB and a header of 16 bytes; a message
 * takes its bytes, padded to 4, and a tag of 4. So 12 messages of 5456 bytes fill one
 * to its last byte.
 */
#ifndef SELFTESTS_SEGMENT_H
#define SELFTESTS_SEGMENT_H

#include "calls.h"

#define SEGMENT		(64 * KIB)
#define FILLER		5456
#define FILLERS		12

/* The largest spare segment that the box keeps. */
#define SPARE_MAX	(MIB + PAGE)
/* The most that an empty box holds: its first segment and a spare segment. */
#define EMPTY_MAX	(SEGMENT + SPARE_MAX)

/* The lowest is shorter. */
static inline int filler_len(int number, int room)
{
	return number ? FILLER : FILLER - room;
}

/*
 * Fills the segment of an empty box, but for so many bytes, a multiple of 4. Returns
 * 0, or the error.
 */
static inline long put_fillers(int room)
{
	static const char bytes[FILLER];
	long ret = 0;

	for (int i = 0; i < FILLERS && !ret; i++)
		ret = put(bytes, filler_len(i, room));
	return ret;
}

/* Takes them again. Returns 0, or the first reply that is not right. */
static inline long get_fillers(int room)
{
	static const char bytes[FILLER];
	long ret;

	for (int i = FILLERS; i-- > 0;) {
		int len = filler_len(i, room);

		ret = get_expecting(bytes, len);
		if (ret != len)
			return ret;
	}
	return 0;
}

#endif

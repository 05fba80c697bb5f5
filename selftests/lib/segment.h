/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fills a segment of the box exactly. A segment has 64 KiB with a header of 16 bytes. A
 * small message takes its bytes, padded to a multiple of 4, and a tag of 4 bytes. So 12
 * messages of 5456 bytes fill a segment to its last byte.
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

/* The lowest message is shorter by the room that is left. */
static inline int filler_len(int number, int room)
{
	return number ? FILLER : FILLER - room;
}

/*
 * Fills the segment of an empty box up to the last room bytes, a multiple of 4. Returns
 * 0, or the error as a negative number.
 */
static inline long put_fillers(int room)
{
	static const char bytes[FILLER];
	long ret = 0;

	for (int i = 0; i < FILLERS && !ret; i++)
		ret = put(bytes, filler_len(i, room));
	return ret;
}

/* Takes these messages out. Returns 0, or the first wrong result of get_expecting(). */
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

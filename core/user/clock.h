/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A time until which a call may wait. A call that waits in several steps computes it once,
 * and each step waits for what is left.
 */
#ifndef MSGBOX_CLOCK_H
#define MSGBOX_CLOCK_H

#include <limits.h>
#include <stdint.h>
#include <time.h>

#include <msgbox.h>

/* Nanoseconds of CLOCK_MONOTONIC; INT64_MAX is never. */
typedef int64_t deadline_t;

static inline int64_t clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static inline deadline_t deadline_in(int timeout_ms)
{
	if (timeout_ms == MSGBOX_FOREVER)
		return INT64_MAX;
	return clock_now() + timeout_ms * INT64_C(1000000);
}

/*
 * What is left, in milliseconds, for poll(2) and msgbox_wait(). Rounded up, because a wait
 * must not end too early; 0 if the time is over.
 */
static inline int deadline_left(deadline_t deadline)
{
	int64_t left;

	if (deadline == INT64_MAX)
		return MSGBOX_FOREVER;
	left = deadline - clock_now();
	if (left <= 0)
		return 0;
	left = (left + 999999) / 1000000;
	return left > INT_MAX ? INT_MAX : (int)left;
}

#endif

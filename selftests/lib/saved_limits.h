/* SPDX-License-Identifier: GPL-2.0 */
/* The limits as a test found them, to be restored when it ends. */
#ifndef SELFTESTS_SAVED_LIMITS_H
#define SELFTESTS_SAVED_LIMITS_H

#include "calls.h"

struct limits {
	long max_bytes;
	long max_message_bytes;
	long max_pending_bytes;
};

/* Returns whether this process may change the limits. */
static inline bool save_limits(struct limits *limits)
{
	limits->max_bytes = parameter("max_bytes");
	limits->max_message_bytes = parameter("max_message_bytes");
	limits->max_pending_bytes = parameter("max_pending_bytes");
	return !set_parameter("max_bytes", limits->max_bytes);
}

/* Returns 0, or the first error as a negative number. It restores what it can. */
static inline long restore_limits(const struct limits *limits)
{
	long err = set_parameter("max_bytes", limits->max_bytes);
	long other = set_parameter("max_message_bytes", limits->max_message_bytes);
	long third = set_parameter("max_pending_bytes", limits->max_pending_bytes);

	return err ?: other ?: third;
}

#endif

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DM510_FAILURES_H
#define _DM510_FAILURES_H

#include <linux/atomic.h>

struct msgbox;

enum msgbox_call { MSGBOX_PUT, MSGBOX_GET };

#define COUNTED_ERRORS	7

/**
 * struct failures - how often the calls on a box have failed
 * @count: for each call, one after the other, and each error that is counted
 */
struct failures {
	atomic_long_t count[(MSGBOX_GET + 1) * COUNTED_ERRORS];
};

void failure_inc(struct msgbox *box, enum msgbox_call call, int err);
unsigned long failure_count(struct msgbox *box, enum msgbox_call call, int err);

#endif /* _DM510_FAILURES_H */

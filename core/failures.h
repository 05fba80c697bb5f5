/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DM510_FAILURES_H
#define _DM510_FAILURES_H

enum msgbox_call { MSGBOX_PUT, MSGBOX_GET };

void failure_inc(enum msgbox_call call, int err);
unsigned long failure_sum(enum msgbox_call call, int err);

#endif /* _DM510_FAILURES_H */

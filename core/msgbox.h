/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DM510_MSGBOX_H
#define _DM510_MSGBOX_H

#include <linux/types.h>

struct msgbox;

/**
 * struct msgbox_limits - what a box accepts
 * @max_message_bytes: the largest message, in bytes
 * @max_bytes: how much kernel memory the messages may hold, in bytes
 *
 * May change at any time; a put reads each of them once. Lowering @max_bytes
 * below what is held loses nothing: puts fail until the box has drained.
 */
struct msgbox_limits {
	unsigned int max_message_bytes;
	unsigned long max_bytes;
};

struct msgbox *msgbox_create(const struct msgbox_limits *limits);
void msgbox_destroy(struct msgbox *box);

int msgbox_put(struct msgbox *box, const char __user *buf, size_t len);
long msgbox_get(struct msgbox *box, char __user *buf, size_t len);

#endif /* _DM510_MSGBOX_H */

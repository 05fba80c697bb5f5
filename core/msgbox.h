/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DM510_MSGBOX_H
#define _DM510_MSGBOX_H

#include <linux/types.h>

struct msgbox;

/**
 * struct msgbox_limits - what a box accepts
 * @max_message_bytes: the largest message, in bytes
 * @max_bytes: how much kernel memory the box may hold, in bytes: all that
 *             struct msgbox_stats counts as @memory. What a put in progress has
 *             taken and not yet put does not count.
 * @max_pending_bytes: how much kernel memory puts in progress may hold together,
 *             in bytes. A put may take a quarter of what is left to its user; the
 *             puts of one user can hold half of it.
 *
 * May change at any time. Lowering @max_bytes below what is held loses
 * nothing: puts fail until the box has drained.
 */
struct msgbox_limits {
	unsigned int max_message_bytes;
	unsigned long max_bytes;
	unsigned long max_pending_bytes;
};

/**
 * struct msgbox_stats - what is in a box, and what has been
 * @puts: how many messages have been put
 * @gets: how many have been taken; the others are in the box
 * @bytes: length of the messages in the box, in bytes
 * @memory: kernel memory that the box holds, in bytes
 * @pending: kernel memory that puts in progress hold, in bytes
 */
struct msgbox_stats {
	u64 puts;
	u64 gets;
	size_t bytes;
	size_t memory;
	size_t pending;
};

struct msgbox *msgbox_create(const struct msgbox_limits *limits);
void msgbox_destroy(struct msgbox *box);

long msgbox_put(struct msgbox *box, const char __user *buf, size_t len);
long msgbox_get(struct msgbox *box, char __user *buf, size_t len);

void msgbox_read_stats(struct msgbox *box, struct msgbox_stats *stats);

#endif /* _DM510_MSGBOX_H */

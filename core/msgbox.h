/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DM510_MSGBOX_H
#define _DM510_MSGBOX_H

#include <linux/types.h>

struct file;
struct msgbox;
struct poll_table_struct;

/**
 * struct msgbox_limits - what each box accepts
 * @max_message_bytes: length of the largest message, in bytes
 * @max_bytes: kernel memory that the box may hold, in bytes. It limits
 *             &struct msgbox_stats.memory, which does not include pending memory.
 * @max_pending_bytes: kernel memory that all puts in progress may hold together, in
 *             bytes. A put may take a quarter of what is left to its user, and the puts
 *             of one user half of the limit.
 *
 * The limits can change at any time. If @max_bytes becomes lower than what the box
 * holds, no message is lost, but puts fail until enough messages have been taken.
 */
struct msgbox_limits {
	unsigned int max_message_bytes;
	unsigned long max_bytes;
	unsigned long max_pending_bytes;
};

/**
 * struct msgbox_stats - the figures of a box
 * @puts: how many messages have been put
 * @gets: how many messages have been taken; the other ones are in the box
 * @bytes: length of the messages in the box, in bytes
 * @memory: kernel memory that the box holds, in bytes
 * @pending: kernel memory that puts in progress hold, in bytes
 * @waiting: how many readers are asleep
 */
struct msgbox_stats {
	u64 puts;
	u64 gets;
	size_t bytes;
	size_t memory;
	size_t pending;
	unsigned int waiting;
};

extern struct msgbox_limits msgbox_limits;

struct msgbox *msgbox_create(void);
void msgbox_destroy(struct msgbox *box);

long msgbox_put(struct msgbox *box, const char __user *buf, size_t len);
long msgbox_get(struct msgbox *box, char __user *buf, size_t len);

long msgbox_put_waiting(struct msgbox *box, const char __user *buf, size_t len);
long msgbox_get_waiting(struct msgbox *box, char __user *buf, size_t len);
bool msgbox_could_hold(size_t len);
__poll_t msgbox_poll(struct msgbox *box, struct file *file, struct poll_table_struct *table);

void msgbox_read_stats(struct msgbox *box, struct msgbox_stats *stats);
u64 msgbox_count(struct msgbox *box);

#endif /* _DM510_MSGBOX_H */

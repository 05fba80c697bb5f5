/* SPDX-License-Identifier: GPL-2.0 */
/* The box as those files see it that work with its insides. Others include msgbox.h. */
#ifndef _DM510_INTERNAL_H
#define _DM510_INTERNAL_H

#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/llist.h>
#include <linux/lockdep.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/wait.h>

#include "failures.h"
#include "msgbox.h"
#include "msgstack.h"
#include "pending.h"
#include "segment.h"

/* The longest small message, in bytes. Longer messages are large. */
#define SMALL_MAX SZ_8K

/**
 * struct msgbox - the box
 * @lock: protects all that follows up to @pending; never held while a page of the caller
 *        is faulted in or kernel memory is allocated
 * @stack: the messages
 * @spare: an unused segment, or NULL
 * @memory: kernel memory of the msgstack, of the large messages (also while they are
 *          delivered) and of the spare segment, in bytes
 * @puts: how many messages have been put
 * @gets: how many messages have been taken
 * @bytes: length of the messages in the box, in bytes
 * @readers: those who wait for a message, and pollers (wait.c); has a lock of its own
 * @writers: those who wait for room, and pollers
 * @writers_of_user: how many writers of each user wait, by the hash of the user id
 * @pending: kernel memory that puts in progress have reserved
 * @waiting: how many readers are asleep
 * @failures: how many calls have failed
 * @ns: the IPC namespace, or NULL once it has ended (boxes.c)
 * @node: the box's place among all boxes
 * @ended: links the boxes whose namespace has ended
 * @rcu: delays the end of this structure until nobody passes it when looking for a box
 */
struct msgbox {
	spinlock_t lock ____cacheline_aligned_in_smp; /* protects what follows */
	struct msgstack stack;
	struct segment *spare;
	size_t memory;
	u64 puts;
	u64 gets;
	size_t bytes;
	wait_queue_head_t readers;
	wait_queue_head_t writers;
	unsigned short writers_of_user[1 << USER_HASH_BITS];
	struct pending pending;

	atomic_t waiting;
	struct failures failures;

	struct ipc_namespace *ns;
	struct hlist_node node;
	struct llist_node ended;
	struct rcu_head rcu;
};

/**
 * enum attempt - how one attempt to put or get ended
 * @ATTEMPT_DONE: the message is in the box (put), or out of it (get)
 * @ATTEMPT_NEEDS_SEGMENT: put: the msgstack needs another segment
 * @ATTEMPT_NEEDS_SPARE_FREED: put: the box is full, but has a spare segment to free
 * @ATTEMPT_NEEDS_ROOM: put: the box is full, or too much memory is pending
 * @ATTEMPT_NEEDS_MESSAGE: get: the box is empty
 * @ATTEMPT_NEEDS_LONGER_BUFFER: get: the message on top does not fit
 * @ATTEMPT_NEEDS_USER_MEMORY: a page of the caller is missing, or not pinned where it
 *                             has to be
 *
 * Each value but the first names what the next attempt needs. If the call cannot
 * provide it, the call fails.
 */
enum attempt {
	ATTEMPT_DONE,
	ATTEMPT_NEEDS_SEGMENT,
	ATTEMPT_NEEDS_SPARE_FREED,
	ATTEMPT_NEEDS_ROOM,
	ATTEMPT_NEEDS_MESSAGE,
	ATTEMPT_NEEDS_LONGER_BUFFER,
	ATTEMPT_NEEDS_USER_MEMORY,
};

static inline bool is_large(size_t len)
{
	return unlikely(len > SMALL_MAX);
}

/*
 * The record of a small message is its bytes, that of a large one a pointer to the
 * message's segment. The tag of either is the length of the message.
 */
static inline size_t record_len(size_t len)
{
	return is_large(len) ? sizeof(struct segment *) : len;
}

struct segment *msgbox_top_segment(struct msgbox *box);
long msgbox_put_again(struct msgbox *box, const char __user *buf, size_t len, bool *copied);

void msgbox_unlock_and_wake(struct msgbox *box, bool message_came, bool room_came)
	__releases(&box->lock);
void msgbox_wake_next_reader(struct msgbox *box);
void msgbox_wake_next_writer(struct msgbox *box);

/*
 * waitqueue_active() with an instruction less. The caller holds the box's lock, so a waiter
 * that has to be seen is seen: pairs with W4 and R4 in wait.c.
 */
static __always_inline bool has_waiters(const wait_queue_head_t *queue)
{
	/* Entries that come or go now need not be seen. */
	return data_race(queue->head.next != &queue->head);
}

static __always_inline void msgbox_unlock_after_put(struct msgbox *box)
	__releases(&box->lock)
{
	if (unlikely(has_waiters(&box->readers)))			/* W1 */
		msgbox_unlock_and_wake(box, true, false);
	else
		spin_unlock(&box->lock);
}

static __always_inline void msgbox_unlock_after_get(struct msgbox *box)
	__releases(&box->lock)
{
	if (unlikely(has_waiters(&box->writers)))			/* R1 */
		msgbox_unlock_and_wake(box, false, true);
	else
		spin_unlock(&box->lock);
}

/*
 * Called before each retry: lets other tasks run.
 * Return: 0, or -EFAULT if a fatal signal is pending, which ends the call.
 */
static inline int msgbox_before_retry(void)
{
	cond_resched();
	return fatal_signal_pending(current) ? -EFAULT : 0;
}

#endif /* _DM510_INTERNAL_H */

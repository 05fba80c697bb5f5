/* SPDX-License-Identifier: GPL-2.0 */
/* What msgbox.c, put.c and get.c share, and no other file uses. */
#ifndef _DM510_INTERNAL_H
#define _DM510_INTERNAL_H

#include <linux/errno.h>
#include <linux/lockdep.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "msgbox.h"
#include "msgstack.h"
#include "pending.h"
#include "segment.h"

/* The longest small message, in bytes. Longer messages are large. */
#define SMALL_MAX SZ_8K

/**
 * struct msgbox - the box
 * @limits: what the box accepts; owned by the creator of the box
 * @lock: protects all that follows; never held while a page of the caller is faulted
 *        in or kernel memory is allocated
 * @stack: the messages
 * @spare: an unused segment, or NULL
 * @memory: kernel memory of the msgstack, of the large messages (also while they are
 *          delivered) and of the spare segment, in bytes
 * @puts: how many messages have been put
 * @gets: how many messages have been taken
 * @bytes: length of the messages in the box, in bytes
 * @pending: kernel memory that puts in progress have reserved
 */
struct msgbox {
	const struct msgbox_limits *limits;
	spinlock_t lock ____cacheline_aligned_in_smp; /* protects what follows */
	struct msgstack stack;
	struct segment *spare;
	size_t memory;
	u64 puts;
	u64 gets;
	size_t bytes;
	struct pending pending;
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

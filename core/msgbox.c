// SPDX-License-Identifier: GPL-2.0
/*
 * The box: creation, destruction and figures. put.c and get.c hold the two operations,
 * wait.c the ones that wait. README.md explains how they work together.
 */
#include <linux/sched.h>
#include <linux/slab.h>

#include "internal.h"

/**
 * msgbox_create() - create an empty box
 *
 * The memory is charged to the caller's memory cgroup.
 *
 * Context: Process context. May sleep.
 *
 * Return: the box, or NULL if there is no memory.
 */
struct msgbox *msgbox_create(void)
{
	struct segment *lowest = segment_alloc(SEGMENT_SIZE);
	struct msgbox *box;

	if (!lowest)
		return NULL;
	/* Without the OOM killer, as for segments. */
	box = kzalloc(sizeof(*box), GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	if (!box) {
		segment_free(lowest);
		return NULL;
	}
	spin_lock_init(&box->lock);
	msgstack_init(&box->stack, lowest);
	box->memory = lowest->size;
	init_waitqueue_head(&box->readers);
	init_waitqueue_head(&box->writers);
	return box;
}

static void read_record(struct record_bytes from, void *to, size_t len)
{
	memcpy(to, from.first, from.first_len);
	if (from.first_len < len)
		memcpy(to + from.first_len, from.rest, len - from.first_len);
}

/**
 * msgbox_top_segment() - find the segment of the large message on top
 * @box: the box; its topmost message is large
 *
 * Context: The box's lock held, or no call uses the box any more.
 *
 * Return: the segment.
 */
struct segment *msgbox_top_segment(struct msgbox *box)
{
	struct segment *segment;

	read_record(msgstack_top(&box->stack, sizeof(segment)), &segment,
		    sizeof(segment));
	return segment;
}

/**
 * msgbox_destroy() - free a box and the messages in it
 * @box: the box; no call may use it any more
 *
 * Context: Process context. May sleep.
 */
void msgbox_destroy(struct msgbox *box)
{
	struct msgstack *stack = &box->stack;

	while (!msgstack_empty(stack)) {
		size_t len = msgstack_top_tag(stack);

		if (is_large(len))
			segment_free(msgbox_top_segment(box));
		segment_free(msgstack_pop(stack, record_len(len)));
		cond_resched();
	}
	segment_free(stack->segment);
	segment_free(box->spare);
	kfree_rcu(box, rcu);	/* pairs with N1 in boxes.c */
}

/**
 * msgbox_count() - count the messages in a box
 * @box: the box, or NULL
 *
 * Context: Process context. May sleep on PREEMPT_RT.
 *
 * Return: the number of messages; 0 without a box.
 */
u64 msgbox_count(struct msgbox *box)
{
	struct msgbox_stats stats;

	if (!box)
		return 0;
	msgbox_read_stats(box, &stats);
	return stats.puts - stats.gets;
}

/**
 * msgbox_read_stats() - read the figures of a box
 * @box: the box
 * @stats: filled in; all figures but @stats->waiting are of the same instant
 *
 * Context: Process context. May sleep on PREEMPT_RT.
 */
void msgbox_read_stats(struct msgbox *box, struct msgbox_stats *stats)
{
	spin_lock(&box->lock);
	stats->puts = box->puts;
	stats->gets = box->gets;
	stats->bytes = box->bytes;
	stats->memory = box->memory;
	stats->pending = box->pending.total;
	spin_unlock(&box->lock);
	stats->waiting = atomic_read(&box->waiting);
}

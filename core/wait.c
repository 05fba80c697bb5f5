// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for a message, and for room.
 *
 * A waiter puts itself on a wait queue of the box and then asks, under the box's lock,
 * whether it has to wait. A put or get looks at the queue under the same lock, after it
 * has changed the box. So either the waiter sees the change, or the queue is seen not to
 * be empty: no wake-up is lost, and a call that finds the queues empty pays no barrier.
 * W3 and W4 pair with W1 (selftests/litmus/wait_message.litmus), R3 and R4 with R1
 * (selftests/litmus/wait_room.litmus).
 *
 * One message wakes one reader. That reader is off the queue then, and the message is
 * still in the box. If the reader does not take it, because it is killed, its buffer is
 * too short, or its page is missing, it wakes the next one. To be sure, each reader that
 * has waited asks when it is done whether another one has to be woken: W6 and W7 pair with
 * W2 (selftests/litmus/hand_on.litmus). The same holds for writers and room. Writers need
 * different amounts of room: the first one is woken for which there is enough.
 *
 * The lock of the writers' queue is held, with interrupts off, around the box's lock. So no
 * interrupt may wake or leave that queue. Asynchronous poll (aio) would, but the kernel
 * refuses it for files with two queues.
 *
 * W1 to W9 (messages) and R1 to R9 (room) mark the steps that have the same names in
 * selftests/models/wait.pml, where every interleaving of them is searched.
 */
#include <linux/errno.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/wait.h>

#include "internal.h"
#include "room.h"

/* How many writers of one user may wait for one box. */
#define MAX_WRITERS_OF_USER	512

/* Not inlined, as selftests/hook/races.sh delays tasks that leave it. */
static noinline bool has_message(struct msgbox *box)
{
	bool found;

	spin_lock(&box->lock);
	found = !msgstack_empty(&box->stack);
	spin_unlock(&box->lock);
	return found;
}

/**
 * struct room_waiter - a put that waits for room
 * @entry: its entry in the queue of the box
 * @box: the box
 * @len: length of its message, in bytes
 * @copied: whether the put needs memory for a copy of the message, as it last did
 * @of_user: what its user's puts have reserved
 */
struct room_waiter {
	struct wait_queue_entry entry;
	struct msgbox *box;
	size_t len;
	bool copied;
	const size_t *of_user;
};

/**
 * msgbox_could_hold() - could a message be put if the box were empty?
 * @len: its length in bytes
 *
 * Context: Any. The limits can change at any time.
 *
 * Return: whether it could, if no other put were in progress.
 */
bool msgbox_could_hold(size_t len)
{
	size_t size = copy_size(len);

	return len <= READ_ONCE(msgbox_limits.max_message_bytes) &&
	       size <= READ_ONCE(msgbox_limits.max_pending_bytes) / 4 &&
	       (!is_large(len) || size <= READ_ONCE(msgbox_limits.max_bytes) - SEGMENT_SIZE);
}

/*
 * May a put reserve what it allocates: @copy bytes, if the message is copied, and meanwhile
 * a segment for the msgstack, if it needs one? As msgbox_alloc_copy() and
 * msgbox_alloc_fresh() do it; @spare is the spare segment.
 */
static bool may_reserve(struct msgbox *box, struct segment *spare, size_t len, size_t copy,
			size_t of_user)
{
	size_t max = READ_ONCE(msgbox_limits.max_pending_bytes);
	size_t taken = box->pending.total + of_user;
	struct segment *as_copy = spare_for_copy(spare, copy);

	if (as_copy && pending_allows(taken, as_copy->size, max)) {
		copy = as_copy->size;
		spare = NULL;
	} else if (copy && !pending_allows(taken, copy, max)) {
		return false;
	}
	return msgstack_has_room(&box->stack, record_len(len)) || spare_for_stack(spare) ||
	       pending_allows(taken + 2 * copy, SEGMENT_SIZE, max);
}

/* Would a put that copies the message into @copy bytes, or does not (0), find room now? */
static bool fits(struct msgbox *box, size_t len, size_t copy, size_t of_user)
{
	struct segment *spare = box->spare;
	size_t held = box->memory;

	if (spare && !within_limit(held, memory_needed(box, spare, len, copy))) {
		held -= spare->size;	/* the put frees it */
		spare = NULL;
	}
	return within_limit(held, memory_needed(box, spare, len, copy)) &&
	       may_reserve(box, spare, len, copy, of_user);
}

/*
 * Is there room for a message now? True exactly if a put would find it: a writer must not
 * wait for what it has, nor be woken for what is not enough.
 */
static bool has_room_locked(struct msgbox *box, size_t len, bool copied, size_t of_user)
{
	/* A small message is copied only after an attempt without a copy. */
	return (is_large(len) || fits(box, len, 0, of_user)) &&
	       (!copied || fits(box, len, copy_size(len), of_user));
}

/*
 * Would a put end now? It does if there is room, or if there can never be room. Not
 * inlined, as has_message().
 */
static noinline bool put_would_end(const struct room_waiter *waiter)
{
	struct msgbox *box = waiter->box;
	bool room;

	spin_lock(&box->lock);
	room = has_room_locked(box, waiter->len, waiter->copied, *waiter->of_user);
	spin_unlock(&box->lock);
	return room || !msgbox_could_hold(waiter->len);
}

/* Is there room for any small message, even if a page of it is missing? */
static bool has_room_for_small_locked(struct msgbox *box)
{
	size_t of_user = *pending_of_current_user(&box->pending);

	return has_room_locked(box, SMALL_MAX, true, of_user);
}

/**
 * msgbox_poll() - find out what can be done without waiting
 * @box: the box
 * @file: a file of the device
 * @table: as for every poll function
 *
 * Context: Process context. May sleep.
 *
 * Return: EPOLLIN if the box is not empty, EPOLLOUT if it has room for any
 * message of up to SMALL_MAX bytes.
 */
__poll_t msgbox_poll(struct msgbox *box, struct file *file, poll_table *table)
{
	__poll_t events = 0;

	poll_wait(file, &box->readers, table);				/* W9 */
	poll_wait(file, &box->writers, table);
	spin_lock(&box->lock);						/* R9 */
	if (!msgstack_empty(&box->stack))
		events |= EPOLLIN | EPOLLRDNORM;
	if (has_room_for_small_locked(box))
		events |= EPOLLOUT | EPOLLWRNORM;
	spin_unlock(&box->lock);
	return events;
}

/*
 * Wake pollers, and the first sleeper. No number is given, as a poller with EPOLLEXCLUSIVE
 * would count. The first sleeper's function ends the walk instead: such pollers behind it
 * are not woken, those before it and all others are.
 */
static void wake_reader(struct msgbox *box)
{
	__wake_up(&box->readers, TASK_INTERRUPTIBLE, 0, poll_to_key(EPOLLIN | EPOLLRDNORM));
}

static void wake_writer(struct msgbox *box)
{
	__wake_up(&box->writers, TASK_INTERRUPTIBLE, 0, poll_to_key(EPOLLOUT | EPOLLWRNORM));
}

/* The function of a sleeper's entry. A negative value ends the walk through the queue. */
static int wake_sleeper(struct wait_queue_entry *entry, unsigned int mode, int flags,
			void *key)
{
	return autoremove_wake_function(entry, mode, flags, key) ? -1 : 0;
}

/**
 * msgbox_unlock_and_wake() - end a critical section that has changed the box
 * @box: the box
 * @message_came: whether a message has come
 * @room_came: whether there is more room
 *
 * Called if somebody waits. A change that makes room and a message that comes wake one
 * waiter each, and pollers: see wake_reader().
 *
 * Context: The box's lock held. Process context.
 */
noinline void msgbox_unlock_and_wake(struct msgbox *box, bool message_came, bool room_came)
	__releases(&box->lock)
{
	bool readers = message_came && has_waiters(&box->readers);	/* W1 */
	bool writers = room_came && has_waiters(&box->writers);		/* R1 */

	spin_unlock(&box->lock);
	if (readers)
		wake_reader(box);					/* W2 */
	if (writers)
		wake_writer(box);					/* R2 */
}

/**
 * msgbox_wake_next_reader() - wake a reader if there is a message
 * @box: the box
 *
 * Called by a get that may have been woken for a message which it does not take, or not
 * yet.
 *
 * Context: Process context, no lock held.
 */
void msgbox_wake_next_reader(struct msgbox *box)
{
	bool wake;

	spin_lock(&box->lock);
	wake = !msgstack_empty(&box->stack) && has_waiters(&box->readers);	/* W7 */
	spin_unlock(&box->lock);
	if (wake)
		wake_reader(box);					/* W8 */
}

/**
 * msgbox_wake_next_writer() - wake a writer for which there is room
 * @box: the box
 *
 * As msgbox_wake_next_reader().
 *
 * Context: Process context, no lock held.
 */
void msgbox_wake_next_writer(struct msgbox *box)
{
	bool wake;

	spin_lock(&box->lock);
	wake = has_waiters(&box->writers);				/* R7 */
	spin_unlock(&box->lock);
	if (wake)
		wake_writer(box);					/* R8 */
}

/* Sleeps once, as wait_for_room(). */
static int wait_for_message(struct msgbox *box)
{
	struct wait_queue_entry entry;
	int err;

	init_wait_entry(&entry, WQ_FLAG_EXCLUSIVE);
	entry.func = wake_sleeper;
	atomic_inc(&box->waiting);
	err = prepare_to_wait_event(&box->readers, &entry, TASK_INTERRUPTIBLE);	/* W3 */
	if (!err && !has_message(box))				/* W4 */
		schedule();					/* W5 */
	finish_wait(&box->readers, &entry);			/* W6 */
	atomic_dec(&box->waiting);
	return !err && fatal_signal_pending(current) ? -ERESTARTSYS : err;
}

/**
 * msgbox_get_waiting() - take the message on top of the box, and wait until there is one
 * @box: the box
 * @buf: where the message goes, in the caller's memory
 * @len: how long the buffer is, in bytes
 *
 * Context: Process context, no lock held. Sleeps.
 *
 * Return: as msgbox_get(), but never -ENODATA; -ERESTARTSYS if a signal came first.
 */
long msgbox_get_waiting(struct msgbox *box, char __user *buf, size_t len)
{
	long ret = msgbox_get(box, buf, len);

	while (ret == -ENODATA) {
		ret = wait_for_message(box);
		if (!ret)
			ret = msgbox_get(box, buf, len);
		msgbox_wake_next_reader(box);
	}
	return ret;
}

static int wake_if_room(struct wait_queue_entry *entry, unsigned int mode, int flags,
			void *key)
{
	if (!put_would_end(container_of(entry, struct room_waiter, entry)))
		return 0;
	return wake_sleeper(entry, mode, flags, key);
}

/*
 * Sleeps once. A writer that finds too little room again wakes the next one, for which it
 * may be enough, before it sleeps again.
 */
static int wait_for_room(struct msgbox *box, size_t len, bool copied)
{
	struct room_waiter waiter = {
		.box = box,
		.len = len,
		.copied = copied,
		.of_user = pending_of_current_user(&box->pending),
	};
	int err;

	init_wait_entry(&waiter.entry, WQ_FLAG_EXCLUSIVE);
	waiter.entry.func = wake_if_room;
	err = prepare_to_wait_event(&box->writers, &waiter.entry, TASK_INTERRUPTIBLE);	/* R3 */
	if (!err && !put_would_end(&waiter))			/* R4 */
		schedule();					/* R5 */
	finish_wait(&box->writers, &waiter.entry);		/* R6 */
	return !err && fatal_signal_pending(current) ? -ERESTARTSYS : err;
}

/*
 * May another writer of this user wait? Each get that makes room may have to look at all
 * who wait, with interrupts off, so there must not be too many.
 */
static bool writer_comes(struct msgbox *box)
{
	unsigned short *writers = &box->writers_of_user[hash_of_current_user(&box->pending)];
	bool may_wait;

	spin_lock(&box->lock);
	may_wait = *writers < MAX_WRITERS_OF_USER;
	*writers += may_wait;
	spin_unlock(&box->lock);
	return may_wait;
}

static void writer_goes(struct msgbox *box)
{
	spin_lock(&box->lock);
	box->writers_of_user[hash_of_current_user(&box->pending)]--;
	spin_unlock(&box->lock);
}

/* @copied: whether the put that failed needed memory for a copy of the message. */
static long put_when_there_is_room(struct msgbox *box, const char __user *buf, size_t len,
				   bool copied)
{
	long ret;

	do {
		ret = wait_for_room(box, len, copied);
		if (!ret)
			ret = msgbox_put_again(box, buf, len, &copied);
		msgbox_wake_next_writer(box);
	} while (ret == -EAGAIN && msgbox_could_hold(len));
	return ret == -EAGAIN ? -EMSGSIZE : ret;
}

/**
 * msgbox_put_waiting() - put a message on top of the box, and wait until there is room
 * @box: the box
 * @buf: the message, in the caller's memory
 * @len: its length in bytes
 *
 * Context: Process context, no lock held. Sleeps.
 *
 * Return: as msgbox_put(), but -EAGAIN only if too many writers of this user wait, and
 * -EMSGSIZE if the message would not even fit into an empty box; -ERESTARTSYS if a signal
 * came first.
 */
long msgbox_put_waiting(struct msgbox *box, const char __user *buf, size_t len)
{
	bool copied;
	long ret = msgbox_put_again(box, buf, len, &copied);

	if (ret != -EAGAIN)
		return ret;
	if (!msgbox_could_hold(len))
		return -EMSGSIZE;
	if (!writer_comes(box))
		return -EAGAIN;
	ret = put_when_there_is_room(box, buf, len, copied);
	writer_goes(box);
	return ret;
}

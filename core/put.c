// SPDX-License-Identifier: GPL-2.0
/*
 * Put a message on top of the box.
 *
 * A small message is copied from the caller's memory into the msgstack under the
 * lock, with page faults disabled. If that copy faults, the lock is dropped, and the
 * message is put as a large one is: copied without the lock into a segment, and
 * pushed from there. A large message stays in that segment, and its record points to
 * it. (The copy also faults if the page is present, but the processor does not mark pages
 * as accessed, as arm64's Cortex-A53 and A72, and nobody has accessed it since a fork.)
 *
 * An attempt fails if a page of the caller is missing, if the msgstack needs another
 * segment, or if the box is full. What the next attempt needs is provided without the
 * lock, then the attempt is repeated.
 *
 * What a put allocates is reserved first, and pending until it is in the box or freed
 * (pending.h).
 *
 * The comments L1 to L3 mark how a message is copied into a segment, P1 to P8 how it
 * is pushed. selftests/models/store.pml checks every interleaving of these steps and
 * of the steps of get.c.
 */
#include <linux/compiler.h>

#include "internal.h"
#include "room.h"
#include "user_memory.h"

/**
 * struct put - a put in progress
 * @buf: the message, in the caller's memory
 * @len: its length in bytes
 * @copy: a reserved segment for a copy of the message, or NULL
 * @fresh: a reserved segment for the msgstack, or NULL
 * @next: the segment in which the record continues, or NULL if the topmost segment
 *        has room for it; @fresh or the spare segment
 */
struct put {
	const char __user *buf;
	size_t len;
	struct segment *copy;
	struct segment *fresh;
	struct segment *next;
};

static inline enum attempt full_box_needs(struct msgbox *box)
{
	return box->spare ? ATTEMPT_NEEDS_SPARE_FREED : ATTEMPT_NEEDS_ROOM;
}

/* The caller must use the segment or free it. */
static struct segment *msgbox_take_spare(struct msgbox *box)
{
	struct segment *spare = box->spare;

	lockdep_assert_held(&box->lock);
	if (spare) {
		box->spare = NULL;
		box->memory -= spare->size;
	}
	return spare;
}

static bool msgbox_reserve(struct msgbox *box, size_t size)
{
	lockdep_assert_held(&box->lock);
	return pending_reserve(&box->pending, size,
			       READ_ONCE(msgbox_limits.max_pending_bytes));
}

/*
 * Make sure that a record of @len bytes can be pushed, and that the box may hold @more
 * bytes beside it. Sets @put->next.
 */
static __always_inline enum attempt
find_room(struct msgbox *box, struct put *put, size_t len, size_t more)
{
	enum attempt attempt = ATTEMPT_DONE;

	put->next = NULL;
	if (unlikely(!msgstack_has_room(&box->stack, len))) {
		put->next = spare_for_stack(box->spare);
		if (!put->next) {
			more += SEGMENT_SIZE;
			put->next = put->fresh;
		}
		if (!put->next)
			attempt = ATTEMPT_NEEDS_SEGMENT;
	}
	return within_limit(box->memory, more) ? attempt : full_box_needs(box);
}

/* The record has been written: push it. */
static __always_inline void commit_put(struct msgbox *box, struct put *put)
{
	struct segment *next = put->next;

	msgstack_push(&box->stack, record_len(put->len), put->len, next);
	if (unlikely(next)) {
		if (next == put->fresh) {
			pending_release(&box->pending, next->size);
			box->memory += next->size;
			put->fresh = NULL;
		} else {
			box->spare = NULL;
		}
	}
	box->puts++;
	box->bytes += put->len;
}

/*
 * Neither this nor write_message_nofault() in get.c stops speculation past access_ok()
 * (barrier_nospec()), as no address depends on the bytes that are copied.
 */
static __always_inline bool
read_message_nofault(struct record_bytes to, const char __user *from, size_t len)
{
	bool done;

	if (!access_ok(from, len))
		return !len;

	pagefault_disable();
	done = user_memory_read_nofault(to.first, from, to.first_len);
	if (unlikely(to.first_len < len))
		done = done && user_memory_read_nofault(to.rest,
							from + to.first_len,
							len - to.first_len);
	pagefault_enable();
	return done;
}

static __always_inline enum attempt
msgbox_try_put_small(struct msgbox *box, struct put *put)
{
	enum attempt attempt;

	spin_lock(&box->lock);						/* P1 */
	attempt = find_room(box, put, put->len, 0);			/* P2 */
	if (unlikely(attempt != ATTEMPT_DONE))
		goto unlock;
	if (read_message_nofault(msgstack_next(&box->stack, put->len, put->next),
				 put->buf, put->len)) {			/* P3 */
		commit_put(box, put);					/* P4 */
		/* For writers too: the spare segment, or memory that was pending, has gone. */
		if (unlikely(put->next))
			msgbox_unlock_and_wake(box, true, true);	/* P5 */
		else
			msgbox_unlock_after_put(box);			/* P5 */
		return ATTEMPT_DONE;
	}
	attempt = ATTEMPT_NEEDS_USER_MEMORY;
unlock:
	spin_unlock(&box->lock);					/* P5 */
	return attempt;
}

static void write_record(struct record_bytes to, const void *from, size_t len)
{
	memcpy(to.first, from, to.first_len);
	if (to.first_len < len)
		memcpy(to.rest, from + to.first_len, len - to.first_len);
}

/* The message is in @put->copy. That of a large message belongs to the box afterwards. */
static enum attempt msgbox_try_put_copied(struct msgbox *box, struct put *put)
{
	bool large = is_large(put->len);
	const void *record = large ? (const void *)&put->copy : put->copy->bytes;
	size_t size = record_len(put->len), more = large ? put->copy->size : 0;
	enum attempt attempt;

	spin_lock(&box->lock);
	attempt = find_room(box, put, size, more);
	if (attempt != ATTEMPT_DONE) {
		spin_unlock(&box->lock);
		return attempt;
	}
	write_record(msgstack_next(&box->stack, size, put->next), record, size);
	commit_put(box, put);
	if (large) {
		pending_release(&box->pending, more);
		box->memory += more;
		put->copy = NULL;
	}
	/* For writers too: less memory is pending. */
	if (has_waiters(&box->readers) || has_waiters(&box->writers))	/* W1, R1 */
		msgbox_unlock_and_wake(box, true, true);
	else
		spin_unlock(&box->lock);
	return ATTEMPT_DONE;
}

/*
 * A writer may find room only now: it would have used the spare segment for its copy, which
 * then counts as pending.
 */
static void msgbox_free_spare(struct msgbox *box)
{
	struct segment *spare;

	spin_lock(&box->lock);
	spare = msgbox_take_spare(box);
	msgbox_unlock_after_get(box);

	segment_free(spare);
}

/* A writer may wait for the end of a reservation. */
static void msgbox_unreserve(struct msgbox *box, size_t size)
{
	spin_lock(&box->lock);
	pending_release(&box->pending, size);
	msgbox_unlock_after_get(box);
}

/* Free a segment that a put has reserved and not used. */
static void msgbox_drop_reserved(struct msgbox *box, struct segment *segment)
{
	if (!segment)
		return;
	msgbox_unreserve(box, segment->size);
	segment_free(segment);
}

/* Allocate a segment whose memory has been reserved. */
static struct segment *msgbox_alloc_reserved(struct msgbox *box, size_t size)
{
	struct segment *segment = segment_alloc(size);

	if (!segment)
		msgbox_unreserve(box, size);
	return segment;
}

static int msgbox_alloc_fresh(struct msgbox *box, struct put *put)
{
	bool reserved;

	spin_lock(&box->lock);
	reserved = msgbox_reserve(box, SEGMENT_SIZE);
	spin_unlock(&box->lock);
	if (!reserved)
		return -EAGAIN;
	put->fresh = msgbox_alloc_reserved(box, SEGMENT_SIZE);
	return put->fresh ? 0 : -EADDRNOTAVAIL;
}

/*
 * Provide what a failed attempt needs.
 * Return: 0 if the attempt can be repeated, or the error that ends the call.
 */
static int msgbox_prepare_put_retry(struct msgbox *box, struct put *put,
				    enum attempt attempt)
{
	int err = 0;

	switch (attempt) {
	case ATTEMPT_NEEDS_SEGMENT:
		err = msgbox_alloc_fresh(box, put);
		break;
	case ATTEMPT_NEEDS_SPARE_FREED:
		msgbox_free_spare(box);
		break;
	default:	/* Others make room, and when is not known. */
		err = -EAGAIN;
	}
	return err ? err : msgbox_before_retry();
}

/*
 * Reserve @size bytes for a copy of the message, if the box has room for the message.
 * If the spare segment is suitable, it becomes @put->copy.
 */
static enum attempt
msgbox_reserve_copy(struct msgbox *box, struct put *put, size_t size)
{
	enum attempt attempt = ATTEMPT_DONE;
	struct segment *spare;

	spin_lock(&box->lock);
	spare = spare_for_copy(box->spare, size);
	if (!within_limit(box->memory, memory_needed(box, box->spare, put->len, size)))
		attempt = full_box_needs(box);
	else if (spare && msgbox_reserve(box, spare->size))
		put->copy = msgbox_take_spare(box);
	else if (!msgbox_reserve(box, size))
		attempt = ATTEMPT_NEEDS_ROOM;
	spin_unlock(&box->lock);
	return attempt;
}

/* Allocate @put->copy. */
static int msgbox_alloc_copy(struct msgbox *box, struct put *put)
{
	size_t size = copy_size(put->len);
	enum attempt attempt;
	int err;

	while ((attempt = msgbox_reserve_copy(box, put, size)) != ATTEMPT_DONE) { /* L1 */
		err = msgbox_prepare_put_retry(box, put, attempt);
		if (err)
			return err;
	}
	if (!put->copy)
		put->copy = msgbox_alloc_reserved(box, size);		/* L2 */
	return put->copy ? 0 : -EADDRNOTAVAIL;
}

/*
 * Copy the message to @put->copy. Waiting for a page of it can take for ever. This put may
 * have been woken because there is room, which another one can use meanwhile.
 */
static int msgbox_read_message(struct msgbox *box, struct put *put)
{
	char *to = put->copy->bytes;
	size_t left = user_memory_read_present(to, put->buf, put->len);
	size_t done = put->len - left;

	if (!left)
		return 0;
	msgbox_wake_next_writer(box);
	return user_memory_read(to + done, put->buf + done, left);
}

/* Put a large message, or a small one after its copy has faulted. */
static noinline long
msgbox_put_copied(struct msgbox *box, const char __user *buf, size_t len)
{
	struct put put = { .buf = buf, .len = len };
	enum attempt attempt;
	int err;

	err = msgbox_alloc_copy(box, &put);
	if (err)
		return err;
	err = msgbox_read_message(box, &put);				/* L3 */
	while (!err) {
		attempt = msgbox_try_put_copied(box, &put);		/* P1 to P5 */
		if (attempt == ATTEMPT_DONE)
			break;
		err = msgbox_prepare_put_retry(box, &put, attempt);	/* P7 */
	}
	msgbox_drop_reserved(box, put.copy);				/* P8 */
	msgbox_drop_reserved(box, put.fresh);
	return err;
}

/* @attempt is how the first attempt ended. @copied is NULL, or set as in msgbox_put_again(). */
static noinline long
msgbox_put_small_slowpath(struct msgbox *box, const char __user *buf, size_t len,
			  enum attempt attempt, bool *copied)
{
	struct put put = { .buf = buf, .len = len };
	int err = 0;

	while (attempt != ATTEMPT_DONE && attempt != ATTEMPT_NEEDS_USER_MEMORY) {
		err = msgbox_prepare_put_retry(box, &put, attempt);	/* P7 */
		if (err)
			break;
		attempt = msgbox_try_put_small(box, &put);
	}
	msgbox_drop_reserved(box, put.fresh);				/* P8 */
	if (attempt != ATTEMPT_NEEDS_USER_MEMORY)
		return err;
	if (copied)
		*copied = true;
	return msgbox_put_copied(box, buf, len);
}

static __always_inline long
put_message(struct msgbox *box, const char __user *buf, size_t len, bool *copied)
{
	struct put put = { .buf = buf, .len = len };
	enum attempt attempt;

	if (len > READ_ONCE(msgbox_limits.max_message_bytes))
		return -EMSGSIZE;
	if (is_large(len))
		return msgbox_put_copied(box, buf, len);

	attempt = msgbox_try_put_small(box, &put);
	if (unlikely(attempt != ATTEMPT_DONE))
		return msgbox_put_small_slowpath(box, buf, len, attempt, copied);
	return 0;
}

/**
 * msgbox_put() - put a message on top of the box
 * @box: the box
 * @buf: the message, in the caller's memory
 * @len: its length in bytes
 *
 * Context: Process context, no lock held. May sleep.
 *
 * Return: 0, or an error of the uapi header, checked in its order: -EMSGSIZE, -EAGAIN,
 * -EADDRNOTAVAIL, -EFAULT, -ENOSYS. On error the box is unchanged.
 */
long msgbox_put(struct msgbox *box, const char __user *buf, size_t len)
{
	return put_message(box, buf, len, NULL);
}

/**
 * msgbox_put_again() - msgbox_put() for a caller that waits for room
 * @box: the box
 * @buf: the message, in the caller's memory
 * @len: its length in bytes
 * @copied: set to whether the put needed memory for a copy of the message: it is large, or a
 *          page of it was missing
 *
 * Context: As msgbox_put().
 *
 * Return: as msgbox_put().
 */
long msgbox_put_again(struct msgbox *box, const char __user *buf, size_t len, bool *copied)
{
	*copied = is_large(len);
	return put_message(box, buf, len, copied);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Take the message on top of the box.
 *
 * A small message is copied from the msgstack to the caller's memory under the lock,
 * with page faults disabled, and popped in the same critical section. If the copy
 * faults, the message stays, the lock is dropped, the pages are faulted in, and the
 * get is retried. After a few rounds the pages are pinned, and the copy can no longer
 * fail.
 *
 * For a large message the caller's pages are pinned first. Then the message is popped
 * if it still fits the pinned pages, and copied without the lock. At that point the
 * copy cannot fail, so no message has to be put back.
 *
 * The comments G1 to G8 mark the steps. selftests/models/store.pml checks every
 * interleaving of these steps and of the steps of put.c.
 */
#include <linux/compiler.h>
#include <linux/mm.h>

#include "compat.h"
#include "internal.h"
#include "user_memory.h"

/*
 * The largest segment that is kept as the spare one, in bytes: that of a message of
 * 1 MiB. The kernel clears each page that it allocates, which costs half as much again
 * as the two copies of the message.
 */
#define SPARE_MAX (SZ_1M + PAGE_SIZE)

/* After this many rounds of faulting in, a get of a small message pins the pages. */
#define ROUNDS_BEFORE_PIN 3

/**
 * struct get - a get in progress
 * @buf: where the message goes, in the caller's memory
 * @size: how long the buffer is, in bytes
 * @pages: the pages of the buffer that are pinned, or NULL
 * @len: length of the message on top at the last attempt, in bytes
 * @message: the segment of a large message that has been taken, or NULL
 * @unused: a segment to free once the lock is dropped, or NULL
 */
struct get {
	char __user *buf;
	size_t size;
	struct user_pages *pages;
	size_t len;
	struct segment *message;
	struct segment *unused;
};

/*
 * Writes nothing, or the whole message, unless a page is unmapped between the check and
 * the copy.
 */
static __always_inline bool
write_message_nofault(char __user *to, struct record_bytes from, size_t len)
{
	bool done;

	if (!access_ok(to, len))
		return !len;

	pagefault_disable();
	/* Within one page the first access of the copy is the check, but for memory tags. */
	done = offset_in_page(to) + len <= PAGE_SIZE ? memory_tags_match(to, len) :
						       user_memory_writable_nofault(to, len);
	done = done && user_memory_write_nofault(to, from.first, from.first_len);
	if (unlikely(from.first_len < len))
		done = done && user_memory_write_nofault(to + from.first_len,
							 from.rest,
							 len - from.first_len);
	pagefault_enable();
	return done;
}

/* Fails only if not all of the pages are pinned. */
static bool
write_message_pinned(struct user_pages *pages, struct record_bytes from, size_t len)
{
	if (!pages || len > pages->len)
		return false;
	user_pages_write_atomic(pages, from.first, from.first_len);
	user_pages_write_atomic(pages, from.rest, len - from.first_len);
	return true;
}

/*
 * Keep an unused segment as the spare one, so that a box with a changing number of
 * segments, or a series of large messages, does not allocate each time. Returns what
 * the caller must free once the lock is dropped.
 */
static struct segment *retire_segment(struct msgbox *box, struct segment *segment)
{
	struct segment *unused = segment;

	lockdep_assert_held(&box->lock);
	if (segment && segment->size >= SEGMENT_SIZE && segment->size <= SPARE_MAX) {
		unused = box->spare;
		box->spare = segment;
	}
	if (unused)
		box->memory -= unused->size;
	return unused;
}

/* Retire the segment of a message that has been delivered. It counts until now. */
static void msgbox_retire_delivered(struct msgbox *box, struct segment *segment)
{
	spin_lock(&box->lock);
	segment = retire_segment(box, segment);
	msgbox_unlock_after_get(box);
	segment_free(segment);
}

static __always_inline void pop_message(struct msgbox *box, struct get *get)
{
	box->gets++;
	box->bytes -= get->len;
	get->unused = retire_segment(box, msgstack_pop(&box->stack, record_len(get->len)));
}

/* Copy a small message, or check that a large one can be copied; then pop it. */
static __always_inline enum attempt take_top(struct msgbox *box, struct get *get)
{
	if (msgstack_empty(&box->stack))
		return ATTEMPT_NEEDS_MESSAGE;
	get->len = msgstack_top_tag(&box->stack);
	if (get->len > get->size)					/* G2 */
		return ATTEMPT_NEEDS_LONGER_BUFFER;
	if (is_large(get->len)) {					/* G3 */
		if (!get->pages || get->len > get->pages->len)
			return ATTEMPT_NEEDS_USER_MEMORY;
		get->message = msgbox_top_segment(box);
	} else {
		struct record_bytes record = msgstack_top(&box->stack, get->len);

		if (!write_message_nofault(get->buf, record, get->len) &&
		    !write_message_pinned(get->pages, record, get->len))
			return ATTEMPT_NEEDS_USER_MEMORY;
	}
	pop_message(box, get);						/* G4 */
	return ATTEMPT_DONE;
}

static __always_inline enum attempt
msgbox_try_get(struct msgbox *box, struct get *get)
{
	enum attempt attempt;

	get->message = NULL;
	get->unused = NULL;
	spin_lock(&box->lock);						/* G1 */
	attempt = take_top(box, get);
	if (attempt == ATTEMPT_DONE)
		msgbox_unlock_after_get(box);				/* G5 */
	else
		spin_unlock(&box->lock);				/* G5 */

	if (unlikely(get->message)) {
		user_pages_write(get->pages, get->message->bytes, get->len);
		msgbox_retire_delivered(box, get->message);		/* G6 */
	}
	if (unlikely(get->unused))
		segment_free(get->unused);
	return attempt;
}

/*
 * Fault in the caller's memory, which can take for ever. This get may have been woken for
 * the message on top, which another one can take meanwhile. It holds no page array
 * meanwhile, which is charged to nobody.
 */
static int msgbox_fault_in(struct msgbox *box, struct user_pages *pages, char __user *buf,
			   size_t len, bool pin)
{
	int err;

	if (user_memory_is_writable(buf, len))
		return 0;
	msgbox_wake_next_reader(box);
	user_pages_unpin(pages);
	err = user_memory_fault_in_writable(buf, len);
	return err || !pin ? err : user_pages_alloc(pages, buf, len);
}

/*
 * If a page has gone since it was faulted in, it is faulted in again while others are
 * pinned: so this ends, even if memory is short.
 */
static int msgbox_pin(struct msgbox *box, struct user_pages *pages, char __user *buf,
		      size_t len)
{
	if (!user_pages_pin_present(pages, buf, len))
		return 0;
	msgbox_wake_next_reader(box);
	return user_pages_pin(pages, buf, len);
}

/*
 * Make the caller's memory writable for the message. No page stays pinned while others
 * are faulted in (but see msgbox_pin()): pinned pages may be needed elsewhere.
 */
static int msgbox_make_writable(struct msgbox *box, struct user_pages *pages,
				char __user *buf, size_t len, bool pin)
{
	int err = 0;

	user_pages_unpin(pages);
	if (pin)
		err = user_pages_alloc(pages, buf, len);
	if (!err)
		err = msgbox_fault_in(box, pages, buf, len, pin);
	if (!err && pin)
		err = msgbox_pin(box, pages, buf, len);
	return err ? err : msgbox_before_retry();
}

/* The error of an attempt that is not retried. */
static inline long get_error(enum attempt attempt)
{
	return attempt == ATTEMPT_NEEDS_MESSAGE ? -ENODATA : -EMSGSIZE;
}

/* The caller's memory is not ready for the message on top, which has @len bytes. */
static noinline long
msgbox_get_slowpath(struct msgbox *box, char __user *buf, size_t size, size_t len)
{
	struct user_pages pages;
	struct get get = { .buf = buf, .size = size, .pages = &pages, .len = len };
	enum attempt attempt;
	unsigned int round = 0;
	long ret;

	user_pages_init(&pages);
	do {
		bool pin = is_large(get.len) || ++round > ROUNDS_BEFORE_PIN;

		ret = msgbox_make_writable(box, &pages, buf, get.len, pin); /* G7 */
		if (ret)
			goto unpin;
		attempt = msgbox_try_get(box, &get);
	} while (attempt == ATTEMPT_NEEDS_USER_MEMORY);
	ret = attempt == ATTEMPT_DONE ? (long)get.len : get_error(attempt);
unpin:
	user_pages_unpin(&pages);					/* G8 */
	return ret;
}

/**
 * msgbox_get() - take the message on top of the box
 * @box: the box
 * @buf: where the message goes, in the caller's memory
 * @len: how long the buffer is, in bytes
 *
 * Context: Process context, no lock held. May sleep.
 *
 * Return: the message's length in bytes, or an error of the uapi header: -ENODATA,
 * -EMSGSIZE, -EFAULT, -ENOSYS, or -EADDRNOTAVAIL if there is no kernel memory to
 * deliver a large message. On error the box is unchanged.
 */
long msgbox_get(struct msgbox *box, char __user *buf, size_t len)
{
	struct get get = { .buf = buf, .size = len };
	enum attempt attempt;

	attempt = msgbox_try_get(box, &get);
	if (likely(attempt == ATTEMPT_DONE))
		return get.len;
	if (attempt == ATTEMPT_NEEDS_USER_MEMORY)
		return msgbox_get_slowpath(box, buf, len, get.len);
	return get_error(attempt);
}

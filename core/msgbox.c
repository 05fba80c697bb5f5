// SPDX-License-Identifier: GPL-2.0
/*
 * The box: a stack of messages under one lock.
 *
 * Small messages are copied between the caller's memory and the stack under
 * the lock, with page faults disabled. So delivery and removal are one critical
 * section, and nothing ever has to be put back. Where the copy of a put faults,
 * the lock is dropped, the message is copied into a segment of its own, and
 * pushed from there. Where that of a get faults, the lock is dropped, the pages
 * are faulted in by the access that failed, and the get is restarted; after a
 * few rounds the pages are pinned, and the copy can no longer fail.
 *
 * A large message has a segment of its own, and a record on the stack that
 * points to it. put fills the segment first and pushes the record then. get
 * pins the pages that the message will go to, pops the record if the top message
 * still fits the pinned pages, then copies; at that point the copy cannot fail.
 * Neither copy is made under the lock.
 *
 * Every attempt that is repeated has failed because of the caller's own memory,
 * or because another call, or a changed limit, came between. Before it is
 * repeated others may run, and a fatal signal ends the call.
 *
 * What a put has allocated and not yet pushed is reserved before it is allocated,
 * and bounded: a put may wait for its caller's memory without end.
 *
 * P1 to P8 are the steps of a put, L1 to L3 how a message comes into a segment of
 * its own, and G1 to G8 are the steps of a get in selftests/models/store.pml, where
 * every interleaving of them is searched.
 */
#include <linux/cred.h>
#include <linux/errno.h>
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>

#include "msgbox.h"
#include "stack.h"
#include "user_memory.h"

/* The longest message that is copied under the lock, in bytes. */
#define SMALL_MAX SZ_8K

/*
 * The largest segment that is kept when it is not used, in bytes: that of a
 * message of 1 MiB. The kernel clears each page that it hands out, which costs
 * half as much again as the two copies.
 */
#define SPARE_MAX (SZ_1M + PAGE_SIZE)

/* After so many rounds of faulting in that did not help, a get pins. */
#define ROUNDS_BEFORE_PIN 3

/* Users are told apart by a hash of so many bits. */
#define USER_BITS 8

/**
 * struct msgbox - the box
 * @limits: what it accepts; belongs to the creator
 * @lock: protects what follows
 * @stack: the messages
 * @spare: an unused segment, or NULL
 * @held: kernel memory of the stack, the large messages (also while they are
 *        delivered) and the spare segment, in bytes
 * @pending: kernel memory that puts in progress have reserved, in bytes
 * @pending_of: the part of it that belongs to each user, by hash
 * @stats: what there is and has been
 */
struct msgbox {
	const struct msgbox_limits *limits;
	spinlock_t lock ____cacheline_aligned_in_smp; /* protects what follows */
	struct stack stack;
	struct segment *spare;
	size_t held;
	size_t pending;
	size_t pending_of[1 << USER_BITS];
	struct msgbox_stats stats;
};

/**
 * msgbox_create() - make an empty box
 * @limits: what it accepts; must live as long as the box
 *
 * Context: Process context. May sleep.
 *
 * Return: the box, or NULL if there is no memory.
 */
struct msgbox *msgbox_create(const struct msgbox_limits *limits)
{
	struct segment *lowest = segment_alloc(SEGMENT_SIZE);
	struct msgbox *box = kzalloc(sizeof(*box), GFP_KERNEL);

	if (!lowest || !box) {
		segment_free(lowest);
		kfree(box);
		return NULL;
	}
	box->limits = limits;
	spin_lock_init(&box->lock);
	stack_init(&box->stack, lowest);
	box->held = lowest->size;
	return box;
}

static inline bool is_large(size_t len)
{
	return unlikely(len > SMALL_MAX);
}

/*
 * The record of a small message has its bytes, that of a large one a pointer
 * to its segment. Either is tagged with the message's length.
 */
static inline size_t record_len(size_t len)
{
	return is_large(len) ? sizeof(struct segment *) : len;
}

static void read_record(struct record_bytes from, void *to, size_t len)
{
	memcpy(to, from.first, from.first_len);
	if (from.first_len < len)
		memcpy(to + from.first_len, from.rest, len - from.first_len);
}

static void write_record(struct record_bytes to, const void *from, size_t len)
{
	memcpy(to.first, from, to.first_len);
	if (to.first_len < len)
		memcpy(to.rest, from + to.first_len, len - to.first_len);
}

/* The segment of the large message on top. */
static struct segment *top_large(struct msgbox *box)
{
	struct segment *segment;

	read_record(stack_top(&box->stack, sizeof(segment)), &segment,
		    sizeof(segment));
	return segment;
}

/* The spare segment, or NULL. Whoever takes it has to use it or free it. */
static struct segment *take_spare(struct msgbox *box)
{
	struct segment *spare = box->spare;

	if (spare) {
		box->spare = NULL;
		box->held -= spare->size;
	}
	return spare;
}

/*
 * A segment that is not used any more: keep one, the last, so that a box that
 * swings around a boundary, or large messages one after the other, need not
 * allocate each time. Returns what must be freed, after unlocking.
 */
static struct segment *retire(struct msgbox *box, struct segment *segment)
{
	struct segment *unused = segment;

	if (segment && segment->size >= SEGMENT_SIZE && segment->size <= SPARE_MAX) {
		unused = box->spare;
		box->spare = segment;
	}
	if (unused)
		box->held -= unused->size;
	return unused;
}

/**
 * msgbox_destroy() - free a box and the messages in it
 * @box: the box; no call may use it any more
 *
 * Context: Process context. May sleep.
 */
void msgbox_destroy(struct msgbox *box)
{
	struct stack *stack = &box->stack;

	while (!stack_empty(stack)) {
		size_t len = stack_top_tag(stack);

		if (is_large(len))
			segment_free(top_large(box));
		segment_free(stack_pop(stack, record_len(len)));
		cond_resched();
	}
	segment_free(stack->segment);
	segment_free(box->spare);
	kfree(box);
}

/*
 * May the box hold that much more? The limit may change at any time: whoever
 * asks twice may get two answers.
 */
static inline bool within_limit(struct msgbox *box, size_t more)
{
	size_t max = READ_ONCE(box->limits->max_bytes);

	return box->held <= max && more <= max - box->held;
}

/* What the user of this process has reserved. Two users may share a hash. */
static inline size_t *pending_of_user(struct msgbox *box)
{
	return &box->pending_of[hash_32(__kuid_val(current_uid()), USER_BITS)];
}

/*
 * Reserve memory for a put in progress. It may take a quarter of what is left to
 * its user: of the limit, less what all puts have reserved, less, once more, what
 * this user's have. So the puts of one user hold at most half of the limit, those
 * of two users a third each, and so on: however many are stuck, other users' puts
 * go on. And as each takes only a part, a user's small puts go on beside large
 * ones that are stuck.
 */
static bool reserve(struct msgbox *box, size_t size)
{
	size_t max = READ_ONCE(box->limits->max_pending_bytes);
	size_t *of_user = pending_of_user(box);
	size_t taken = box->pending + *of_user;

	if (taken > max || size > (max - taken) / 4)
		return false;
	box->pending += size;
	*of_user += size;
	return true;
}

static void unreserve(struct msgbox *box, size_t size)
{
	box->pending -= size;
	*pending_of_user(box) -= size;
}

/* The spare segment, if it is one for the stack; messages leave larger ones. */
static inline struct segment *spare_for_stack(struct msgbox *box)
{
	struct segment *spare = box->spare;

	return spare && spare->size <= 2 * SEGMENT_SIZE ? spare : NULL;
}

/* No room. -EBUSY: but there is if the spare segment is given back. */
static inline int full(struct msgbox *box)
{
	return box->spare ? -EBUSY : -EAGAIN;
}

/*
 * Make sure that a record of len bytes can be pushed, with *next as the
 * segment to go on in where one is needed. -ENOBUFS asks for one in *fresh;
 * fresh is NULL at the first attempt, which gets by without nearly always.
 */
static __always_inline int
make_room(struct msgbox *box, size_t len, size_t more,
	  struct segment **fresh, struct segment **next)
{
	int err = 0;

	*next = NULL;
	if (unlikely(!stack_has_room(&box->stack, len))) {
		*next = spare_for_stack(box);
		if (!*next) {
			more += SEGMENT_SIZE;
			*next = fresh ? *fresh : NULL;
		}
		if (!*next)
			err = -ENOBUFS;
	}
	return within_limit(box, more) ? err : full(box);
}

/* The record has been written: it counts. */
static __always_inline void
commit(struct msgbox *box, size_t len, struct segment **fresh, struct segment *next)
{
	stack_push(&box->stack, record_len(len), len, next);
	if (unlikely(next)) {
		if (next == box->spare) {
			box->spare = NULL;
		} else {
			unreserve(box, next->size);
			box->held += next->size;
			*fresh = NULL;
		}
	}
	box->stats.puts++;
	box->stats.bytes += len;
}

static __always_inline bool
read_message(struct record_bytes to, const char __user *from, size_t len)
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

static __always_inline int
try_put_small(struct msgbox *box, const char __user *buf, size_t len,
	      struct segment **fresh)
{
	struct segment *next;
	int err;

	spin_lock(&box->lock);						/* P1 */
	err = make_room(box, len, 0, fresh, &next);			/* P2 */
	if (unlikely(err))
		goto unlock;
	if (read_message(stack_next(&box->stack, len, next), buf, len))	/* P3 */
		commit(box, len, fresh, next);				/* P4 */
	else
		err = -EFAULT;
unlock:
	spin_unlock(&box->lock);					/* P5 */
	return err;
}

/* The same for a message that is in a segment of its own. */
static int try_put_copied(struct msgbox *box, struct segment *copy, size_t len,
			  struct segment **fresh)
{
	const void *record = is_large(len) ? (const void *)&copy : copy->bytes;
	size_t size = record_len(len), more = is_large(len) ? copy->size : 0;
	struct segment *next;
	int err;

	spin_lock(&box->lock);
	err = make_room(box, size, more, fresh, &next);
	if (!err) {
		write_record(stack_next(&box->stack, size, next), record, size);
		commit(box, len, fresh, next);
		unreserve(box, more);
		box->held += more;
	}
	spin_unlock(&box->lock);
	return err;
}

static void give_back_spare(struct msgbox *box)
{
	struct segment *spare;

	spin_lock(&box->lock);
	spare = take_spare(box);
	spin_unlock(&box->lock);

	segment_free(spare);
}

/* A segment that a put has reserved, and does not use; or NULL. */
static void drop_reserved(struct msgbox *box, struct segment *segment)
{
	if (!segment)
		return;
	spin_lock(&box->lock);
	unreserve(box, segment->size);
	spin_unlock(&box->lock);
	segment_free(segment);
}

/* Memory that has been reserved. */
static struct segment *alloc_reserved(struct msgbox *box, size_t size)
{
	struct segment *segment = segment_alloc(size);

	if (!segment) {
		spin_lock(&box->lock);
		unreserve(box, size);
		spin_unlock(&box->lock);
	}
	return segment;
}

static int provide_fresh(struct msgbox *box, struct segment **fresh)
{
	bool reserved;

	spin_lock(&box->lock);
	reserved = reserve(box, SEGMENT_SIZE);
	spin_unlock(&box->lock);
	if (!reserved)
		return -EAGAIN;
	*fresh = alloc_reserved(box, SEGMENT_SIZE);
	return *fresh ? 0 : -EADDRNOTAVAIL;
}

/* Others may run before an attempt is repeated; the dead repeat nothing. */
static int before_retry(void)
{
	cond_resched();
	return fatal_signal_pending(current) ? -EFAULT : 0;
}

/*
 * What an attempt that failed with err has asked for. 0: it is there, try
 * again.
 */
static int provide(struct msgbox *box, int err, struct segment **fresh)
{
	switch (err) {
	case -ENOBUFS:
		err = provide_fresh(box, fresh);
		break;
	case -EBUSY:
		give_back_spare(box);
		err = 0;
		break;
	}
	return err ? err : before_retry();
}

/*
 * Is there room for the message, and may this put take so much memory for a copy?
 * If the spare segment suits it, that is in *copy.
 */
static int begin_copy(struct msgbox *box, size_t len, size_t size, struct segment **copy)
{
	size_t more = is_large(len) ? size : 0;
	struct segment *spare;
	int err = 0;

	*copy = NULL;
	spin_lock(&box->lock);
	if (!stack_has_room(&box->stack, record_len(len)) && !spare_for_stack(box))
		more += SEGMENT_SIZE;
	spare = box->spare;
	if (spare && (size > spare->size || spare->size > 2 * size))
		spare = NULL;
	if (!within_limit(box, more))
		err = full(box);
	else if (spare && reserve(box, spare->size))
		*copy = take_spare(box);
	else if (!reserve(box, size))
		err = -EAGAIN;
	spin_unlock(&box->lock);
	return err;
}

/* A reserved segment for a copy of the message, not yet filled. */
static int alloc_copy(struct msgbox *box, size_t len, struct segment **copy)
{
	size_t size = PAGE_ALIGN(sizeof(struct segment) + len);
	int err;

	while ((err = begin_copy(box, len, size, copy)) == -EBUSY) {	/* L1 */
		err = provide(box, err, NULL);
		if (err)
			break;
	}
	if (err)
		return err;
	if (!*copy)
		*copy = alloc_reserved(box, size);			/* L2 */
	return *copy ? 0 : -EADDRNOTAVAIL;
}

/* A large message, or a small one of which not every page was there. */
static noinline long put_copied(struct msgbox *box, const char __user *buf, size_t len)
{
	struct segment *copy, *fresh = NULL;
	int err;

	err = alloc_copy(box, len, &copy);
	if (err)
		return err;
	err = user_memory_read(copy->bytes, buf, len);			/* L3 */
	while (!err) {
		err = try_put_copied(box, copy, len, &fresh);		/* P1 to P5 */
		if (!err)
			break;
		err = provide(box, err, &fresh);			/* P7 */
	}
	if (err || !is_large(len))
		drop_reserved(box, copy);				/* P8 */
	drop_reserved(box, fresh);
	return err;
}

/* The first attempt has failed with err. */
static noinline long put_small_slowly(struct msgbox *box, const char __user *buf,
				      size_t len, int err)
{
	struct segment *fresh = NULL;

	while (err && err != -EFAULT) {
		err = provide(box, err, &fresh);			/* P7 */
		if (err)
			break;
		err = try_put_small(box, buf, len, &fresh);
	}
	drop_reserved(box, fresh);					/* P8 */
	return err == -EFAULT ? put_copied(box, buf, len) : err;
}

/**
 * msgbox_put() - put a message on top
 * @box: the box
 * @buf: the message, in the caller's memory
 * @len: its length in bytes
 *
 * Context: Process context, no lock held. May sleep.
 *
 * Return: 0, or as in the uapi header, checked in its order: -EMSGSIZE,
 * -EAGAIN, -EADDRNOTAVAIL, -EFAULT, -ENOSYS; the box is then as before.
 */
long msgbox_put(struct msgbox *box, const char __user *buf, size_t len)
{
	int err;

	if (len > READ_ONCE(box->limits->max_message_bytes))
		return -EMSGSIZE;
	if (is_large(len))
		return put_copied(box, buf, len);

	err = try_put_small(box, buf, len, NULL);
	if (unlikely(err))
		err = put_small_slowly(box, buf, len, err);
	return err;
}

/*
 * Writes nothing, or all of it, unless a page goes away in this very moment.
 *
 * Neither here nor in read_message() is speculation past access_ok() stopped
 * (barrier_nospec()): no address depends on the bytes that are copied.
 */
static __always_inline bool
write_message(char __user *to, struct record_bytes from, size_t len)
{
	bool done;

	if (!access_ok(to, len))
		return !len;

	pagefault_disable();
	/* Within one page the copy's first access tells. */
	done = offset_in_page(to) + len <= PAGE_SIZE ||
	       user_memory_writable_nofault(to, len);
	done = done && user_memory_write_nofault(to, from.first, from.first_len);
	if (unlikely(from.first_len < len))
		done = done && user_memory_write_nofault(to + from.first_len,
							 from.rest,
							 len - from.first_len);
	pagefault_enable();
	return done;
}

/* The same where the pages have been pinned: that cannot fail. */
static bool write_pinned(struct user_pages *pages, struct record_bytes from, size_t len)
{
	if (!pages || len > pages->len)
		return false;
	user_pages_write_atomic(pages, from.first, from.first_len);
	user_pages_write_atomic(pages, from.rest, len - from.first_len);
	return true;
}

/* The segment of a message that has been delivered; it still counts. */
static void discard(struct msgbox *box, struct segment *segment)
{
	spin_lock(&box->lock);
	segment = retire(box, segment);
	spin_unlock(&box->lock);
	segment_free(segment);
}

/* Take the message on top off; returns what must be freed after unlocking. */
static __always_inline struct segment *pop(struct msgbox *box, size_t len)
{
	box->stats.gets++;
	box->stats.bytes -= len;
	return retire(box, stack_pop(&box->stack, record_len(len)));
}

/**
 * try_get() - take the message on top
 * @box: the box
 * @buf: where it goes
 * @room: how many bytes there are
 * @pages: those of them that are pinned; NULL if none
 * @len: the length of the message on top
 *
 * Return: the message's length; -ENODATA or -EMSGSIZE; or -EAGAIN if @len bytes
 * must be faulted in first, or pinned if the message is large.
 */
static __always_inline long
try_get(struct msgbox *box, char __user *buf, size_t room,
	struct user_pages *pages, size_t *len)
{
	struct segment *message = NULL, *unused = NULL;
	long ret;

	spin_lock(&box->lock);						/* G1 */
	if (stack_empty(&box->stack)) {
		ret = -ENODATA;
		goto unlock;
	}
	ret = *len = stack_top_tag(&box->stack);
	if (*len > room) {						/* G2 */
		ret = -EMSGSIZE;
	} else if (is_large(*len)) {
		if (!pages || *len > pages->len) {			/* G3 */
			ret = -EAGAIN;
			goto unlock;
		}
		message = top_large(box);
		unused = pop(box, *len);				/* G4 */
	} else if (write_message(buf, stack_top(&box->stack, *len), *len) || /* G3 */
		   write_pinned(pages, stack_top(&box->stack, *len), *len)) {
		unused = pop(box, *len);				/* G4 */
	} else {
		ret = -EAGAIN;
	}
unlock:
	spin_unlock(&box->lock);					/* G5 */

	if (unlikely(message)) {
		user_pages_write(pages, message->bytes, *len);
		discard(box, message);					/* G6 */
	}
	if (unlikely(unused))
		segment_free(unused);
	return ret;
}

/*
 * Make the caller's memory ready for so many bytes. Nothing stays pinned while it
 * is brought in: that may take for ever, and others need what is pinned.
 */
static int make_writable(struct user_pages *pages, char __user *buf, size_t len, bool pin)
{
	int err = 0;

	user_pages_unpin(pages);
	if (pin)
		err = user_pages_alloc(pages, buf, len);
	if (!err)
		err = user_memory_fault_in_writable(buf, len);
	if (!err && pin)
		err = user_pages_pin(pages, buf, len);
	return err ? err : before_retry();
}

/* The message on top has len bytes, and the caller's memory is not ready. */
static noinline long get_slowly(struct msgbox *box, char __user *buf, size_t room,
				size_t len)
{
	struct user_pages pages;
	unsigned int round = 0;
	long ret;

	user_pages_init(&pages);
	do {
		bool pin = is_large(len) || ++round > ROUNDS_BEFORE_PIN;

		ret = make_writable(&pages, buf, len, pin);		/* G7 */
		if (ret)
			break;
		ret = try_get(box, buf, room, &pages, &len);
	} while (ret == -EAGAIN);

	user_pages_unpin(&pages);					/* G8 */
	return ret;
}

/**
 * msgbox_get() - take the message that is on top
 * @box: the box
 * @buf: where it goes, in the caller's memory
 * @len: the room there, in bytes
 *
 * Context: Process context, no lock held. May sleep.
 *
 * Return: the message's length in bytes, or as in the uapi header: -ENODATA,
 * -EMSGSIZE, -EFAULT, -ENOSYS; the box is then as before. -EADDRNOTAVAIL if
 * there is no kernel memory to take a large message.
 */
long msgbox_get(struct msgbox *box, char __user *buf, size_t len)
{
	size_t message_len;
	long ret;

	ret = try_get(box, buf, len, NULL, &message_len);
	if (unlikely(ret == -EAGAIN))
		ret = get_slowly(box, buf, len, message_len);
	return ret;
}

/**
 * msgbox_read_stats() - what is in the box, and what has been
 * @box: the box
 * @stats: where it goes
 *
 * Context: Process context. May sleep on PREEMPT_RT.
 */
void msgbox_read_stats(struct msgbox *box, struct msgbox_stats *stats)
{
	spin_lock(&box->lock);
	*stats = box->stats;
	stats->memory = box->held;
	stats->pending = box->pending;
	spin_unlock(&box->lock);
}

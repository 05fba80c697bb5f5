/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The msgstack: a last-in, first-out stack of records in a chain of segments.
 *
 * A record consists of its bytes, padded to a multiple of 4, followed by a 32-bit
 * tag. A record that does not fit in the topmost segment fills that segment and
 * continues at the start of the next one. So each segment below the topmost one is
 * full, no memory is wasted between records, and a record needs no allocation. The
 * lowest segment stays in the msgstack until the msgstack is destroyed.
 *
 * There is no locking here: the owner of the msgstack must hold its lock.
 */
#ifndef _DM510_MSGSTACK_H
#define _DM510_MSGSTACK_H

#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/types.h>

#include "segment.h"

/**
 * struct msgstack - records, the newest on top
 * @segment: the topmost segment
 * @top: where the next record begins; the start of the lowest segment if there is
 *       no record
 * @end: the end of the topmost segment
 */
struct msgstack {
	struct segment *segment;
	char *top;
	char *end;
};

/**
 * struct record_bytes - where the bytes of a record are
 * @first: the bytes, or the first part of them
 * @first_len: length of the first part, in bytes
 * @rest: the remaining bytes, at the start of the next segment
 */
struct record_bytes {
	char *first;
	size_t first_len;
	char *rest;
};

static inline void msgstack_init(struct msgstack *stack, struct segment *lowest)
{
	lowest->below = NULL;
	stack->segment = lowest;
	stack->top = lowest->bytes;
	stack->end = segment_end(lowest);
}

static inline bool msgstack_empty(const struct msgstack *stack)
{
	return stack->top == stack->segment->bytes;
}

/* The size of a record of @len bytes, with padding and tag. */
static inline size_t record_size(size_t len)
{
	return ALIGN(len, sizeof(u32)) + sizeof(u32);
}

/* Does a record of @len bytes fit in the topmost segment? */
static inline bool msgstack_has_room(const struct msgstack *stack, size_t len)
{
	return record_size(len) <= stack->end - stack->top;
}

/**
 * msgstack_next() - find out where the bytes of the next record go
 * @stack: the msgstack
 * @len: length of the record, in bytes; at most what a segment holds
 * @next: the segment in which the record continues, or NULL if msgstack_has_room()
 *
 * Return: the place for @len bytes. Write them, then call msgstack_push().
 */
static inline struct record_bytes
msgstack_next(const struct msgstack *stack, size_t len, struct segment *next)
{
	size_t room = stack->end - stack->top;

	return (struct record_bytes) {
		.first = stack->top,
		.first_len = next ? min(len, room) : len,
		.rest = next ? next->bytes : NULL,
	};
}

/**
 * msgstack_push() - add the record that was written at msgstack_next()
 * @stack: the msgstack
 * @len: length of the record, in bytes
 * @tag: stored with the record
 * @next: as for msgstack_next(); the msgstack owns it afterwards
 */
static inline void
msgstack_push(struct msgstack *stack, size_t len, u32 tag, struct segment *next)
{
	size_t size = record_size(len);

	if (likely(!next)) {
		stack->top += size;
	} else {
		size_t room = stack->end - stack->top;

		next->below = stack->segment;
		stack->segment = next;
		stack->top = next->bytes + (size - room);
		stack->end = segment_end(next);
	}
	*(u32 *)(stack->top - sizeof(u32)) = tag;
}

/* The tag of the topmost record. The msgstack must not be empty. */
static inline u32 msgstack_top_tag(const struct msgstack *stack)
{
	return *(u32 *)(stack->top - sizeof(u32));
}

/**
 * msgstack_top() - find the bytes of the topmost record
 * @stack: the msgstack; not empty
 * @len: length of the record, in bytes
 *
 * Return: where they are. They stay there until the next push or pop.
 */
static __always_inline struct record_bytes
msgstack_top(const struct msgstack *stack, size_t len)
{
	size_t used = stack->top - stack->segment->bytes;
	size_t size = record_size(len);
	struct record_bytes bytes;

	if (likely(size <= used)) {
		bytes.first = stack->top - size;
		bytes.first_len = len;
		bytes.rest = NULL;
	} else {
		bytes.first = segment_end(stack->segment->below) - (size - used);
		bytes.first_len = min(len, size - used);
		bytes.rest = stack->segment->bytes;
	}
	return bytes;
}

/**
 * msgstack_pop() - remove the topmost record
 * @stack: the msgstack; not empty
 * @len: length of the record, in bytes
 *
 * Return: the segment that became empty, which the caller owns now, or NULL.
 */
static inline struct segment *
msgstack_pop(struct msgstack *stack, size_t len)
{
	struct segment *segment = stack->segment;
	size_t used = stack->top - segment->bytes;
	size_t size = record_size(len);

	if (likely(size < used || !segment->below)) {
		stack->top -= size;
		return NULL;
	}
	stack->segment = segment->below;
	stack->end = segment_end(stack->segment);
	stack->top = stack->end - (size - used);
	return segment;
}

#endif /* _DM510_MSGSTACK_H */

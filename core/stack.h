/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A stack of records in a chain of segments.
 *
 * A record is its bytes, padded to 4, with a 32-bit tag behind them. Below the
 * topmost segment every segment is full to its end; a record that does not fit
 * in the topmost one fills it up and goes on at the start of the next. So
 * nothing is wasted between records, and nothing is allocated for one. The
 * lowest segment belongs to the stack for good.
 *
 * No locking here: the stack's owner has the lock.
 */
#ifndef _DM510_STACK_H
#define _DM510_STACK_H

#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/types.h>

/**
 * struct segment - a piece of kernel memory
 * @below: the next lower segment of a stack
 * @size: of all of it, in bytes; whole pages
 * @bytes: what it holds
 */
struct segment {
	struct segment *below;
	size_t size;
	char bytes[];
};

/* What a segment of a stack has at least, in bytes. */
#define SEGMENT_SIZE SZ_64K

struct segment *segment_alloc(size_t size);
void segment_free(struct segment *segment);

static inline char *segment_end(const struct segment *segment)
{
	return (char *)segment + segment->size;
}

/**
 * struct stack - records, the newest on top
 * @segment: the topmost segment
 * @top: where the next record begins; at the start of the lowest segment if
 *       there is none
 * @end: of the topmost segment
 */
struct stack {
	struct segment *segment;
	char *top;
	char *end;
};

/**
 * struct record_bytes - where the bytes of a record are
 * @first: where they begin
 * @first_len: how many there are
 * @rest: where the others are, at the start of the next segment
 */
struct record_bytes {
	char *first;
	size_t first_len;
	char *rest;
};

static inline void stack_init(struct stack *stack, struct segment *lowest)
{
	lowest->below = NULL;
	stack->segment = lowest;
	stack->top = lowest->bytes;
	stack->end = segment_end(lowest);
}

static inline bool stack_empty(const struct stack *stack)
{
	return stack->top == stack->segment->bytes;
}

/* What a record of that many bytes takes. */
static inline size_t record_size(size_t len)
{
	return ALIGN(len, sizeof(u32)) + sizeof(u32);
}

/* Does a record of that many bytes fit in the topmost segment? */
static inline bool stack_has_room(const struct stack *stack, size_t len)
{
	return record_size(len) <= stack->end - stack->top;
}

/**
 * stack_next() - where the bytes of the next record would go
 * @stack: the stack
 * @len: how many; at most what a segment holds
 * @next: a segment to go on in; may be NULL if stack_has_room()
 */
static __always_inline struct record_bytes
stack_next(const struct stack *stack, size_t len, struct segment *next)
{
	size_t room = stack->end - stack->top;

	return (struct record_bytes) {
		.first = stack->top,
		.first_len = min(len, room),
		.rest = next ? next->bytes : NULL,
	};
}

/**
 * stack_push() - make a record of the bytes that have been put at stack_next()
 * @stack: the stack
 * @len: how many
 * @tag: to be stored with them
 * @next: as for stack_next(); belongs to the stack now, unless it has room
 */
static __always_inline void
stack_push(struct stack *stack, size_t len, u32 tag, struct segment *next)
{
	size_t room = stack->end - stack->top;
	size_t size = record_size(len);

	if (likely(size <= room)) {
		stack->top += size;
	} else {
		next->below = stack->segment;
		stack->segment = next;
		stack->top = next->bytes + (size - room);
		stack->end = segment_end(next);
	}
	*(u32 *)(stack->top - sizeof(u32)) = tag;
}

/* The tag of the topmost record; there must be one. */
static inline u32 stack_top_tag(const struct stack *stack)
{
	return *(u32 *)(stack->top - sizeof(u32));
}

/**
 * stack_top() - where the bytes of the topmost record are
 * @stack: the stack; not empty
 * @len: how many the record has
 */
static __always_inline struct record_bytes
stack_top(const struct stack *stack, size_t len)
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
 * stack_pop() - forget the topmost record
 * @stack: the stack; not empty
 * @len: how many bytes the record has
 *
 * Return: the topmost segment if it is empty now and no longer the stack's.
 */
static __always_inline struct segment *stack_pop(struct stack *stack, size_t len)
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

#endif /* _DM510_STACK_H */

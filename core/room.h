/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a put needs, asked by puts and by those who wait until they can be made. The box's
 * lock must be held.
 */
#ifndef _DM510_ROOM_H
#define _DM510_ROOM_H

#include <linux/compiler.h>
#include <linux/mm.h>

#include "internal.h"

/* What a put allocates for a copy of its message, in bytes. */
static inline size_t copy_size(size_t len)
{
	return PAGE_ALIGN(sizeof(struct segment) + len);
}

/*
 * May a box that holds @held bytes of kernel memory hold @more? The limit can change at any
 * time, so two calls may give two answers.
 */
static inline bool within_limit(size_t held, size_t more)
{
	size_t max = READ_ONCE(msgbox_limits.max_bytes);

	return held <= max && more <= max - held;
}

/*
 * @spare, the spare segment or NULL, if the msgstack may continue in it. It may be that of
 * a large message, and too large to waste.
 */
static inline struct segment *spare_for_stack(struct segment *spare)
{
	return spare && spare->size <= 2 * SEGMENT_SIZE ? spare : NULL;
}

/* @spare if it may take a copy of @size bytes, and is not too large to waste. */
static inline struct segment *spare_for_copy(struct segment *spare, size_t size)
{
	return spare && size <= spare->size && spare->size <= 2 * size ? spare : NULL;
}

/*
 * What a put adds to the box's memory, in bytes, if the spare segment is @spare and the
 * message is copied into @copy bytes; 0: not copied.
 */
static inline size_t
memory_needed(const struct msgbox *box, struct segment *spare, size_t len, size_t copy)
{
	size_t more = is_large(len) ? copy : 0;

	/* The spare segment cannot be both. */
	if (!msgstack_has_room(&box->stack, record_len(len)) &&
	    (spare_for_copy(spare, copy) || !spare_for_stack(spare)))
		more += SEGMENT_SIZE;
	return more;
}

#endif /* _DM510_ROOM_H */

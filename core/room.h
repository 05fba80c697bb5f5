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
 * The spare segment if the msgstack may continue in it. It may be that of a large
 * message, and too large to waste.
 */
static inline struct segment *spare_for_stack(const struct msgbox *box)
{
	struct segment *spare = box->spare;

	return spare && spare->size <= 2 * SEGMENT_SIZE ? spare : NULL;
}

/* The spare segment if it may take a copy of @size bytes, and is not too large to waste. */
static inline struct segment *spare_for_copy(const struct msgbox *box, size_t size)
{
	struct segment *spare = box->spare;

	return spare && size <= spare->size && spare->size <= 2 * size ? spare : NULL;
}

#endif /* _DM510_ROOM_H */

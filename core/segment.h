/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DM510_SEGMENT_H
#define _DM510_SEGMENT_H

#include <linux/sizes.h>
#include <linux/types.h>

/**
 * struct segment - a piece of kernel memory for records, or for one message
 * @below: the next lower segment of a msgstack
 * @size: size of the whole segment, in bytes; a multiple of the page size
 * @bytes: the contents
 */
struct segment {
	struct segment *below;
	size_t size;
	char bytes[];
};

/* The size of a segment that is allocated for a msgstack, in bytes. */
#define SEGMENT_SIZE SZ_64K

struct segment *segment_alloc(size_t size);
void segment_free(struct segment *segment);

static inline char *segment_end(const struct segment *segment)
{
	return (char *)segment + segment->size;
}

#endif /* _DM510_SEGMENT_H */

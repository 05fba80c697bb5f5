// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "stack.h"

/**
 * segment_alloc() - get memory for a segment
 * @size: of the segment, its header included, in bytes; rounded up to pages
 *
 * Charged to the caller's memory cgroup. Where that has no room, or nobody
 * has, the allocation fails: a message is not worth anybody's life
 * (__GFP_RETRY_MAYFAIL keeps the OOM killer out, for the pages; those of
 * vmalloc's page tables are few), nor a splat. The memory need not be
 * physically contiguous.
 *
 * Context: Process context. May sleep.
 *
 * Return: the segment, or NULL.
 */
struct segment *segment_alloc(size_t size)
{
	struct segment *segment;

	size = PAGE_ALIGN(size);
	segment = __vmalloc(size, GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL |
				  __GFP_NOWARN);
	if (segment)
		segment->size = size;
	return segment;
}

/**
 * segment_free() - give a segment's memory back to the kernel
 * @segment: the segment, or NULL
 *
 * Context: Process context. May sleep.
 */
void segment_free(struct segment *segment)
{
	vfree(segment);
}

// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "segment.h"

/**
 * segment_alloc() - allocate a segment
 * @size: size of the segment with its header, in bytes; rounded up to whole pages
 *
 * The memory is charged to the caller's memory cgroup and need not be physically
 * contiguous. If the cgroup's limit is reached or the machine is out of memory, the
 * allocation fails without a splat. __GFP_RETRY_MAYFAIL keeps the OOM killer away:
 * no process should die for a message. It covers the pages, but not vmalloc's page
 * tables, which are few.
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
 * segment_free() - return the memory of a segment to the kernel
 * @segment: the segment, or NULL
 *
 * Context: Process context. May sleep.
 */
void segment_free(struct segment *segment)
{
	vfree(segment);
}

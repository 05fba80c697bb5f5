/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The memory that calls read and write. Each thread has an arena, which is a file
 * that is mapped twice. Calls use one mapping, the view, whose pages may be missing
 * or protected. The test fills and checks the same bytes through the other mapping,
 * which is always accessible.
 */
#ifndef FUZZ_MEMORY_H
#define FUZZ_MEMORY_H

#include "program.h"

/* Bytes before and after a message that no call may write. */
#define MARGIN	64

/**
 * struct buffer - the memory of one operation
 * @addr: the address that is passed to the call
 * @alias: the same bytes, always accessible; NULL if there are none
 * @size: the number of bytes
 * @blank: the value of each byte before a get
 */
struct buffer {
	char *addr;
	char *alias;
	size_t size;
	unsigned char blank;
	const struct op *op;
	struct arena *arena;
};

enum access { GOOD, BAD, UNKNOWN };

void memory_init(void);

/* largest: the longest message that may be written there. */
void buffer_setup(struct buffer *buffer, int thread, const struct op *op, size_t largest);
/* Before each call: removes the pages that the last call faulted in. */
void buffer_renew(struct buffer *buffer);
void buffer_teardown(struct buffer *buffer);

/* Returns whether the first len bytes can be read, or written. */
enum access buffer_access(const struct buffer *buffer, long len, bool writing);

#endif

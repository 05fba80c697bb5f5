/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The memory that calls are given. Each thread has an arena: a file of its own,
 * mapped twice. One mapping, the view, is what calls get, with its pages there or
 * not; the other one is always whole, so that what a call reads and has written
 * can be put and seen there whatever happens to the view.
 */
#ifndef FUZZ_MEMORY_H
#define FUZZ_MEMORY_H

#include "program.h"

/* Bytes around a message that nobody may write. */
#define MARGIN	64

/**
 * struct place - the memory of one operation
 * @buf: what the call gets
 * @seen: the same bytes for us; NULL if there are none
 * @size: how many there are
 * @blank: what each byte is before a get
 */
struct place {
	char *buf;
	char *seen;
	size_t size;
	unsigned char blank;
	const struct op *op;
	struct arena *arena;
};

enum access { GOOD, BAD, UNKNOWN };

void memory_init(void);

/* largest: the longest message that may be written there. */
void place_begin(struct place *place, int thread, const struct op *op, size_t largest);
/* Before the next call: makes it again what the last call has changed of it. */
void place_renew(struct place *place);
void place_end(struct place *place);

/* May so many bytes from the beginning be read, or written? */
enum access place_access(const struct place *place, long len, bool writing);

#endif

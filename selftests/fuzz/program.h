/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A case: calls for one to four threads, as a line of text that can be kept and
 * run again. A word is an operation:
 *
 *	THREAD p LENGTH [xTIMES] [.LAYOUT] [+OFFSET] [@BYTE]	put
 *	THREAD g LENGTH [xTIMES] [.LAYOUT] [+OFFSET] [@BYTE]	get
 *	THREAD d		get until there is nothing
 *	THREAD c		compare the figures
 *	THREAD b BYTES		set max_bytes
 *	THREAD m BYTES		set max_message_bytes
 *	THREAD n BYTES		set max_pending_bytes
 *
 * without spaces: `0p300x5.none+4090@20` puts 300 bytes five times, from memory
 * that begins 4090 bytes into a page and whose page with byte 20 is not there.
 * A thread runs its operations in their order, the threads run at once.
 */
#ifndef FUZZ_PROGRAM_H
#define FUZZ_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define THREADS_MAX	4
#define OPS_MAX		24
/* A message to /dev/kmsg holds not many more. */
#define TEXT_MAX	900

/* The longest message whose bytes there are; longer ones can only fail. */
#define LEN_MAX		((1 << 20) + (64 << 10))
#define OFFSET_MAX	8191
#define TIMES_MAX	200

/* What one case may do in all: cases are to be many. */
#define CALLS_MAX	500
#define COST_MAX	(4 << 20)

enum action {
	PUT, GET, DRAIN, FIGURES,
	SET_MAX_BYTES, SET_MAX_MESSAGE_BYTES, SET_MAX_PENDING_BYTES,
	ACTIONS
};

enum layout {
	PLAIN,		/* all pages are there */
	MISSING,	/* none is there yet */
	FRESH,		/* anonymous memory that nobody has touched */
	READONLY,	/* the page with byte @ can be read only */
	NONE,		/* that page has no access */
	UNMAPPED,	/* ... is no memory */
	BEYOND,		/* ... is beyond the end of its file */
	DROPPED,	/* another thread drops the pages all the time */
	PROTECTED,	/* another thread takes the access away and gives it back */
	NOWHERE,	/* NULL */
	DESCRIPTOR,	/* a file descriptor, as a put sees it */
	KERNEL,		/* an address of the kernel's */
	NONCANONICAL,	/* an address that cannot be */
	LAYOUTS
};

struct op {
	int thread;
	enum action action;
	long value;
	int times;
	enum layout layout;
	int offset;
	int at;
};

struct program {
	int count;
	struct op op[OPS_MAX];
};

bool program_parse(const char *text, struct program *program);
void program_print(const struct program *program, char text[TEXT_MAX]);

/* How many bytes are read and written for it, roughly: what it takes in time. */
long program_cost(const struct program *program);
/* Does it stay within what a case may do? */
bool program_is_small(const struct program *program);

int program_threads(const struct program *program);
bool program_has(const struct program *program, enum action action);
/* The longest message that it can put. */
size_t program_largest(const struct program *program);

static inline bool is_call(const struct op *op)
{
	return op->action == PUT || op->action == GET;
}

/* Does another thread change the memory meanwhile? */
static inline bool is_disturbed(enum layout layout)
{
	return layout == DROPPED || layout == PROTECTED;
}

#endif

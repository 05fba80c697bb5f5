/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A case is a program of calls for one to four threads. As a line of text it can be
 * kept and run again. Each word is an operation:
 *
 *	THREAD p LENGTH [xTIMES] [.LAYOUT] [+OFFSET] [@BYTE]	put
 *	THREAD g LENGTH [xTIMES] [.LAYOUT] [+OFFSET] [@BYTE]	get
 *	THREAD d		get until the box is empty
 *	THREAD c		compare the figures with the model
 *	THREAD b BYTES		set max_bytes
 *	THREAD m BYTES		set max_message_bytes
 *	THREAD n BYTES		set max_pending_bytes
 *
 * without spaces. `0p300x5.none+4090@20` puts 300 bytes five times, from memory
 * that begins 4090 bytes into a page; the page that holds byte 20 has no access.
 * Each thread runs its operations in order; all threads run at the same time.
 */
#ifndef FUZZ_PROGRAM_H
#define FUZZ_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define THREADS_MAX	4
#define OPS_MAX		24
/* A record of /dev/kmsg cannot be much longer. */
#define TEXT_MAX	900

/* The longest message that memory is provided for; a longer one can only fail. */
#define LEN_MAX		((1 << 20) + (64 << 10))
#define OFFSET_MAX	8191
#define TIMES_MAX	200

/* Limits for a whole case, to keep cases short. */
#define CALLS_MAX	500
#define COST_MAX	(4 << 20)

enum action {
	PUT, GET, DRAIN, FIGURES,
	SET_MAX_BYTES, SET_MAX_MESSAGE_BYTES, SET_MAX_PENDING_BYTES,
	ACTIONS
};

enum layout {
	PLAIN,		/* all pages are present */
	MISSING,	/* no page is present */
	FRESH,		/* new anonymous memory, never touched */
	READONLY,	/* the page with byte @ is read-only */
	NONE,		/* that page has no access (PROT_NONE) */
	UNMAPPED,	/* that page is not mapped */
	BEYOND,		/* that page is beyond the end of its file */
	DROPPED,	/* another thread keeps dropping the pages */
	PROTECTED,	/* another thread keeps removing and restoring access */
	NOWHERE,	/* NULL */
	DESCRIPTOR,	/* a number that put takes for a file descriptor */
	KERNEL,		/* a kernel address */
	NONCANONICAL,	/* a non-canonical address */
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

/* Roughly the number of bytes that the case reads and writes. */
long program_cost(const struct program *program);
/* Returns whether the case stays within CALLS_MAX and COST_MAX. */
bool program_within_limits(const struct program *program);

int program_threads(const struct program *program);
bool program_has(const struct program *program, enum action action);
/* The length of the longest message that the case can put. */
size_t program_largest(const struct program *program);

static inline bool is_call(const struct op *op)
{
	return op->action == PUT || op->action == GET;
}

/* Returns whether another thread changes the memory during the calls. */
static inline bool is_disturbed(enum layout layout)
{
	return layout == DROPPED || layout == PROTECTED;
}

#endif

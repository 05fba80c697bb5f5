/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What calls have to return: the contract's table, once for a thread that is alone,
 * where a stack tells it exactly, and once for several at once, where some of it
 * depends on the others.
 */
#ifndef FUZZ_ORACLE_H
#define FUZZ_ORACLE_H

#include "memory.h"

/* A call that cannot have returned what it has. */
#define SOMETHING_ELSE	(-10000)

/**
 * struct call - a call that has returned
 * @ret: what
 * @content: a hash of the message put or got
 * @held: kernel memory before it, where a limit may be near
 */
struct call {
	const struct op *op;
	const struct place *place;
	long ret;
	unsigned long content;
	long held;
};

/* The longest stack: what a case can put. */
struct model {
	long max_bytes;
	long max_message_bytes;
	long max_pending_bytes;
	long bytes;
	int depth;
	struct {
		long len;
		unsigned long content;
	} message[CALLS_MAX];
};

void model_init(struct model *model);
/*
 * What the call should have returned, which is what it has returned if that is
 * right. It has then happened to the model as well.
 */
long model_put(struct model *model, const struct call *call);
long model_get(struct model *model, const struct call *call);
/* 0, or the error. */
long model_set_limit(struct model *model, const struct op *op);
/* Is the limit so low that it matters? */
bool model_is_limited(const struct model *model, const struct op *op);

/**
 * struct range - what holds whatever the threads' order
 * @largest: no message is longer
 * @lowest, @highest: what max_message_bytes may be
 * @limited: whether max_bytes or max_pending_bytes changes
 */
struct range {
	long largest;
	long lowest, highest;
	bool limited;
};

void range_init(struct range *range, const struct program *program);
long range_put(const struct range *range, const struct call *call);
long range_get(const struct range *range, const struct call *call);

#endif

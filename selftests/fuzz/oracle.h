/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The results that calls must return. For a single thread, struct model predicts
 * each result exactly. For several threads, struct range says which results are
 * possible, whatever the order of the calls.
 */
#ifndef FUZZ_ORACLE_H
#define FUZZ_ORACLE_H

#include "memory.h"

/* Equals no result: what the call returned or delivered is wrong. */
#define WRONG_RESULT	(-10000)

/**
 * struct call - a call that has returned
 * @ret: what the call returned
 * @content: a hash of the message
 * @held: the box's memory before the call, if a limit may be near
 */
struct call {
	const struct op *op;
	const struct buffer *buffer;
	long ret;
	unsigned long content;
	long held;
};

/**
 * struct model - the box, as it must be after a single thread's calls
 * @bytes: sum of the messages' lengths
 * @depth: the number of messages
 * @message: the messages, as many as a case can put
 */
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
 * Return what the call must return. If that equals call->ret, the model has been
 * updated as well.
 */
long model_put(struct model *model, const struct call *call);
long model_get(struct model *model, const struct call *call);
/* Returns 0, or the error that setting the parameter must give. */
long model_set_limit(struct model *model, const struct op *op);
/* Returns whether the put may reach the limit of the box. */
bool model_is_limited(const struct model *model, const struct op *op);

/**
 * struct range - what limits the results if several threads make calls
 * @largest: the length of the longest message that the case can put
 * @lowest: the lowest value that max_message_bytes may have
 * @highest: the highest value that max_message_bytes may have
 * @limited: whether the case changes max_bytes or max_pending_bytes
 */
struct range {
	long largest;
	long lowest, highest;
	bool limited;
};

void range_init(struct range *range, const struct program *program);
/* Return call->ret if it is possible, else what the call must return. */
long range_put(const struct range *range, const struct call *call);
long range_get(const struct range *range, const struct call *call);

#endif

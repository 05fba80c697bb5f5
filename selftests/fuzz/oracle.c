// SPDX-License-Identifier: GPL-2.0
#include "../lib/calls.h"
#include "../lib/segment.h"
#include "oracle.h"

#define MAX_BYTES		(64L * MIB)
#define MAX_MESSAGE_BYTES	(4L * MIB)
#define MAX_PENDING_BYTES	(64L * MIB)
/* A longer message has its own segment, which begins with a header. */
#define SMALL_MAX		(8 * KIB)
#define HEADER			16

#define MAX_BYTES_MIN	(2 * SEGMENT)
#define MAX_PENDING_MIN	(8 * SEGMENT)

void model_init(struct model *model)
{
	model->max_bytes = MAX_BYTES;
	model->max_message_bytes = MAX_MESSAGE_BYTES;
	model->max_pending_bytes = MAX_PENDING_BYTES;
	model->bytes = 0;
	model->depth = 0;
}

static long new_max_message_bytes(const struct op *op, long old)
{
	return op->value >= 1 && op->value <= INT_MAX ? op->value : old;
}

long model_set_limit(struct model *model, const struct op *op)
{
	if (op->action == SET_MAX_MESSAGE_BYTES) {
		if (op->value < 1 || op->value > INT_MAX)
			return -EINVAL;
		model->max_message_bytes = op->value;
	} else if (op->action == SET_MAX_PENDING_BYTES) {
		if (op->value < MAX_PENDING_MIN)
			return -EINVAL;
		model->max_pending_bytes = op->value;
	} else {
		if (op->value < MAX_BYTES_MIN)
			return -EINVAL;
		model->max_bytes = op->value;
	}
	return 0;
}

bool model_is_limited(const struct model *model, const struct op *op)
{
	return model->max_bytes != MAX_BYTES || op->value > LEN_MAX;
}

/* Upper estimate of what a put needs: its own segment, in pages, and one of the msgstack. */
static bool may_be_full(const struct model *model, const struct call *call)
{
	long more = call->op->value + 2 * PAGE + SEGMENT;

	return model_is_limited(model, call->op) && call->held + more > model->max_bytes;
}

/* Lower estimate of what a put needs; it may free the spare segment to make room. */
static bool must_be_full(const struct model *model, const struct call *call)
{
	long more = call->op->value > SEGMENT ? call->op->value : 0;

	return model_is_limited(model, call->op) &&
	       call->held - SPARE_MAX + more > model->max_bytes;
}

static bool is_fchmodat2(const struct call *call)
{
	return call->op->layout == DESCRIPTOR;
}

/* One put may reserve at most a quarter of max_pending_bytes. */
static bool exceeds_pending_limit(const struct model *model, const struct call *call)
{
	long segment = (call->op->value + HEADER + PAGE - 1) / PAGE * PAGE;

	return call->op->value > SMALL_MAX && segment > model->max_pending_bytes / 4;
}

static bool is_invalid(const struct call *call)
{
	return !call->buffer->addr || call->op->value < 0;
}

static bool faults(const struct call *call, long len)
{
	enum access access = buffer_access(call->buffer, len, call->op->action == GET);

	return access == BAD || (access == UNKNOWN && call->ret == -EFAULT);
}

static long expected_put(const struct model *model, const struct call *call)
{
	if (is_fchmodat2(call))
		return -ENOSYS;
	if (is_invalid(call))
		return -EINVAL;
	if (call->op->value > model->max_message_bytes)
		return -EMSGSIZE;
	if (must_be_full(model, call) || (call->ret == -EAGAIN && may_be_full(model, call)))
		return -EAGAIN;
	if (exceeds_pending_limit(model, call))
		return -EAGAIN;
	return faults(call, call->op->value) ? -EFAULT : 0;
}

long model_put(struct model *model, const struct call *call)
{
	long expected = expected_put(model, call);

	if (expected || call->ret)
		return expected;
	model->bytes += call->op->value;
	model->message[model->depth].len = call->op->value;
	model->message[model->depth++].content = call->content;
	return 0;
}

static long expected_get(const struct model *model, const struct call *call)
{
	long len;

	if (is_invalid(call))
		return -EINVAL;
	if (!model->depth)
		return -ENODATA;
	len = model->message[model->depth - 1].len;
	if (len > call->op->value)
		return -EMSGSIZE;
	return faults(call, len) ? -EFAULT : len;
}

long model_get(struct model *model, const struct call *call)
{
	long expected = expected_get(model, call);

	if (expected < 0 || call->ret != expected)
		return expected;
	if (model->message[model->depth - 1].content != call->content)
		return WRONG_RESULT;
	model->depth--;
	model->bytes -= call->ret;
	return call->ret;
}

void range_init(struct range *range, const struct program *program)
{
	range->largest = program_largest(program);
	range->lowest = MAX_MESSAGE_BYTES;
	range->highest = MAX_MESSAGE_BYTES;
	range->limited = program_has(program, SET_MAX_BYTES) ||
			 program_has(program, SET_MAX_PENDING_BYTES);
	for (int i = 0; i < program->count; i++) {
		const struct op *op = &program->op[i];
		long max;

		if (op->action != SET_MAX_MESSAGE_BYTES)
			continue;
		max = new_max_message_bytes(op, MAX_MESSAGE_BYTES);
		range->lowest = max < range->lowest ? max : range->lowest;
		range->highest = max > range->highest ? max : range->highest;
	}
}

long range_put(const struct range *range, const struct call *call)
{
	long len = call->op->value;

	if (is_fchmodat2(call))
		return -ENOSYS;
	if (is_invalid(call))
		return -EINVAL;
	if (len > range->highest || (len > range->lowest && call->ret == -EMSGSIZE))
		return -EMSGSIZE;
	if (call->ret == -EAGAIN && (range->limited || len > LEN_MAX))
		return -EAGAIN;
	return faults(call, len) ? -EFAULT : 0;
}

long range_get(const struct range *range, const struct call *call)
{
	long room = call->op->value;
	long most = room < range->largest ? room : range->largest;

	if (is_invalid(call))
		return -EINVAL;
	if (call->ret == -ENODATA)
		return -ENODATA;
	if (call->ret == -EMSGSIZE && room < range->largest)
		return -EMSGSIZE;
	if (call->ret == -EFAULT && buffer_access(call->buffer, most, true) != GOOD)
		return -EFAULT;
	if (call->ret >= 0 && call->ret <= most &&
	    buffer_access(call->buffer, call->ret, true) != BAD)
		return call->ret;
	return WRONG_RESULT;
}

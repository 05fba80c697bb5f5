// SPDX-License-Identifier: GPL-2.0
/* Makes new cases, at random or from cases of the corpus. */
#include <limits.h>

#include "../lib/calls.h"
#include "../lib/segment.h"
#include "mutate.h"

static unsigned long dice(unsigned long *random, unsigned long sides)
{
	return next_random(random) % sides;
}

/* Lengths around which the store or the kernel changes its behavior. */
static const int borders[] = {
	0, 4, 8, 64, 4 * KIB, 8 * KIB, 64 * KIB, 68 * KIB, 128 * KIB, MIB,
};

static long random_len(unsigned long *random)
{
	static const int odd[] = { -1, INT_MIN, INT_MAX, 4 * MIB, 4 * MIB + 1, LEN_MAX };
	int most_borders = dice(random, 16) ? 6 : ARRAY_SIZE(borders);

	switch (dice(random, 32)) {
	case 0:
		return odd[dice(random, ARRAY_SIZE(odd))];
	case 1:
		return dice(random, dice(random, 8) ? 256 * KIB : LEN_MAX + 1);
	case 2 ... 6:
		return dice(random, 3 * PAGE);
	case 7:
		/* Around a quarter of the lowest max_pending_bytes. */
		return 128 * KIB - 64 + dice(random, 64 * KIB);
	case 8 ... 17:
		return labs(borders[dice(random, most_borders)] - 8 + (long)dice(random, 17));
	default:
		return dice(random, 300);
	}
}

static long random_max_bytes(unsigned long *random)
{
	return dice(random, 4) ? 128 * KIB + dice(random, 128) * KIB : dice(random, 64 * MIB);
}

/* One put may reserve at most a quarter of max_pending_bytes. */
static long random_max_pending_bytes(unsigned long *random)
{
	long most = dice(random, 4) ? 128 * KIB : 64 * MIB;

	return 512 * KIB - PAGE + dice(random, most);
}

static int random_offset(unsigned long *random)
{
	switch (dice(random, 4)) {
	case 0:
		return dice(random, OFFSET_MAX + 1);
	case 1:
		return PAGE - 1 - dice(random, 16);
	default:
		return 0;
	}
}

static void random_memory(struct op *op, unsigned long *random)
{
	long most = op->value < 1 ? 1 : op->value > LEN_MAX ? LEN_MAX : op->value;

	op->layout = dice(random, 3) ? PLAIN : dice(random, LAYOUTS);
	op->offset = random_offset(random);
	op->at = 0;
	if (op->layout >= READONLY && op->layout <= BEYOND)
		op->at = dice(random, 2) ? (long)dice(random, most) : most - 1;
}

static void random_op(struct op *op, int threads, unsigned long *random)
{
	*op = (struct op) { .thread = dice(random, threads), .times = 1 };
	switch (dice(random, 32)) {
	case 0:
		op->action = SET_MAX_BYTES;
		op->value = random_max_bytes(random);
		return;
	case 1:
		op->action = SET_MAX_MESSAGE_BYTES;
		op->value = dice(random, 8) ? 1 + dice(random, 3 * PAGE) : INT_MAX;
		return;
	case 2:
		op->action = SET_MAX_PENDING_BYTES;
		op->value = random_max_pending_bytes(random);
		return;
	case 3:
		op->action = DRAIN;
		return;
	case 4:
		op->action = FIGURES;
		return;
	case 5 ... 19:
		op->action = PUT;
		op->value = random_len(random);
		break;
	default:
		op->action = GET;
		op->value = dice(random, 2) ? LEN_MAX : random_len(random);
	}
	if (!dice(random, 3))
		op->times = 1 + dice(random, dice(random, 2) ? 8 : TIMES_MAX);
	random_memory(op, random);
}

/*
 * Estimates how many bytes the msgstack holds before an operation, as if each call
 * had succeeded and each get had taken a message as long as the last put. It needs
 * to be right only now and then.
 */
static long estimate_fill(const struct program *program, int op)
{
	long filled = 0, last = 4;

	for (int i = 0; i < op; i++) {
		const struct op *each = &program->op[i];

		if (each->action == PUT && each->value >= 0 && each->value <= LEN_MAX) {
			last = each->value > 8 * KIB ? 12 : (each->value + 7) & ~3L;
			filled += each->times * last;
		} else if (each->action == GET) {
			filled -= each->times * last;
		}
		if (filled < 0 || each->action == DRAIN)
			filled = 0;
	}
	return filled;
}

/* Makes a message end at the end of a segment, or just before or after it. */
static void end_at_segment(struct program *program, int op, unsigned long *random)
{
	/* Without the header. */
	static const long segment = SEGMENT - 16;
	long left = segment - estimate_fill(program, op) % segment;
	long len = left - 12 + (long)dice(random, 17);

	if (len >= 0 && len <= 8 * KIB)
		program->op[op].value = len;
	else
		program->op[op] = (struct op) {
			.action = PUT, .value = 8 * KIB - 4, .times = left / (8 * KIB) ?: 1,
		};
}

static void change_op(struct program *program, int threads, unsigned long *random)
{
	int at = dice(random, program->count);
	struct op *op = &program->op[at];

	switch (dice(random, 6)) {
	case 0:
		op->thread = dice(random, threads);
		break;
	case 1:
		op->times = 1 + dice(random, TIMES_MAX);
		break;
	case 2:
		random_memory(op, random);
		break;
	case 3:
		if (op->action == PUT)
			end_at_segment(program, at, random);
		break;
	case 4:
		op->value = is_call(op) ? random_len(random) : random_max_bytes(random);
		break;
	default:
		random_op(op, threads, random);
	}
}

static void insert_op(struct program *program, int threads, unsigned long *random)
{
	int at = dice(random, program->count + 1);

	if (program->count == OPS_MAX)
		return;
	memmove(program->op + at + 1, program->op + at,
		(program->count++ - at) * sizeof(*program->op));
	random_op(program->op + at, threads, random);
}

static void remove_ops(struct program *program, unsigned long *random)
{
	int at = dice(random, program->count);
	int most = program->count - at;
	int many = 1 + dice(random, most);

	if (many == program->count)
		return;
	memmove(program->op + at, program->op + at + many,
		(most - many) * sizeof(*program->op));
	program->count -= many;
}

/* Replaces the end of the case with the end of another one. */
static void replace_end(struct program *program, const struct program *other,
			unsigned long *random)
{
	int keep = 1 + dice(random, program->count);
	int from = dice(random, other->count);

	program->count = keep;
	while (program->count < OPS_MAX && from < other->count)
		program->op[program->count++] = other->op[from++];
}

/* Distributes the operations over one thread or several. */
static void reassign_threads(struct program *program, int threads, unsigned long *random)
{
	for (int i = 0; i < program->count; i++)
		program->op[i].thread = dice(random, threads);
}

static void mutate_once(struct program *program, const struct program *other,
			unsigned long *random)
{
	int threads = program_threads(program);

	switch (dice(random, 12)) {
	case 0:
		replace_end(program, other, random);
		break;
	case 1:
		reassign_threads(program, 1 + dice(random, THREADS_MAX), random);
		break;
	case 2 ... 3:
		remove_ops(program, random);
		break;
	case 4 ... 6:
		insert_op(program, threads, random);
		break;
	default:
		change_op(program, threads, random);
	}
}

void program_mutate(struct program *program, const struct program *other, unsigned long *random)
{
	struct program before = *program;

	do {
		*program = before;
		for (int i = 1 + dice(random, 4); i; i--)
			mutate_once(program, other, random);
	} while (!program_within_limits(program));
}

void program_random(struct program *program, unsigned long *random)
{
	int threads = dice(random, 3) ? 1 : 1 + dice(random, THREADS_MAX);

	do {
		program->count = 1 + dice(random, OPS_MAX / 2);
		for (int i = 0; i < program->count; i++)
			random_op(&program->op[i], threads, random);
	} while (!program_within_limits(program));
}

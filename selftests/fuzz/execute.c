// SPDX-License-Identifier: GPL-2.0
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "../lib/calls.h"
#include "../lib/segment.h"
#include "coverage.h"
#include "execute.h"
#include "figures.h"
#include "memory.h"
#include "oracle.h"

/* Hashes of messages, with room for messages that are wrongly delivered twice. */
struct hashes {
	size_t count;
	unsigned long of[2 * CALLS_MAX];
};

/**
 * struct worker - a thread that runs operations of a case
 * @alone: whether the case has no other thread
 * @largest: length of the longest message that the case can put
 * @put: the messages that this thread has put
 * @got: the messages that it has taken out
 * @why: the first failure
 */
struct worker {
	int thread;
	const struct program *program;
	bool alone;
	size_t largest;
	struct tally tally;
	struct hashes put, got;
	char why[WHY_MAX];
	sem_t start;
};

static struct worker workers[THREADS_MAX];
static sem_t finished;
static atomic_int arrived;
static int expected_threads;

/* The case's expected results: the model if one thread is alone, the range if not. */
static struct model model;
static struct range range;
static atomic_ulong messages;

static const char zeros[LEN_MAX];

static unsigned long hash(const char *bytes, size_t len)
{
	unsigned long part, state = len;

	for (; len >= sizeof(part); len -= sizeof(part), bytes += sizeof(part)) {
		memcpy(&part, bytes, sizeof(part));
		state = (state ^ part) * 0x9e3779b97f4a7c15;
		state ^= state >> 29;
	}
	part = 0;
	memcpy(&part, bytes, len);
	state = (state ^ part) * 0xbf58476d1ce4e5b9;
	return state ^ state >> 32;
}

/* The length is an int: the kernel must ignore the register's upper 32 bits. */
static long make_call(long nr, void *buf, int len)
{
	long ret = syscall(nr, buf, (unsigned int)len | 0x5aL << 56 | 1L << 32);

	return ret == -1 ? -errno : ret;
}

/* Writes a unique message and returns its hash; fresh memory stays untouched. */
static unsigned long write_message(const struct buffer *buffer)
{
	long len = buffer->op->value;

	if (!buffer->alias || len < 0 || len > LEN_MAX)
		return 0;
	if (buffer->op->layout == FRESH)
		return hash(zeros, len);
	fill(buffer->alias, len, ++messages);
	return hash(buffer->alias, len);
}

/* Blanks all the bytes that a get may write, and the margins around them. */
static void blank_buffer(const struct worker *worker, const struct buffer *buffer)
{
	if (buffer->alias && buffer->blank)
		memset(buffer->alias - MARGIN, buffer->blank, worker->largest + 2 * MARGIN);
}

static bool is_blank(const struct buffer *buffer, const char *from, const char *to)
{
	return from >= to || (*from == (char)buffer->blank &&
			      !memcmp(from, from + 1, to - from - 1));
}

static bool is_all_blank(const struct worker *worker, const struct buffer *buffer)
{
	return !buffer->alias || !buffer->blank ||
	       is_blank(buffer, buffer->alias - MARGIN, buffer->alias + worker->largest + MARGIN);
}

/*
 * Returns whether the call wrote nothing near the message but the message, then
 * blanks the message. Bytes further away are checked after the last call.
 */
static bool is_blank_around(const struct worker *worker, const struct buffer *buffer, long ret)
{
	long largest = worker->largest, written = ret < 0 ? 0 : ret, near;
	bool good;

	/* A get that faulted may have written a part of the message. */
	if (ret == -EFAULT)
		written = buffer->op->value < largest ? buffer->op->value : largest;
	if (!buffer->alias)
		return true;
	near = (written + PAGE < largest ? written + PAGE : largest) + MARGIN;
	good = is_blank(buffer, buffer->alias - MARGIN, buffer->alias) &&
	       is_blank(buffer, buffer->alias + written, buffer->alias + near);
	if (buffer->blank)
		memset(buffer->alias, buffer->blank, written);
	return good;
}

static bool fail(struct worker *worker, const struct op *op, const char *what)
{
	struct program one = { .count = 1, .op = { *op } };
	char text[TEXT_MAX];

	program_print(&one, text);
	if (!*worker->why)
		snprintf(worker->why, sizeof(worker->why), "%.100s %s", text, what);
	return false;
}

static bool check_result(struct worker *worker, const struct call *call, long expected)
{
	const struct op *op = call->op;
	char what[80];

	if (expected == WRONG_RESULT) {
		snprintf(what, sizeof(what), "wrong result %ld, or wrong bytes", call->ret);
		return fail(worker, op, what);
	}
	if (!tally_add(&worker->tally, op->action, call->ret) || expected != call->ret) {
		snprintf(what, sizeof(what), "returned %ld, expected %ld", call->ret, expected);
		return fail(worker, op, what);
	}
	coverage_add_outcome(op->action << 24 | op->layout << 16 | worker->alone << 15 |
			     (call->ret < 0 ? -call->ret : 0));
	return true;
}

static bool put_once(struct worker *worker, const struct buffer *buffer)
{
	struct call call = { .op = buffer->op, .buffer = buffer };
	bool limited = worker->alone && model_is_limited(&model, buffer->op);

	call.content = write_message(buffer);
	if (limited)
		call.held = figure_memory();
	call.ret = make_call(put_nr, buffer->addr, buffer->op->value);
	if (!call.ret)
		worker->put.of[worker->put.count++] = call.content;
	if (limited && !call.ret && figure_memory() > model.max_bytes)
		return fail(worker, buffer->op, "the box holds more memory than max_bytes");
	return check_result(worker, &call, worker->alone ? model_put(&model, &call) :
							   range_put(&range, &call));
}

static bool get_once(struct worker *worker, const struct buffer *buffer, long *ret)
{
	struct call call = { .op = buffer->op, .buffer = buffer };

	call.ret = make_call(get_nr, buffer->addr, buffer->op->value);
	*ret = call.ret;
	if (call.ret > 0 && (!buffer->alias || (size_t)call.ret > worker->largest))
		return fail(worker, buffer->op, "returned more than the longest message");
	if (call.ret >= 0) {
		call.content = hash(call.ret ? buffer->alias : zeros, call.ret);
		if (worker->got.count < ARRAY_SIZE(worker->got.of))
			worker->got.of[worker->got.count++] = call.content;
	}
	if (!is_blank_around(worker, buffer, call.ret))
		return fail(worker, buffer->op, "wrote outside the message");
	return check_result(worker, &call, worker->alone ? model_get(&model, &call) :
							   range_get(&range, &call));
}

static bool do_puts(struct worker *worker, const struct op *op)
{
	struct buffer buffer;
	bool good = true;

	buffer_setup(&buffer, worker->thread, op, worker->largest);
	for (int i = 0; good && i < op->times; i++) {
		buffer_renew(&buffer);
		good = put_once(worker, &buffer);
	}
	buffer_teardown(&buffer);
	return good;
}

static bool do_gets(struct worker *worker, const struct op *op, bool until_empty)
{
	struct buffer buffer;
	bool good = true;
	long ret = 0;

	buffer_setup(&buffer, worker->thread, op, worker->largest);
	blank_buffer(worker, &buffer);
	for (int i = 0; good && i < op->times && !(until_empty && ret == -ENODATA); i++) {
		buffer_renew(&buffer);
		good = get_once(worker, &buffer, &ret);
	}
	if (good && !is_all_blank(worker, &buffer))
		good = fail(worker, op, "wrote far beyond the message");
	buffer_teardown(&buffer);
	return good;
}

static bool drain_box(struct worker *worker)
{
	const struct op op = { .action = GET, .value = LEN_MAX, .times = 2 * CALLS_MAX };

	return do_gets(worker, &op, true);
}

static bool check_figures(struct worker *worker, const struct op *op)
{
	long count = figure_count(), bytes = figure_bytes();
	char what[80];

	if (!worker->alone || (count == model.depth && bytes == model.bytes))
		return true;
	snprintf(what, sizeof(what), "shows %ld messages, %ld bytes; expected %d, %ld",
		 count, bytes, model.depth, model.bytes);
	return fail(worker, op, what);
}

static bool set_limit(struct worker *worker, const struct op *op)
{
	static const char * const names[ACTIONS] = {
		[SET_MAX_BYTES] = "max_bytes",
		[SET_MAX_MESSAGE_BYTES] = "max_message_bytes",
		[SET_MAX_PENDING_BYTES] = "max_pending_bytes",
	};
	long ret = set_parameter(names[op->action], op->value);
	char what[60];

	if (!worker->alone)
		return true;
	if (ret == model_set_limit(&model, op))
		return true;
	snprintf(what, sizeof(what), "returned %ld", ret);
	return fail(worker, op, what);
}

static bool do_op(struct worker *worker, const struct op *op)
{
	switch (op->action) {
	case PUT:
		return do_puts(worker, op);
	case GET:
		return do_gets(worker, op, false);
	case DRAIN:
		return drain_box(worker);
	case FIGURES:
		return check_figures(worker, op);
	default:
		return set_limit(worker, op);
	}
}

static void run_thread(struct worker *worker)
{
	const struct program *program = worker->program;

	for (int i = 0; i < program->count; i++)
		if (program->op[i].thread == worker->thread &&
		    !do_op(worker, &program->op[i]))
			return;
}

static void wait_for_all_threads(void)
{
	atomic_fetch_add(&arrived, 1);
	while (atomic_load(&arrived) < expected_threads)
		sched_yield();
}

static void *worker_main(void *argument)
{
	struct worker *worker = argument;

	coverage_begin_thread(worker->thread);
	for (;;) {
		while (sem_wait(&worker->start))
			;
		wait_for_all_threads();
		run_thread(worker);
		sem_post(&finished);
	}
	return NULL;
}

void execute_init(void)
{
	pthread_t thread;

	sem_init(&finished, 0, 0);
	coverage_begin_thread(0);
	for (int i = 1; i < THREADS_MAX; i++) {
		workers[i].thread = i;
		sem_init(&workers[i].start, 0, 0);
		if (pthread_create(&thread, NULL, worker_main, &workers[i]))
			abort();
	}
}

static void worker_begin(struct worker *worker, const struct program *program)
{
	worker->program = program;
	worker->alone = expected_threads == 1;
	worker->largest = program_largest(program);
	worker->tally = (struct tally) {};
	worker->put.count = 0;
	worker->got.count = 0;
	worker->why[0] = '\0';
}

static void run_threads(const struct program *program)
{
	expected_threads = program_threads(program);
	atomic_store(&arrived, 0);
	for (int i = 0; i < expected_threads; i++)
		worker_begin(&workers[i], program);
	for (int i = 1; i < expected_threads; i++)
		sem_post(&workers[i].start);
	wait_for_all_threads();
	run_thread(&workers[0]);
	for (int i = 1; i < expected_threads; i++)
		while (sem_wait(&finished))
			;
}

static int compare(const void *a, const void *b)
{
	unsigned long left = *(const unsigned long *)a, right = *(const unsigned long *)b;

	return left < right ? -1 : left > right;
}

/* Returns whether each message was delivered exactly once, unchanged. */
static bool each_delivered_once(void)
{
	static struct hashes put, got;

	put.count = 0;
	got.count = 0;
	for (int i = 0; i < expected_threads; i++) {
		struct hashes *from = &workers[i].put;

		memcpy(put.of + put.count, from->of, from->count * sizeof(*from->of));
		put.count += from->count;
		from = &workers[i].got;
		if (got.count + from->count > ARRAY_SIZE(got.of))
			return false;
		memcpy(got.of + got.count, from->of, from->count * sizeof(*from->of));
		got.count += from->count;
	}
	qsort(put.of, put.count, sizeof(*put.of), compare);
	qsort(got.of, got.count, sizeof(*got.of), compare);
	return put.count == got.count && !memcmp(put.of, got.of, put.count * sizeof(*put.of));
}

static bool check_case(char why[WHY_MAX])
{
	struct tally sum = {};

	*why = '\0';
	for (int i = 0; i < expected_threads; i++)
		tally_sum(&sum, &workers[i].tally);
	figures_moved(&sum, why, WHY_MAX);
	for (int i = 0; i < expected_threads; i++)
		if (*workers[i].why)
			strcpy(why, workers[i].why);
	if (*why)
		return false;
	if (figure_count() || figure_bytes() || figure_pending() || figure_memory() > EMPTY_MAX)
		snprintf(why, WHY_MAX,
			 "the emptied box shows count %ld, bytes %ld, pending %ld, memory %ld",
			 figure_count(), figure_bytes(), figure_pending(), figure_memory());
	else if (!each_delivered_once())
		snprintf(why, WHY_MAX, "the messages taken out are not those put in");
	return !*why;
}

static void restore_limits(const struct program *program)
{
	struct model defaults;

	model_init(&defaults);
	if (program_has(program, SET_MAX_BYTES))
		set_parameter("max_bytes", defaults.max_bytes);
	if (program_has(program, SET_MAX_MESSAGE_BYTES))
		set_parameter("max_message_bytes", defaults.max_message_bytes);
	if (program_has(program, SET_MAX_PENDING_BYTES))
		set_parameter("max_pending_bytes", defaults.max_pending_bytes);
}

bool execute(const struct program *program, char why[WHY_MAX])
{
	model_init(&model);
	range_init(&range, program);
	run_threads(program);
	if (!*workers[0].why)
		drain_box(&workers[0]);
	restore_limits(program);
	if (check_case(why))
		return true;
	/* Leave a clean state for callers that try another case. */
	drain();
	figures_close();
	figures_open();
	return false;
}

// SPDX-License-Identifier: GPL-2.0
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "../lib/calls.h"
#include "coverage.h"
#include "execute.h"
#include "figures.h"
#include "memory.h"
#include "oracle.h"

/* What a box holds at most that has nothing in it. */
#define EMPTY_MAX	(64 * KIB + MIB + PAGE)

/* Hashes of messages; what is got twice is one too many. */
struct contents {
	size_t count;
	unsigned long of[2 * CALLS_MAX];
};

/**
 * struct worker - a thread of a case
 * @alone: whether it is the only one
 */
struct worker {
	int thread;
	const struct program *program;
	bool alone;
	size_t largest;
	struct tally tally;
	struct contents put, got;
	char why[WHY_MAX];
	sem_t start;
};

static struct worker workers[THREADS_MAX];
static sem_t finished;
static atomic_int arrived;
static int expected_threads;

/* Of the case: the model if one thread is alone, the range if not. */
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

/* A length is an int: what stands above it in the register does not count. */
static long call_kernel(long nr, void *buf, int len)
{
	long ret = syscall(nr, buf, (unsigned int)len | 0x5aL << 56 | 1L << 32);

	return ret == -1 ? -errno : ret;
}

/* A message of bytes that are nobody else's, but where nobody may have touched it. */
static unsigned long write_message(const struct place *place)
{
	long len = place->op->value;

	if (!place->seen || len < 0 || len > LEN_MAX)
		return 0;
	if (place->op->layout == FRESH)
		return hash(zeros, len);
	fill(place->seen, len, ++messages);
	return hash(place->seen, len);
}

/* All that a get may write, and the margins. */
static void make_blank(const struct worker *worker, const struct place *place)
{
	if (place->seen && place->blank)
		memset(place->seen - MARGIN, place->blank, worker->largest + 2 * MARGIN);
}

static bool is_blank(const struct place *place, const char *from, const char *to)
{
	return from >= to || (*from == (char)place->blank &&
			      !memcmp(from, from + 1, to - from - 1));
}

static bool is_all_blank(const struct worker *worker, const struct place *place)
{
	return !place->seen || !place->blank ||
	       is_blank(place, place->seen - MARGIN, place->seen + worker->largest + MARGIN);
}

/*
 * Is all as before that is not the message's? What is further away is looked at
 * after the last call. Makes it blank again.
 */
static bool is_blank_around(const struct worker *worker, const struct place *place, long ret)
{
	long largest = worker->largest, written = ret < 0 ? 0 : ret, near;
	bool good;

	/* One that faults may have begun. */
	if (ret == -EFAULT)
		written = place->op->value < largest ? place->op->value : largest;
	if (!place->seen)
		return true;
	near = (written + PAGE < largest ? written + PAGE : largest) + MARGIN;
	good = is_blank(place, place->seen - MARGIN, place->seen) &&
	       is_blank(place, place->seen + written, place->seen + near);
	if (place->blank)
		memset(place->seen, place->blank, written);
	return good;
}

static bool wrong(struct worker *worker, const struct op *op, const char *what)
{
	struct program one = { .count = 1, .op = { *op } };
	char text[TEXT_MAX];

	program_print(&one, text);
	if (!*worker->why)
		snprintf(worker->why, sizeof(worker->why), "%.100s %s", text, what);
	return false;
}

static bool judge(struct worker *worker, const struct call *call, long expected)
{
	char what[80];

	if (!tally_add(&worker->tally, call->op->action, call->ret) ||
	    expected != call->ret) {
		snprintf(what, sizeof(what), "returned %ld, expected %ld", call->ret, expected);
		if (expected == SOMETHING_ELSE)
			snprintf(what, sizeof(what), "returned %ld, or other bytes", call->ret);
		return wrong(worker, call->op, what);
	}
	coverage_note(call->op->action << 24 | call->op->layout << 16 | worker->alone << 15 |
		      (call->ret < 0 ? -call->ret : 0));
	return true;
}

static bool put_once(struct worker *worker, const struct place *place)
{
	struct call call = { .op = place->op, .place = place };
	bool limited = worker->alone && model_is_limited(&model, place->op);

	call.content = write_message(place);
	if (limited)
		call.held = figure_memory();
	call.ret = call_kernel(put_nr, place->buf, place->op->value);
	if (!call.ret)
		worker->put.of[worker->put.count++] = call.content;
	if (limited && !call.ret && figure_memory() > model.max_bytes)
		return wrong(worker, place->op, "more memory is held than allowed");
	return judge(worker, &call, worker->alone ? model_put(&model, &call) :
						    range_put(&range, &call));
}

static bool get_once(struct worker *worker, const struct place *place, long *ret)
{
	struct call call = { .op = place->op, .place = place };

	call.ret = call_kernel(get_nr, place->buf, place->op->value);
	*ret = call.ret;
	if (call.ret > 0 && (!place->seen || (size_t)call.ret > worker->largest))
		return wrong(worker, place->op, "returned more than was put");
	if (call.ret >= 0) {
		call.content = hash(call.ret ? place->seen : zeros, call.ret);
		if (worker->got.count < ARRAY_SIZE(worker->got.of))
			worker->got.of[worker->got.count++] = call.content;
	}
	if (!is_blank_around(worker, place, call.ret))
		return wrong(worker, place->op, "wrote what is not the message's");
	return judge(worker, &call, worker->alone ? model_get(&model, &call) :
						    range_get(&range, &call));
}

static bool do_puts(struct worker *worker, const struct op *op)
{
	struct place place;
	bool good = true;

	place_begin(&place, worker->thread, op, worker->largest);
	for (int i = 0; good && i < op->times; i++) {
		place_renew(&place);
		good = put_once(worker, &place);
	}
	place_end(&place);
	return good;
}

static bool do_gets(struct worker *worker, const struct op *op, bool until_empty)
{
	struct place place;
	bool good = true;
	long ret = 0;

	place_begin(&place, worker->thread, op, worker->largest);
	make_blank(worker, &place);
	for (int i = 0; good && i < op->times && !(until_empty && ret == -ENODATA); i++) {
		place_renew(&place);
		good = get_once(worker, &place, &ret);
	}
	if (good && !is_all_blank(worker, &place))
		good = wrong(worker, op, "wrote far beyond the message");
	place_end(&place);
	return good;
}

static bool drain_box(struct worker *worker)
{
	const struct op op = { .action = GET, .value = LEN_MAX, .times = 2 * CALLS_MAX };

	return do_gets(worker, &op, true);
}

static bool figures_are_right(struct worker *worker, const struct op *op)
{
	long count = figure_count(), bytes = figure_bytes();
	char what[80];

	if (!worker->alone || (count == model.depth && bytes == model.bytes))
		return true;
	snprintf(what, sizeof(what), "shows %ld messages of %ld bytes, not %d of %ld",
		 count, bytes, model.depth, model.bytes);
	return wrong(worker, op, what);
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
	return wrong(worker, op, what);
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
		return figures_are_right(worker, op);
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

static void meet(void)
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
		meet();
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
	meet();
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

/* Has each message been got once, as it was put? */
static bool nothing_is_lost(void)
{
	static struct contents put, got;

	put.count = 0;
	got.count = 0;
	for (int i = 0; i < expected_threads; i++) {
		struct contents *from = &workers[i].put;

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

static bool all_is_right(char why[WHY_MAX])
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
			 "the empty box shows count %ld, bytes %ld, pending %ld, memory %ld",
			 figure_count(), figure_bytes(), figure_pending(), figure_memory());
	else if (!nothing_is_lost())
		snprintf(why, WHY_MAX, "what was got is not what was put");
	return !*why;
}

static void restore_limits(const struct program *program)
{
	struct model usual;

	model_init(&usual);
	if (program_has(program, SET_MAX_BYTES))
		set_parameter("max_bytes", usual.max_bytes);
	if (program_has(program, SET_MAX_MESSAGE_BYTES))
		set_parameter("max_message_bytes", usual.max_message_bytes);
	if (program_has(program, SET_MAX_PENDING_BYTES))
		set_parameter("max_pending_bytes", usual.max_pending_bytes);
}

bool execute(const struct program *program, char why[WHY_MAX])
{
	model_init(&model);
	range_init(&range, program);
	run_threads(program);
	if (!*workers[0].why)
		drain_box(&workers[0]);
	restore_limits(program);
	if (all_is_right(why))
		return true;
	/* For whoever tries the next case all the same. */
	drain();
	figures_close();
	figures_open();
	return false;
}

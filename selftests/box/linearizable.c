// SPDX-License-Identifier: GPL-2.0
/*
 * Each call takes effect at one instant between its start and its return. The test
 * records many short histories of concurrent calls. For each history it searches for
 * an order of the calls that explains all results and agrees with the times at which
 * the calls started and returned.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "arch.h"
#include "msgbox.h"

#define THREADS		3
#define PER_THREAD	4
#define BEFORE		2
#define CALLS_MAX	(BEFORE + THREADS * PER_THREAD + BEFORE + THREADS * PER_THREAD + 1)
/* How many histories at least, how many with overlapping calls, and for how long. */
#define HISTORIES	4000
#define HISTORIES_MEET	10
#define PATIENCE	120

#define LARGE		9000
/* The longest buffer of a get; the buffer's memory has a page before it. */
#define ROOM		(16 * KIB)
#define BUFFER		(PAGE + ROOM)

enum kind { PUT, GET };

/*
 * A call as its caller saw it. Each message has an id, with which its bytes begin.
 */
struct call {
	enum kind kind;
	bool bad;		/* with bad memory */
	bool missing;		/* with missing pages */
	bool crossing;		/* with a buffer across a page border */
	int id;			/* of the message put or got */
	int len;		/* the argument */
	long result;
	int start, end;		/* on a clock that all threads share */
};

struct history {
	int calls;
	struct call call[CALLS_MAX];
};

/* --- the checker */

struct box {
	int depth;
	const struct call *put[CALLS_MAX];
};

/* Would the call have this result on this box? If so, applies it to the box. */
static bool happens(struct box *box, const struct call *call)
{
	const struct call *top = box->depth ? box->put[box->depth - 1] : NULL;

	if (call->kind == PUT && call->bad)
		return call->result == -EFAULT;
	if (call->kind == PUT) {
		if (call->result)
			return false;
		box->put[box->depth++] = call;
		return true;
	}
	if (!top)
		return call->result == -ENODATA;
	if (top->len > call->len)
		return call->result == -EMSGSIZE;
	if (call->bad)
		return call->result == -EFAULT;
	if (call->result != top->len || call->id != top->id)
		return false;
	box->depth--;
	return true;
}

static unsigned long bit(int n)
{
	return 1UL << n;
}

static bool is_done(unsigned long done, int which)
{
	return done & bit(which);
}

/* Every call that ended before this one started is done. */
static bool may_be_next(const struct history *history, unsigned long done, int which)
{
	for (int i = 0; i < history->calls; i++)
		if (!is_done(done, i) && history->call[i].end < history->call[which].start)
			return false;
	return true;
}

/*
 * Many orders lead to the same box with the same calls done, and one search from
 * there is enough. A visited state is remembered as a hash of 64 bits.
 */
#define VISITED 65536
static unsigned long visited[VISITED];
static int visits;
static unsigned long checks;

static void forget_visits(void)
{
	memset(visited, 0, sizeof(visited));
	visits = 0;
}

static bool been_there(const struct box *box, unsigned long done)
{
	unsigned long hash = done ^ (checks << 32);

	if (visits > VISITED / 2)
		forget_visits();
	for (int i = 0; i < box->depth; i++)
		hash = next_random(&hash) + box->put[i]->id;
	hash = next_random(&hash) | 1;

	for (unsigned long i = hash / 2;; i++) {
		unsigned long *entry = &visited[i % VISITED];

		if (*entry == hash)
			return true;
		if (!*entry) {
			*entry = hash;
			visits++;
			return false;
		}
	}
}

/*
 * A failed call changes nothing. If it may come next, and an order exists at all,
 * then one exists in which it does. Returns such a call, or -1.
 */
static int idle_call(const struct history *history, struct box *box, unsigned long done)
{
	for (int i = 0; i < history->calls; i++)
		if (!is_done(done, i) && history->call[i].result < 0 &&
		    may_be_next(history, done, i) && happens(box, &history->call[i]))
			return i;
	return -1;
}

static bool can_be_ordered(const struct history *history, struct box box, unsigned long done)
{
	int idle;

	while ((idle = idle_call(history, &box, done)) >= 0)
		done |= bit(idle);
	if (done == bit(history->calls) - 1)
		return true;
	if (been_there(&box, done))
		return false;
	for (int i = 0; i < history->calls; i++) {
		struct box after = box;

		if (is_done(done, i) || !may_be_next(history, done, i))
			continue;
		if (happens(&after, &history->call[i]) &&
		    can_be_ordered(history, after, done | bit(i)))
			return true;
	}
	return false;
}

static bool is_linearizable(const struct history *history)
{
	checks++;
	return can_be_ordered(history, (struct box) {}, 0);
}

/* --- the checker's own test */

#define DID_PUT(what, from, to) \
	{ .kind = PUT, .id = what, .len = 10, .start = from, .end = to }
#define DID_GET(what, from, to) \
	{ .kind = GET, .id = what, .len = 10, .result = 10, .start = from, .end = to }
#define FAILED_GET(error, room, from, to) \
	{ .kind = GET, .len = room, .result = -(error), .start = from, .end = to }

struct example {
	const char *what;
	bool linearizable;
	struct history history;
};

static const struct example examples[] = {
	{ "last in, first out", true,
	  { 4, { DID_PUT(1, 0, 1), DID_PUT(2, 2, 3), DID_GET(2, 4, 5), DID_GET(1, 6, 7) } } },
	{ "first in, first out", false,
	  { 4, { DID_PUT(1, 0, 1), DID_PUT(2, 2, 3), DID_GET(1, 4, 5), DID_GET(2, 6, 7) } } },
	{ "first in, first out, but the puts overlap", true,
	  { 4, { DID_PUT(1, 0, 3), DID_PUT(2, 1, 2), DID_GET(1, 4, 5), DID_GET(2, 6, 7) } } },
	{ "got before it was put", false,
	  { 2, { DID_GET(1, 0, 1), DID_PUT(1, 2, 3) } } },
	{ "got during its put", true,
	  { 2, { DID_GET(1, 0, 2), DID_PUT(1, 1, 3) } } },
	{ "got twice", false,
	  { 3, { DID_PUT(1, 0, 1), DID_GET(1, 2, 4), DID_GET(1, 3, 5) } } },
	{ "empty although there is a message", false,
	  { 3, { DID_PUT(1, 0, 1), FAILED_GET(ENODATA, 10, 2, 3), DID_GET(1, 4, 5) } } },
	{ "empty while another get takes the last message", true,
	  { 3, { DID_PUT(1, 0, 1), FAILED_GET(ENODATA, 10, 2, 4), DID_GET(1, 3, 5) } } },
	{ "too long", true,
	  { 3, { DID_PUT(1, 0, 1), FAILED_GET(EMSGSIZE, 9, 2, 3), DID_GET(1, 4, 5) } } },
	{ "too long although it fits", false,
	  { 2, { DID_PUT(1, 0, 1), FAILED_GET(EMSGSIZE, 10, 2, 3) } } },
	{ "taken and pushed back below the next message", false,
	  { 4, { DID_PUT(1, 0, 1), DID_PUT(2, 2, 3), FAILED_GET(EFAULT, 10, 4, 5),
		 DID_GET(1, 6, 7) } } },
	{ "gone for a moment during a get that fails", false,
	  { 3, { DID_PUT(1, 0, 1),
		 { .kind = GET, .bad = true, .len = 10, .result = -EFAULT, .start = 2, .end = 5 },
		 FAILED_GET(ENODATA, 10, 3, 4) } } },
	{ "a put that failed and took effect", false,
	  { 2, { { .kind = PUT, .bad = true, .id = 1, .len = 10, .result = -EFAULT, .end = 1 },
		 DID_GET(1, 2, 3) } } },
};

TEST(the_checker_knows_right_from_wrong)
{
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		EXPECT_EQ(examples[i].linearizable, is_linearizable(&examples[i].history)) {
			TH_LOG("%s", examples[i].what);
		}
	}
}

/* --- histories of real calls */

static struct history history;
static atomic_int clock_ticks;
static atomic_int round_now = -1, arrived;
static atomic_bool over;
/* Shared memory: a page that is dropped comes back with its content. */
static char *buffers;

static char *buffer(int thread)
{
	return buffers + (size_t)thread * BUFFER;
}

static void make_message(char *buf, int len, int id)
{
	fill(buf, len, id);
	memcpy(buf, &id, sizeof(id));
}

/* The id of a whole message, or -1, which no message has. */
static int id_of(const char *buf, int len)
{
	char expected[LARGE];
	int id;

	memcpy(&id, buf, sizeof(id));
	make_message(expected, len, id);
	return memcmp(expected, buf, len) ? -1 : id;
}

static void make_call(struct call *call, char *buffer)
{
	/* The shortest messages, of 8 bytes, have 4 bytes on each side. */
	char *buf = buffer + PAGE - (call->crossing ? 4 : 0);
	char *at = call->bad ? BAD_ADDRESS : buf;

	if (call->kind == PUT)
		make_message(buf, call->len, call->id);
	if (call->missing)
		madvise(buffer, BUFFER, MADV_DONTNEED);
	call->start = atomic_fetch_add(&clock_ticks, 1);
	call->result = call->kind == PUT ? put(at, call->len) : get(at, call->len);
	call->end = atomic_fetch_add(&clock_ticks, 1);
	if (call->kind == GET && call->result > 0)
		call->id = id_of(buf, call->result);
}

static void let_others_run(void)
{
	pause_processor();
	sched_yield();
}

/* The calls of each thread have a fixed place in the history. */
static void *caller(void *data)
{
	long thread = (long)data;
	struct call *call = &history.call[BEFORE + thread * PER_THREAD];

	for (int round = 0;; round++) {
		while (atomic_load(&round_now) != round) {
			if (atomic_load(&over))
				return NULL;
			let_others_run();
		}
		for (int i = 0; i < PER_THREAD; i++)
			make_call(&call[i], buffer(thread));
		atomic_fetch_add(&arrived, 1);
	}
}

/* Small and large messages, sometimes a buffer that is too short, or bad memory. */
static struct call any_call(unsigned long *random, int id, bool may_fail)
{
	unsigned long dice = next_random(random);
	struct call call = {
		.kind = may_fail ? dice & 1 : PUT,
		.bad = may_fail && (dice >> 1) % 12 == 0,
		.missing = (dice >> 32) % 3 == 0,
		.crossing = (dice >> 40) % 3 == 0,
		.id = id,
		.len = (dice >> 8) % 5 == 0 ? LARGE : (dice >> 8) % 5 < 3 ? 40 : 8,
	};

	if (call.kind == GET && (dice >> 16) % 2)
		call.len = ROOM;
	return call;
}

static void plan(unsigned long *random)
{
	int before = next_random(random) % (BEFORE + 1);

	history.calls = BEFORE + THREADS * PER_THREAD;
	for (int i = 0; i < history.calls; i++)
		history.call[i] = any_call(random, i + 1, i >= BEFORE);
	/* A put that fails stands for no put. */
	for (int i = before; i < BEFORE; i++)
		history.call[i].bad = true;
}

/* The messages that are left belong to the history as well. */
static void take_the_rest(void)
{
	struct call *call;

	do {
		call = &history.call[history.calls++];
		*call = (struct call) { .kind = GET, .len = ROOM };
		make_call(call, buffer(THREADS));
	} while (call->result >= 0 && history.calls < CALLS_MAX);
}

static void play(int round)
{
	atomic_store(&clock_ticks, 0);
	for (int i = 0; i < BEFORE; i++)
		make_call(&history.call[i], buffer(THREADS));
	atomic_store(&arrived, 0);
	atomic_store(&round_now, round);
	while (atomic_load(&arrived) != THREADS)
		let_others_run();
	take_the_rest();
}

/* Did calls of different threads overlap? Those of one thread cannot. */
static bool overlaps(void)
{
	for (int i = BEFORE; i < BEFORE + THREADS * PER_THREAD; i++)
		for (int j = i + 1; j < BEFORE + THREADS * PER_THREAD; j++)
			if (history.call[i].start < history.call[j].end &&
			    history.call[j].start < history.call[i].end)
				return true;
	return false;
}

static void print_history(void)
{
	for (int i = 0; i < history.calls; i++) {
		const struct call *call = &history.call[i];

		ksft_print_msg("%3d-%-3d %s%s%s%s, %s %d: %ld, message %d\n",
			       call->start, call->end, call->kind == PUT ? "put" : "get",
			       call->bad ? " bad memory" : "",
			       call->missing ? " missing pages" : "",
			       call->crossing ? " two pages" : "",
			       call->kind == PUT ? "length" : "room", call->len, call->result,
			       call->id);
	}
}

TEST_F_TIMEOUT(msgbox, every_history_is_linearizable, 900)
{
	unsigned long random = number_from("DM510_MSGBOX_SEED", time(NULL));
	int histories = number_from("DM510_MSGBOX_HISTORIES", HISTORIES);
	pthread_t threads[THREADS];
	time_t end = time(NULL) + PATIENCE;
	int overlapping = 0, played = 0;

	buffers = mmap(NULL, (THREADS + 1) * BUFFER, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, buffers);
	TH_LOG("DM510_MSGBOX_SEED=%lu repeats the calls, but not their timing", random);
	for (long i = 0; i < THREADS; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, caller, (void *)i));

	/* Few overlap on an emulator that runs one processor at a time. */
	while (played < histories ||
	       (overlapping < HISTORIES_MEET && time(NULL) < end)) {
		plan(&random);
		play(played++);
		overlapping += overlaps();
		ASSERT_TRUE(is_linearizable(&history)) {
			print_history();
		}
	}
	atomic_store(&over, true);
	for (int i = 0; i < THREADS; i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));

	/* Otherwise the run has tested nothing. */
	EXPECT_LE(HISTORIES_MEET, overlapping);
	TH_LOG("%d of %d histories had overlapping calls", overlapping, played);
}

TEST_HARNESS_MAIN

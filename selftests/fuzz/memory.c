// SPDX-License-Identifier: GPL-2.0
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "../lib/calls.h"
#include "memory.h"

/* A page before the first byte, and the longest message at any offset. */
#define ARENA_SIZE	(PAGE + LEN_MAX + 4 * PAGE)
/* No other memory that far behind: a length may be any int. */
#define RESERVED	(4096L * MIB)

/**
 * struct arena - a thread's memory
 * @lock: whoever holds it sees the view whole, unless it is the operation's own
 *        layout
 * @disturbed: how, at the moment; PLAIN if it is not
 * @pages: how many from the beginning
 */
struct arena {
	int file;
	char *view;
	char *whole;
	pthread_mutex_t lock;
	enum layout disturbed;
	int pages;
};

static struct arena arenas[THREADS_MAX];
static int empty_file;

/* How many arenas are disturbed; the disturber sleeps where none is. */
static int disturbed_count;
static pthread_mutex_t count_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t count_changed = PTHREAD_COND_INITIALIZER;

static void must(bool good)
{
	if (good)
		return;
	perror("fuzz: memory");
	exit(2);
}

static void map_at(char *at, size_t len, int prot, int file, long offset)
{
	must(mmap(at, len, prot, MAP_SHARED | MAP_FIXED, file, offset) == at);
}

static void drop_or_protect(struct arena *arena)
{
	size_t len = arena->pages * PAGE;

	if (arena->disturbed == DROPPED) {
		madvise(arena->view, len, MADV_DONTNEED);
	} else if (arena->disturbed == PROTECTED) {
		mprotect(arena->view, len, PROT_NONE);
		sched_yield();
		mprotect(arena->view, len, PROT_READ | PROT_WRITE);
	}
}

/*
 * Not without a pause: who wants a lock would not get it, and a call might not get
 * through. Sometimes a short one, sometimes a long one, as that may decide where the
 * call is hit.
 */
static void *disturber(void *unused)
{
	(void)unused;
	for (int round = 0;; round++) {
		pthread_mutex_lock(&count_lock);
		while (!disturbed_count)
			pthread_cond_wait(&count_changed, &count_lock);
		pthread_mutex_unlock(&count_lock);

		for (int i = 0; i < THREADS_MAX; i++) {
			pthread_mutex_lock(&arenas[i].lock);
			drop_or_protect(&arenas[i]);
			pthread_mutex_unlock(&arenas[i].lock);
		}
		usleep(20 << round % 9);
	}
	return NULL;
}

static void disturb(struct arena *arena, enum layout how)
{
	pthread_mutex_lock(&arena->lock);
	arena->disturbed = how;
	pthread_mutex_unlock(&arena->lock);

	pthread_mutex_lock(&count_lock);
	disturbed_count += how == PLAIN ? -1 : 1;
	pthread_cond_signal(&count_changed);
	pthread_mutex_unlock(&count_lock);
}

static void arena_init(struct arena *arena)
{
	arena->file = memfd_create("arena", 0);
	must(arena->file >= 0 && !ftruncate(arena->file, ARENA_SIZE));
	arena->view = map(RESERVED, PROT_NONE);
	arena->whole = map(ARENA_SIZE, PROT_NONE);
	map_at(arena->whole, ARENA_SIZE, PROT_READ | PROT_WRITE, arena->file, 0);
	map_at(arena->view, ARENA_SIZE, PROT_READ | PROT_WRITE, arena->file, 0);
	pthread_mutex_init(&arena->lock, NULL);
}

void memory_init(void)
{
	pthread_t thread;

	empty_file = memfd_create("empty", 0);
	must(empty_file >= 0);
	for (int i = 0; i < THREADS_MAX; i++)
		arena_init(&arenas[i]);
	must(!pthread_create(&thread, NULL, disturber, NULL));
}

/* The page that is not as the others, from the beginning of the arena. */
static long odd_page(const struct op *op)
{
	return (PAGE + op->offset + op->at) & -PAGE;
}

static void change_odd_page(struct arena *arena, const struct op *op)
{
	char *page = arena->view + odd_page(op);

	switch (op->layout) {
	case READONLY:
		must(!mprotect(page, PAGE, PROT_READ));
		break;
	case NONE:
		must(!mprotect(page, PAGE, PROT_NONE));
		break;
	case UNMAPPED:
		must(!munmap(page, PAGE));
		break;
	default:
		map_at(page, PAGE, PROT_READ | PROT_WRITE, empty_file, 0);
	}
}

static bool has_odd_page(enum layout layout)
{
	return layout >= READONLY && layout <= BEYOND;
}

static void begin_missing(struct place *place)
{
	must(!madvise(place->arena->view, place->arena->pages * PAGE, MADV_DONTNEED));
}

static void begin_fresh(struct place *place)
{
	place->blank = 0;
	place->buf = map(ARENA_SIZE, PROT_READ | PROT_WRITE) + PAGE + place->op->offset;
	place->seen = place->buf;
}

/* One of those that nobody can use; false if it is another one. */
static bool begin_nowhere(struct place *place)
{
	static const uintptr_t bad[LAYOUTS] = {
		[DESCRIPTOR] = 0xffffff9c, [KERNEL] = 0xffffffff81000000,
		[NONCANONICAL] = 1L << 47,
	};

	if (place->op->layout < NOWHERE)
		return false;
	place->buf = (char *)bad[place->op->layout];
	if (place->op->layout > DESCRIPTOR)
		place->buf += place->op->offset;
	place->seen = NULL;
	place->size = 0;
	return true;
}

void place_begin(struct place *place, int thread, const struct op *op, size_t largest)
{
	struct arena *arena = &arenas[thread];

	*place = (struct place) {
		.buf = arena->view + PAGE + op->offset,
		.seen = arena->whole + PAGE + op->offset,
		.size = ARENA_SIZE - PAGE - op->offset,
		.blank = POISON,
		.op = op,
		.arena = arena,
	};
	if (begin_nowhere(place))
		return;
	arena->pages = (PAGE + op->offset + largest) / PAGE + 1;
	if (op->layout == FRESH)
		begin_fresh(place);
	else if (op->layout == MISSING)
		begin_missing(place);
	else if (has_odd_page(op->layout))
		change_odd_page(arena, op);
	else if (is_disturbed(op->layout))
		disturb(arena, op->layout);
}

static void end_fresh(struct place *place)
{
	munmap(place->buf - place->op->offset - PAGE, ARENA_SIZE);
}

void place_renew(struct place *place)
{
	if (place->op->layout == FRESH) {
		end_fresh(place);
		begin_fresh(place);
	} else if (place->op->layout == MISSING) {
		begin_missing(place);
	}
}

void place_end(struct place *place)
{
	const struct op *op = place->op;
	struct arena *arena = place->arena;

	if (op->layout == FRESH)
		end_fresh(place);
	else if (has_odd_page(op->layout))
		map_at(arena->view + odd_page(op), PAGE, PROT_READ | PROT_WRITE,
		       arena->file, odd_page(op));
	else if (is_disturbed(op->layout))
		disturb(arena, PLAIN);
}

enum access place_access(const struct place *place, long len, bool writing)
{
	const struct op *op = place->op;
	long first = PAGE + op->offset;

	if (len <= 0)
		return GOOD;
	if ((size_t)len > place->size)
		return BAD;
	if (op->layout == PROTECTED)
		return UNKNOWN;
	if (has_odd_page(op->layout) && odd_page(op) < first + len &&
	    odd_page(op) + PAGE > first)
		return op->layout == READONLY && !writing ? GOOD : BAD;
	return GOOD;
}

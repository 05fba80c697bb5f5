// SPDX-License-Identifier: GPL-2.0
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "../lib/calls.h"
#include "memory.h"

/* A page before the first byte, and room for the longest message at any offset. */
#define ARENA_SIZE	(PAGE + LEN_MAX + 4 * PAGE)
/* Address space with no other memory behind the arena: a length may be any int. */
#define RESERVED	(4096L * MIB)

/**
 * struct arena - a thread's memory
 * @file: the memory itself, mapped twice
 * @view: the mapping that calls use; its pages may be missing or protected
 * @whole: the mapping whose pages are always accessible
 * @lock: protects @disturbed; the disturber holds it while it changes the view
 * @disturbed: DROPPED or PROTECTED while the disturber changes the view, else PLAIN
 * @pages: the number of pages at the start of the view that may change
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

/* The number of disturbed arenas; at 0 the disturber sleeps. */
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
 * A pause after each round lets other threads take the locks and calls succeed. Its
 * length varies, so that calls are hit at different steps.
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

static void set_disturbed(struct arena *arena, enum layout how)
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

/* The arena offset of the one page that is treated differently. */
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

static void drop_pages(struct buffer *buffer)
{
	must(!madvise(buffer->arena->view, buffer->arena->pages * PAGE, MADV_DONTNEED));
}

static void map_fresh(struct buffer *buffer)
{
	buffer->blank = 0;
	buffer->addr = map(ARENA_SIZE, PROT_READ | PROT_WRITE) + PAGE + buffer->op->offset;
	buffer->alias = buffer->addr;
}

/* Sets up a layout without usable memory; returns false for other layouts. */
static bool setup_bad_address(struct buffer *buffer)
{
	static const uintptr_t bad[LAYOUTS] = {
		[DESCRIPTOR] = 0xffffff9c, [KERNEL] = 0xffffffff81000000,
		[NONCANONICAL] = 1L << 47,
	};

	if (buffer->op->layout < NOWHERE)
		return false;
	buffer->addr = (char *)bad[buffer->op->layout];
	if (buffer->op->layout > DESCRIPTOR)
		buffer->addr += buffer->op->offset;
	buffer->alias = NULL;
	buffer->size = 0;
	return true;
}

void buffer_setup(struct buffer *buffer, int thread, const struct op *op, size_t largest)
{
	struct arena *arena = &arenas[thread];

	*buffer = (struct buffer) {
		.addr = arena->view + PAGE + op->offset,
		.alias = arena->whole + PAGE + op->offset,
		.size = ARENA_SIZE - PAGE - op->offset,
		.blank = POISON,
		.op = op,
		.arena = arena,
	};
	if (setup_bad_address(buffer))
		return;
	arena->pages = (PAGE + op->offset + largest) / PAGE + 1;
	if (op->layout == FRESH)
		map_fresh(buffer);
	else if (op->layout == MISSING)
		drop_pages(buffer);
	else if (has_odd_page(op->layout))
		change_odd_page(arena, op);
	else if (is_disturbed(op->layout))
		set_disturbed(arena, op->layout);
}

static void unmap_fresh(struct buffer *buffer)
{
	munmap(buffer->addr - buffer->op->offset - PAGE, ARENA_SIZE);
}

void buffer_renew(struct buffer *buffer)
{
	if (buffer->op->layout == FRESH) {
		unmap_fresh(buffer);
		map_fresh(buffer);
	} else if (buffer->op->layout == MISSING) {
		drop_pages(buffer);
	}
}

void buffer_teardown(struct buffer *buffer)
{
	const struct op *op = buffer->op;
	struct arena *arena = buffer->arena;

	if (op->layout == FRESH)
		unmap_fresh(buffer);
	else if (has_odd_page(op->layout))
		map_at(arena->view + odd_page(op), PAGE, PROT_READ | PROT_WRITE,
		       arena->file, odd_page(op));
	else if (is_disturbed(op->layout))
		set_disturbed(arena, PLAIN);
}

enum access buffer_access(const struct buffer *buffer, long len, bool writing)
{
	const struct op *op = buffer->op;
	long first = PAGE + op->offset;

	if (len <= 0)
		return GOOD;
	if ((size_t)len > buffer->size)
		return BAD;
	if (op->layout == PROTECTED)
		return UNKNOWN;
	if (has_odd_page(op->layout) && odd_page(op) < first + len &&
	    odd_page(op) + PAGE > first)
		return op->layout == READONLY && !writing ? GOOD : BAD;
	return GOOD;
}

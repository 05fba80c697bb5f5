// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <linux/kcov.h>
#include <stdatomic.h>
#include <sys/ioctl.h>

#include "../lib/calls.h"
#include "coverage.h"
#include "program.h"

#define KCOV_FILE	"/sys/kernel/debug/kcov"
/* Places that a thread passes in one case; what comes then does not count. */
#define TRACE_MAX	(128 * KIB)
/* More than the module has text. */
#define TEXT_SIZE	(256 * KIB)
#define MAP_SIZE	(64 * KIB)

static atomic_uchar places_seen[TEXT_SIZE], pairs_seen[MAP_SIZE], notes_seen[MAP_SIZE];
static atomic_int places, pairs, notes, places_at_reset, pairs_at_reset, notes_at_reset;

static unsigned long *trace[THREADS_MAX];
static unsigned long text;
static bool has_kcov;

bool coverage_init(void)
{
	has_kcov = !access(KCOV_FILE, R_OK | W_OK);
	coverage_find_module();
	return has_kcov;
}

void coverage_find_module(void)
{
	FILE *file = fopen(MODULE_FOLDER "/sections/.text", "r");

	if (!file || fscanf(file, "%lx", &text) != 1)
		text = 0;
	if (file)
		fclose(file);
}

void coverage_begin_thread(int thread)
{
	void *at;
	int kcov;

	if (!has_kcov)
		return;
	kcov = open(KCOV_FILE, O_RDWR);
	if (kcov < 0 || ioctl(kcov, KCOV_INIT_TRACE, TRACE_MAX))
		goto fail;
	at = mmap(NULL, TRACE_MAX * sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED, kcov, 0);
	if (at == MAP_FAILED || ioctl(kcov, KCOV_ENABLE, KCOV_TRACE_PC))
		goto fail;
	trace[thread] = at;
	return;
fail:
	perror("fuzz: " KCOV_FILE);
	exit(2);
}

static void note(atomic_uchar *seen, atomic_int *count)
{
	if (!atomic_load_explicit(seen, memory_order_relaxed) && !atomic_exchange(seen, 1))
		atomic_fetch_add(count, 1);
}

static unsigned int hash(unsigned long value)
{
	return (value * 0x9e3779b97f4a7c15) >> 48;
}

void coverage_note(unsigned long what)
{
	note(&notes_seen[hash(what)], &notes);
}

void coverage_reset(void)
{
	places_at_reset = places;
	pairs_at_reset = pairs;
	notes_at_reset = notes;
	for (int i = 0; i < THREADS_MAX; i++)
		if (trace[i])
			__atomic_store_n(&trace[i][0], 0, __ATOMIC_RELAXED);
}

/* The first word is how many follow. */
static void read_trace(const unsigned long *trace)
{
	unsigned long count = __atomic_load_n(&trace[0], __ATOMIC_RELAXED), before = 0;

	for (unsigned long i = 1; i <= count; i++) {
		unsigned long place = trace[i] - text;

		if (place >= TEXT_SIZE)
			continue;
		note(&places_seen[place], &places);
		note(&pairs_seen[hash(before << 20 | place)], &pairs);
		before = place;
	}
}

bool coverage_is_new(void)
{
	for (int i = 0; i < THREADS_MAX; i++)
		if (trace[i])
			read_trace(trace[i]);
	return places != places_at_reset || pairs != pairs_at_reset || notes != notes_at_reset;
}

int coverage_places(void)
{
	return places;
}

int coverage_pairs(void)
{
	return pairs;
}

int coverage_notes(void)
{
	return notes;
}

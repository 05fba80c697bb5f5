// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <linux/kcov.h>
#include <stdatomic.h>
#include <sys/ioctl.h>

#include "../lib/calls.h"
#include "coverage.h"
#include "program.h"

#define KCOV_FILE	"/sys/kernel/debug/kcov"
/* PCs that kcov records for a thread in one case; it ignores any more. */
#define TRACE_MAX	(128 * KIB)
/* Larger than the module's text. */
#define TEXT_SIZE	(256 * KIB)
#define MAP_SIZE	(64 * KIB)

static atomic_uchar pcs_seen[TEXT_SIZE], edges_seen[MAP_SIZE], outcomes_seen[MAP_SIZE];
static atomic_int pcs, edges, outcomes, pcs_at_reset, edges_at_reset, outcomes_at_reset;

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

static void mark(atomic_uchar *seen, atomic_int *count)
{
	if (!atomic_load_explicit(seen, memory_order_relaxed) && !atomic_exchange(seen, 1))
		atomic_fetch_add(count, 1);
}

static unsigned int hash(unsigned long value)
{
	return (value * 0x9e3779b97f4a7c15) >> 48;
}

void coverage_add_outcome(unsigned long outcome)
{
	mark(&outcomes_seen[hash(outcome)], &outcomes);
}

void coverage_reset(void)
{
	pcs_at_reset = pcs;
	edges_at_reset = edges;
	outcomes_at_reset = outcomes;
	for (int i = 0; i < THREADS_MAX; i++)
		if (trace[i])
			__atomic_store_n(&trace[i][0], 0, __ATOMIC_RELAXED);
}

/* The first word holds the number of PCs that follow. */
static void read_trace(const unsigned long *trace)
{
	unsigned long count = __atomic_load_n(&trace[0], __ATOMIC_RELAXED), previous = 0;

	for (unsigned long i = 1; i <= count; i++) {
		unsigned long pc = trace[i] - text;

		if (pc >= TEXT_SIZE)
			continue;
		mark(&pcs_seen[pc], &pcs);
		mark(&edges_seen[hash(previous << 20 | pc)], &edges);
		previous = pc;
	}
}

bool coverage_collect(void)
{
	for (int i = 0; i < THREADS_MAX; i++)
		if (trace[i])
			read_trace(trace[i]);
	return pcs != pcs_at_reset || edges != edges_at_reset || outcomes != outcomes_at_reset;
}

int coverage_pcs(void)
{
	return pcs;
}

int coverage_edges(void)
{
	return edges;
}

int coverage_outcomes(void)
{
	return outcomes;
}

/* SPDX-License-Identifier: GPL-2.0 */
/* What calls cost: time and, on the machine's own processors, what these count. */
#ifndef BENCH_COST_H
#define BENCH_COST_H

#include "bench.h"
#include "counters.h"

/**
 * struct cost - what something costs
 * @time: nanoseconds
 * @counts: what the processor's counters count, if they are open
 */
struct cost {
	double time;
	struct counts counts;
};

/* To begin with, as the best cost. */
extern const struct cost most;

/* Opens the counters if the plan wants them; end_to_count() closes them. */
void begin_to_count(const struct plan *plan);
void end_to_count(void);

/* Between these two is what is measured. @count: how often it is done there */
void begin_cost(struct cost *cost);
void end_cost(struct cost *cost, unsigned long count);

/* Each figure by itself: the least of one can be in another round than that of another. */
void keep_best(struct cost *best, const struct cost *cost);

/*
 * Writes a row for the time and, if the plan wants counters, one for each of them, or for
 * the reason why there is none.
 */
void report_cost(const char *measure, const char *peer, const char *x,
		 const struct cost *cost);

#endif

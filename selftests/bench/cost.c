// SPDX-License-Identifier: GPL-2.0
#include <float.h>
#include <stdio.h>

#include "cost.h"
#include "processors.h"
#include "report.h"

const struct cost most = { DBL_MAX, { DBL_MAX, DBL_MAX } };

static bool counting;
/* Why the counters are not open; NULL if the plan does not want them. */
static const char *why_not;
/* What a begin_cost() and an end_cost() add to the counts. */
static struct counts overhead;

void begin_cost(struct cost *cost)
{
	cost->counts = counting ? read_counters() : (struct counts) { 0, 0 };
	cost->time = now();
}

void end_cost(struct cost *cost, unsigned long count)
{
	const struct counts before = cost->counts;
	struct counts after;

	cost->time = (now() - cost->time) / count;
	if (!counting)
		return;
	after = read_counters();
	cost->counts.instructions =
		(after.instructions - before.instructions - overhead.instructions) / count;
	cost->counts.cycles = (after.cycles - before.cycles - overhead.cycles) / count;
}

static void keep_least(double *least, double value)
{
	if (value < *least)
		*least = value;
}

void keep_best(struct cost *best, const struct cost *cost)
{
	keep_least(&best->time, cost->time);
	keep_least(&best->counts.instructions, cost->counts.instructions);
	keep_least(&best->counts.cycles, cost->counts.cycles);
}

static void find_overhead(const struct plan *plan)
{
	struct cost best = most, cost;
	int round;

	overhead = (struct counts) { 0, 0 };
	for (round = 0; round < plan->rounds; round++) {
		begin_cost(&cost);
		end_cost(&cost, 1);
		keep_best(&best, &cost);
	}
	overhead = best.counts;
}

/* Processors of one machine can differ, and some of them may have no counters. */
void begin_to_count(const struct plan *plan)
{
	if (!plan->live)
		return;
	move_to_processor(first_processor());
	why_not = open_counters();
	counting = !why_not;
	if (counting)
		find_overhead(plan);
}

void end_to_count(void)
{
	if (counting)
		close_counters();
	if (counting || why_not)
		use_all_processors();
	counting = false;
	why_not = NULL;
}

static void report_count(const char *measure, const char *what, const char *peer,
			 const char *x, double value)
{
	char name[64];

	snprintf(name, sizeof(name), "%s_%s", measure, what);
	if (counting)
		report(name, peer, x, value);
	else
		report_missing(name, peer, x, why_not);
}

void report_cost(const char *measure, const char *peer, const char *x,
		 const struct cost *cost)
{
	report(measure, peer, x, cost->time);
	if (!counting && !why_not)
		return;
	report_count(measure, "instructions", peer, x, cost->counts.instructions);
	report_count(measure, "cycles", peer, x, cost->counts.cycles);
}

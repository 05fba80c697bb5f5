// SPDX-License-Identifier: GPL-2.0
/*
 * bench [--short] [--only PEER] MEASURE...: measures the box and its peers. Must
 * be run by root on an otherwise idle machine; scripts/commands/bench/run does so.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "report.h"

static struct plan plan = {
	.rounds = 20,
	.batch = 200,
	.depth = 1000000,
	.messages = 200000,
};

static const struct plan short_plan = {
	.rounds = 2,
	.batch = 20,
	.depth = 1000,
	.messages = 2000,
};

static void measure_without(const struct plan *plan)
{
	measure_getppid(plan, "without");
}

static void measure_with(const struct plan *plan)
{
	measure_getppid(plan, "with");
}

static const struct measure {
	const char *name;
	void (*measure)(const struct plan *plan);
} measures[] = {
	{ "without", measure_without },
	{ "with", measure_with },
	{ "pairs", measure_pairs },
	{ "depth", measure_depth },
	{ "memory", measure_memory },
	{ "threads", measure_threads },
	{ "waiting", measure_waiting },
};

static void run_measure(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(measures); i++) {
		if (!strcmp(measures[i].name, name)) {
			measures[i].measure(&plan);
			return;
		}
	}
	errno = EINVAL;
	die("no such measure: %s", name);
}

int main(int argc, char **argv)
{
	int i;

	raise_limits();
	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--short"))
			plan = short_plan;
		else if (!strcmp(argv[i], "--only") && i + 1 < argc)
			plan.only = argv[++i];
		else
			run_measure(argv[i]);
	}
	return 0;
}

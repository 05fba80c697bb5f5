// SPDX-License-Identifier: GPL-2.0
/*
 * bench [--short] [--live] [--own-box] [--only PEER] MEASURE...: measures the box and its
 * peers. Must be run by root on an otherwise idle machine; scripts/commands/bench/run and
 * live do so.
 *
 * --live      on a machine that others use: the queues are in a new IPC namespace. Also
 *             counts instructions and cycles, and uses all processors
 * --own-box   with --live: the box of that namespace, which nobody else uses. A call costs
 *             more there than in the initial one, where there is less to check
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "namespaces.h"
#include "processors.h"
#include "report.h"

static struct plan plan = {
	.rounds = 20,
	.batch = 200,
	.depth = 1000000,
	.messages = 200000,
	.threads = 4,
};

static const struct plan short_plan = {
	.rounds = 2,
	.batch = 20,
	.depth = 1000,
	.messages = 2000,
	.threads = 4,
};

static void measure_without(const struct plan *plan)
{
	measure_getppid(plan, "without");
}

static void measure_with(const struct plan *plan)
{
	measure_getppid(plan, "with");
}

static void empty(const struct plan *plan)
{
	(void)plan;
	enter_namespace_of(peers);
	empty_box();
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
	{ "empty", empty },
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

/* With one processor, a thread that puts and one that gets share it. */
static void prepare_live(bool own_box)
{
	use_own_namespace(own_box);
	plan.live = true;
	plan.threads = number_of_processors() < 2 ? 1 : number_of_processors() / 2;
}

/* Returns the index of the first argument that is a measure. */
static int parse_options(int argc, char **argv)
{
	bool live = false, own_box = false;
	int i;

	for (i = 1; i < argc && !strncmp(argv[i], "--", 2); i++) {
		if (!strcmp(argv[i], "--short")) {
			plan = short_plan;
		} else if (!strcmp(argv[i], "--live")) {
			live = true;
		} else if (!strcmp(argv[i], "--own-box")) {
			own_box = true;
		} else if (!strcmp(argv[i], "--only") && i + 1 < argc) {
			plan.only = argv[++i];
		} else {
			errno = EINVAL;
			die("unknown option: %s", argv[i]);
		}
	}
	find_processors();
	if (live)
		prepare_live(own_box);
	return i;
}

int main(int argc, char **argv)
{
	int i = parse_options(argc, argv);

	raise_limits();
	for (; i < argc; i++)
		run_measure(argv[i]);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Runs cases until the time is up or one fails. A case that reaches something new
 * joins the corpus, from which later cases are made. Run this in a virtual machine:
 * it empties the box, changes the limits and reloads the module.
 */
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "../lib/calls.h"
#include "coverage.h"
#include "execute.h"
#include "figures.h"
#include "kernel_log.h"
#include "memory.h"
#include "module.h"
#include "mutate.h"

#define CORPUS_MAX	4096
#define COSTLY		(256 * KIB)
#define HANG_SECONDS	120
#define PROGRESS_SECONDS	5
#define CYCLE_SECONDS	20

static struct program corpus[CORPUS_MAX];
static int corpus_count;

static const char *seeds, *replay, *deny, *ko;
static long seconds = 10, rounds = 1;
static unsigned long seed;

static atomic_long done;
/* The case in progress. */
static char current[TEXT_MAX];
static long cycles;

static long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

/* --- one case */

/* If the case fails, stores the reason in why; its text is in the kernel's log. */
static bool run(const struct program *program, char why[WHY_MAX])
{
	bool good;

	program_print(program, current);
	kernel_log_write(current);
	coverage_reset();
	good = execute(program, why);
	if (kernel_log_complains(why, WHY_MAX))
		good = false;
	atomic_fetch_add(&done, 1);
	return good;
}

static void corpus_add(const struct program *program)
{
	if (corpus_count < CORPUS_MAX)
		corpus[corpus_count++] = *program;
}

static bool cycle_module(void)
{
	char why[WHY_MAX];
	bool good;

	kernel_log_write("cycle");
	coverage_reset();
	figures_close();
	good = module_cycle(ko, why, sizeof(why));
	if (kernel_log_complains(why, sizeof(why)))
		good = false;
	if (!good) {
		printf("# %s\n", why);
		return false;
	}
	coverage_find_module();
	coverage_collect();
	figures_open();
	cycles++;
	return true;
}

/* Reloads the module as a case of its own, which is reported if it fails. */
static bool cycle_as_case(void)
{
	if (cycle_module())
		return true;
	puts("case: cycle");
	return false;
}

/*
 * Any failure counts, not only the same one. With threads a case may need several
 * tries. If a failure has left messages in the box, the module is reloaded.
 */
static bool still_fails(const struct program *program)
{
	char why[WHY_MAX];
	int tries = program_threads(program) > 1 ? 20 : 1;

	while (tries--) {
		if (figure_count() && ko && !cycle_module())
			return false;
		if (!run(program, why))
			return true;
	}
	return false;
}

/* Removes the operations without which the case still fails. */
static void minimize(struct program *program)
{
	for (int i = program->count - 1; i >= 0 && program->count > 1; i--) {
		struct program less = *program;

		memmove(less.op + i, less.op + i + 1,
			(--less.count - i) * sizeof(*less.op));
		if (still_fails(&less))
			*program = less;
	}
}

/* scripts/commands/fuzz stores the text after `case:`. */
static void report(const struct program *program, const char *why)
{
	char text[TEXT_MAX];

	program_print(program, text);
	printf("# %s\n", why);
	printf("case: %s\n", text);
}

static void report_failure(struct program *program, const char *why)
{
	printf("# after %ld cases:\n", done);
	report(program, why);
	if (!strstr(why, KERNEL_LOG_SAYS) && still_fails(program)) {
		minimize(program);
		report(program, "minimized:");
	}
}

/* --- a call that does not return */

static void *watch_for_hang(void *unused)
{
	long seen = -1;

	(void)unused;
	for (;;) {
		long before = seen;

		sleep(HANG_SECONDS);
		seen = atomic_load(&done);
		if (seen == before) {
			printf("# no case has ended for %d s\ncase: %s\n", HANG_SECONDS, current);
			_exit(1);
		}
	}
	return NULL;
}

/* --- many cases */

static void print_progress(long start)
{
	long time = now() - start;

	printf("# %ld s: cases %ld (%ld/s), module loads %ld, ", time, done,
	       time ? done / time : done, cycles + 1);
	printf("PCs %d, edges %d, outcomes %d, corpus %d\n", coverage_pcs(),
	       coverage_edges(), coverage_outcomes(), corpus_count);
}

/* Chooses a case from the corpus, an expensive one only rarely. */
static const struct program *choose(void)
{
	for (;;) {
		const struct program *program = &corpus[next_random(&seed) % corpus_count];

		if (program_cost(program) < COSTLY || next_random(&seed) % 16 == 0)
			return program;
	}
}

static void next_program(struct program *program)
{
	if (!corpus_count || next_random(&seed) % 16 == 0) {
		program_random(program, &seed);
		return;
	}
	*program = *choose();
	program_mutate(program, choose(), &seed);
}

static bool try_program(struct program *program)
{
	char why[WHY_MAX];

	if (!run(program, why)) {
		report_failure(program, why);
		return false;
	}
	if (coverage_collect())
		corpus_add(program);
	return true;
}

/* Limits reloads to a fifth of the time: they are slow on an emulated processor. */
static bool cycle_and_reschedule(long *next)
{
	long start = now(), took;

	if (!cycle_as_case())
		return false;
	took = now() - start;
	*next = now() + (4 * took > CYCLE_SECONDS ? 4 * took : CYCLE_SECONDS);
	return true;
}

static bool fuzz(void)
{
	long start = now(), said = start, next_cycle = start + CYCLE_SECONDS;
	struct program program;

	while (now() - start < seconds) {
		next_program(&program);
		if (!try_program(&program))
			return false;
		if (now() - said >= PROGRESS_SECONDS) {
			print_progress(start);
			said = now();
		}
		if (ko && now() >= next_cycle && !cycle_and_reschedule(&next_cycle))
			return false;
	}
	print_progress(start);
	return true;
}

/* Runs each line of a file as a case, up to the first that fails. */
static bool run_file(const char *path)
{
	struct program program;
	char line[TEXT_MAX];
	FILE *file = fopen(path, "r");
	bool good = true;
	long cases = 0;

	if (!file) {
		perror(path);
		exit(2);
	}
	while (good && fgets(line, sizeof(line), file)) {
		if (*line == '#' || *line == '\n')
			continue;
		cases++;
		if (!strcmp(line, "cycle\n")) {
			good = !ko || cycle_as_case();
		} else if (program_parse(line, &program)) {
			good = try_program(&program);
		} else {
			fprintf(stderr, "fuzz: not a valid case: %s", line);
			exit(2);
		}
	}
	fclose(file);
	if (!cases) {
		fprintf(stderr, "fuzz: no case in %s\n", path);
		exit(2);
	}
	return good;
}

static bool run_replay(void)
{
	for (long i = 0; i < rounds; i++)
		if (!run_file(replay))
			return false;
	printf("# %ld rounds without a failure\n", rounds);
	return true;
}

static const struct option options[] = {
	{ "seconds", required_argument, NULL, 's' },
	{ "seed", required_argument, NULL, 'r' },
	{ "corpus", required_argument, NULL, 'c' },
	{ "replay", required_argument, NULL, 'p' },
	{ "rounds", required_argument, NULL, 'n' },
	{ "splats", required_argument, NULL, 'd' },
	{ "module", required_argument, NULL, 'm' },
	{}
};

static void set_option(int option, char *value)
{
	switch (option) {
	case 's':
		seconds = atol(value);
		break;
	case 'r':
		seed = strtoul(value, NULL, 0);
		break;
	case 'c':
		seeds = value;
		break;
	case 'p':
		replay = value;
		break;
	case 'n':
		rounds = atol(value);
		break;
	case 'd':
		deny = value;
		break;
	case 'm':
		ko = value;
		break;
	default:
		exit(2);
	}
}

static void parse(int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		set_option(option, optarg);
}

int main(int argc, char **argv)
{
	pthread_t thread;

	setvbuf(stdout, NULL, _IOLBF, 0);
	seed = time(NULL);
	parse(argc, argv);
	kernel_log_init(deny);
	if (drain() < 0) {
		fprintf(stderr, "fuzz: cannot empty the box; is the module loaded?\n");
		return 2;
	}
	memory_init();
	figures_open();
	printf("# %s, --seed %lu\n", coverage_init() ? "coverage by kcov" :
	       "no kcov in this kernel, outcomes only", seed);
	execute_init();
	if (pthread_create(&thread, NULL, watch_for_hang, NULL))
		return 2;
	if (replay)
		return !run_replay();
	if (seeds && !run_file(seeds))
		return 1;
	return !fuzz();
}

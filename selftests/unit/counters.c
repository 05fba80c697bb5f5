// SPDX-License-Identifier: GPL-2.0
/*
 * The benchmark's counters (selftests/bench/counters.c and cost.c), with a kernel of the
 * test's own in place of perf_event_open(2), read(2) and close(2): few machines that run
 * tests have counters. scripts/commands/bench/live-check uses those of an arm64 kernel.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kselftest_harness.h"

#define GROUP	100	/* the first file; the second one follows */

/* What the kernel has. */
static int open_files;
static int fail_at;		/* which open fails, from 1; 0: none */
static int open_error;
static bool taken;		/* by another program */
static __u64 instructions, cycles;
/* What reading the counters costs. */
#define READ_INSTRUCTIONS	40
#define READ_CYCLES		30

static long fake_syscall(long nr, ...)
{
	struct perf_event_attr *attr;
	int pid, cpu, first;
	va_list args;

	va_start(args, nr);
	attr = va_arg(args, struct perf_event_attr *);
	pid = va_arg(args, int);
	cpu = va_arg(args, int);
	first = va_arg(args, int);
	va_end(args);
	if (open_files + 1 == fail_at) {
		errno = open_error;
		return -1;
	}
	/* Of this thread, on all processors, in user space and in the kernel. */
	if (nr != SYS_perf_event_open || attr->type != PERF_TYPE_HARDWARE || pid || cpu != -1 ||
	    attr->exclude_user || attr->exclude_kernel || attr->disabled)
		abort();
	/* One group: instructions first. */
	if (attr->config != (open_files ? PERF_COUNT_HW_CPU_CYCLES : PERF_COUNT_HW_INSTRUCTIONS) ||
	    first != (open_files ? GROUP : -1) || attr->pinned == !!open_files)
		abort();
	return GROUP + open_files++;
}

static ssize_t fake_read(int fd, void *buffer, size_t size)
{
	const __u64 counts[] = { 2, instructions, cycles };

	if (fd != GROUP || size != sizeof(counts))
		abort();
	if (taken)
		return 0;
	instructions += READ_INSTRUCTIONS;
	cycles += READ_CYCLES;
	memcpy(buffer, counts, sizeof(counts));
	return sizeof(counts);
}

static int fake_close(int fd)
{
	if (fd < GROUP || fd >= GROUP + 2)
		abort();
	open_files--;
	return 0;
}

#define syscall fake_syscall
#define read fake_read
#define close fake_close
#undef ARRAY_SIZE
#include "../bench/counters.c"
#include "../bench/cost.c"
#undef syscall
#undef read
#undef close

/* What the rest of the benchmark has. */
static double paranoid;
static char rows[4096];

double now(void)
{
	static double time;

	return time += 10;
}

double numbers_in(const char *path, const char *format)
{
	if (strcmp(path, PARANOID) || strcmp(format, "%lf"))
		abort();
	return paranoid;
}

void report(const char *measure, const char *peer, const char *x, double value)
{
	sprintf(rows + strlen(rows), "%s,%s,%s,%.1f;", measure, peer, x, value);
}

void report_missing(const char *measure, const char *peer, const char *x, const char *why)
{
	sprintf(rows + strlen(rows), "%s,%s,%s,-,%s;", measure, peer, x, why);
}

void die(const char *format, ...)
{
	printf("# died: %s\n", format);
	exit(42);
}

int first_processor(void)
{
	return 0;
}

void move_to_processor(int processor)
{
	(void)processor;
}

void use_all_processors(void)
{
}

/* Why there are no counters if the open with that number fails. */
static const char *why_with(int at, int error)
{
	const char *why;

	open_files = 0;
	fail_at = at;
	open_error = error;
	why = open_counters();
	fail_at = 0;
	return why;
}

TEST(counters_are_read_together)
{
	open_files = 0;
	ASSERT_EQ(NULL, open_counters());
	ASSERT_EQ(2, open_files);
	instructions = 1000;
	cycles = 2000;
	struct counts counts = read_counters();

	ASSERT_EQ(1000, counts.instructions);
	ASSERT_EQ(2000, counts.cycles);
	close_counters();
	ASSERT_EQ(0, open_files);
}

TEST(a_refusal_names_the_setting)
{
	paranoid = 4;
	ASSERT_NE(NULL, strstr(why_with(1, EACCES),
			       "perf_event_open: Permission denied: perf_event_paranoid is 4;"));
	ASSERT_NE(NULL, strstr(why_with(1, EPERM), "perf_event_paranoid is 4;"));
}

TEST(a_machine_without_counters_is_not_called_a_refusal)
{
	const int errors[] = { ENOENT, ENODEV, EOPNOTSUPP };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		ASSERT_NE(NULL, strstr(why_with(1, errors[i]), "no hardware counters"));
		ASSERT_EQ(NULL, strstr(why_with(1, errors[i]), "paranoid"));
	}
	ASSERT_STREQ("perf_event_open: Function not implemented", why_with(1, ENOSYS));
}

/* It becomes a column of a CSV file. */
TEST(no_reason_has_a_comma)
{
	int error;

	for (error = 1; error < 134; error++)
		ASSERT_EQ(NULL, strchr(why_with(1, error), ','));
}

TEST(nothing_stays_open_without_the_second_counter)
{
	ASSERT_NE(NULL, why_with(2, ENOENT));
	ASSERT_EQ(0, open_files);
}

TEST(counters_of_others_are_a_reason)
{
	open_files = 0;
	taken = true;
	ASSERT_NE(NULL, strstr(open_counters(), "in use by another program"));
	ASSERT_EQ(0, open_files);
}

static const struct plan live = { .rounds = 3, .live = true };

/* Four times 100 instructions and 70 cycles. */
TEST(a_cost_is_without_that_of_reading)
{
	struct cost best = most, cost;

	begin_to_count(&live);
	begin_cost(&cost);
	instructions += 400;
	cycles += 280;
	end_cost(&cost, 4);
	keep_best(&best, &cost);
	report_cost("pair", "box", "8", &best);
	end_to_count();
	ASSERT_STREQ("pair,box,8,2.5;pair_instructions,box,8,100.0;pair_cycles,box,8,70.0;", rows);
	ASSERT_EQ(0, open_files);
}

TEST(each_figure_keeps_its_own_least)
{
	struct cost best = { 5, { 10, 30 } };

	keep_best(&best, &(struct cost) { 6, { 9, 40 } });
	keep_best(&best, &(struct cost) { 4, { 11, 20 } });
	ASSERT_EQ(4, best.time);
	ASSERT_EQ(9, best.counts.instructions);
	ASSERT_EQ(20, best.counts.cycles);
}

TEST(without_counters_the_reason_is_in_their_rows)
{
	struct cost cost;

	fail_at = 1;
	open_error = ENOSYS;
	begin_to_count(&live);
	begin_cost(&cost);
	end_cost(&cost, 2);
	report_cost("pair", "box", "8", &cost);
	end_to_count();
	ASSERT_STREQ("pair,box,8,5.0;"
		     "pair_instructions,box,8,-,perf_event_open: Function not implemented;"
		     "pair_cycles,box,8,-,perf_event_open: Function not implemented;", rows);
}

TEST(nobody_who_does_not_ask_gets_counters)
{
	const struct plan plan = { .rounds = 3 };
	struct cost cost;

	begin_to_count(&plan);
	begin_cost(&cost);
	end_cost(&cost, 1);
	report_cost("pair", "box", "8", &cost);
	end_to_count();
	ASSERT_STREQ("pair,box,8,10.0;", rows);
	ASSERT_EQ(0, open_files);
}

TEST_HARNESS_MAIN

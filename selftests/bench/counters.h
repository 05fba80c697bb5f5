/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BENCH_COUNTERS_H
#define BENCH_COUNTERS_H

/* What the processor's counters count for this thread, in user space and in the kernel. */
struct counts {
	double instructions;
	double cycles;
};

/**
 * open_counters() - start to count
 *
 * Return: NULL, or the reason why the processor's counters cannot be used. The reason has
 *         no comma, as it becomes a column of the output.
 */
const char *open_counters(void);

/* The counts since open_counters(). Ends the program if they cannot be read. */
struct counts read_counters(void);

void close_counters(void);

#endif

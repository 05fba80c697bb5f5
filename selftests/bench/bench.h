/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is measured, in which figures. One nanosecond of CLOCK_MONOTONIC is one
 * instruction where the emulator counts them (QEMU's -icount shift=0), so
 * nothing here knows which of the two it measures.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define KIB 1024UL
#define MIB (1024UL * 1024)

/**
 * struct plan - how much is done
 * @rounds: how often each figure is taken; the best of them counts
 * @batch: at most so many pairs of calls in one round
 * @depth: the largest number of messages that lie in a queue
 * @messages: for the memory they take, and through the threads
 * @only: measure only the peer of that name; all if NULL
 */
struct plan {
	int rounds;
	unsigned long batch;
	unsigned long depth;
	unsigned long messages;
	const char *only;
};

struct peer;

bool wanted(const struct plan *plan, const struct peer *peer);

void measure_getppid(const struct plan *plan, const char *when);
void measure_pairs(const struct plan *plan);
void measure_depth(const struct plan *plan);
void measure_memory(const struct plan *plan);
void measure_threads(const struct plan *plan);

void raise_limits(void);

#endif

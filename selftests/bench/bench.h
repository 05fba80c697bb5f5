/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The measures, and how much each of them does. Time is CLOCK_MONOTONIC. If the
 * emulator counts instructions (QEMU's -icount shift=0), one nanosecond is one
 * instruction; the program does not know which of the two it measures.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define KIB 1024UL
#define MIB (1024UL * 1024)

#define MAX_MESSAGE MIB
#define MESSAGE_BYTE 0x5a

/**
 * struct plan - how much is done
 * @rounds: how often each figure is measured; the best one counts
 * @batch: largest number of pairs of calls in a round
 * @depth: largest number of messages in a queue
 * @messages: number of messages for the measures of memory and threads
 * @threads: largest number of threads that put, and of those that get
 * @live: also report what the processor's counters count
 * @only: how the names of the peers to measure begin; NULL for all peers
 */
struct plan {
	int rounds;
	unsigned long batch;
	unsigned long depth;
	unsigned long messages;
	unsigned int threads;
	bool live;
	const char *only;
};

void measure_getppid(const struct plan *plan, const char *when);
void measure_pairs(const struct plan *plan);
void measure_depth(const struct plan *plan);
void measure_memory(const struct plan *plan);
void measure_threads(const struct plan *plan);
void measure_waiting(const struct plan *plan);

void raise_limits(void);

#endif

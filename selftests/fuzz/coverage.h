/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the cases have reached in the module: the PCs that kcov records, the edges
 * between them, and the outcomes (which result for which memory layout). Without
 * kcov in the kernel, outcomes only.
 */
#ifndef FUZZ_COVERAGE_H
#define FUZZ_COVERAGE_H

#include <stdbool.h>

/* Returns whether the kernel has kcov. */
bool coverage_init(void);
/* Call this once in each thread that makes calls. */
void coverage_begin_thread(int thread);
/* Call this after each load of the module; its address may have changed. */
void coverage_find_module(void);

void coverage_reset(void);
/* Returns true if anything was reached for the first time since the reset. */
bool coverage_collect(void);
void coverage_add_outcome(unsigned long outcome);

/* How many different ones so far. */
int coverage_pcs(void);
int coverage_edges(void);
int coverage_outcomes(void);

#endif

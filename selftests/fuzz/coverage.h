/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a case has reached in the module: pairs of places passed one after the
 * other, as kcov records them, and what calls returned for which memory. Where the
 * kernel has no kcov, only the latter.
 */
#ifndef FUZZ_COVERAGE_H
#define FUZZ_COVERAGE_H

#include <stdbool.h>

bool coverage_init(void);
/* Once in each thread that makes calls. */
void coverage_begin_thread(int thread);
/* The module has been loaded: it may be elsewhere. */
void coverage_find_module(void);

void coverage_reset(void);
/* Has something been reached, since the reset, for the first time? */
bool coverage_is_new(void);
/* Something else that counts as reached. */
void coverage_note(unsigned long what);

/* How many of each so far. */
int coverage_places(void);
int coverage_pairs(void);
int coverage_notes(void);

#endif

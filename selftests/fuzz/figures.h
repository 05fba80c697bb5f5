/* SPDX-License-Identifier: GPL-2.0 */
/* The module's figures in sysfs, and a check that each call changes the right ones. */
#ifndef FUZZ_FIGURES_H
#define FUZZ_FIGURES_H

#include "program.h"

/* The ways in which a call can end; each has a figure. */
#define OUTCOMES	12

/**
 * struct tally - how the calls of a case ended
 * @calls: the number of calls with each outcome
 */
struct tally {
	long calls[OUTCOMES];
};

/* Returns false if that call cannot end with that result. */
bool tally_add(struct tally *tally, enum action call, long ret);
void tally_sum(struct tally *tally, const struct tally *other);

/* An unload removes the files: close them before it and open them after a load. */
void figures_open(void);
void figures_close(void);

long figure_count(void);
long figure_bytes(void);
long figure_memory(void);
long figure_pending(void);

/*
 * Returns true if the figures have changed by exactly the tally since the last
 * check; if not, stores the reason in why. Figures that should not have changed are
 * read only once in several checks.
 */
bool figures_moved(const struct tally *tally, char *why, size_t size);

#endif

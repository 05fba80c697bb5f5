/* SPDX-License-Identifier: GPL-2.0 */
/* The module's figures in sysfs, and whether they move by what is done. */
#ifndef FUZZ_FIGURES_H
#define FUZZ_FIGURES_H

#include "program.h"

/* How calls can end: each way has a figure. */
#define ENDS	12

/**
 * struct tally - how calls have ended
 * @calls: how many in each way
 */
struct tally {
	long calls[ENDS];
};

/* False: a call cannot end like that. */
bool tally_add(struct tally *tally, enum action call, long ret);
void tally_sum(struct tally *tally, const struct tally *other);

/* Around the module's coming and going. */
void figures_open(void);
void figures_close(void);

long figure_count(void);
long figure_bytes(void);
long figure_memory(void);
long figure_pending(void);

/*
 * Have they moved by just that, since they were asked for last? If not, why says
 * which has not. Those that should not have moved are looked at now and then.
 */
bool figures_moved(const struct tally *tally, char *why, size_t size);

#endif

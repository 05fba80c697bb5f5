/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FUZZ_MUTATE_H
#define FUZZ_MUTATE_H

#include "program.h"

/* Both make a case that is program_within_limits(). */
void program_random(struct program *program, unsigned long *random);
void program_mutate(struct program *program, const struct program *other,
		    unsigned long *random);

#endif

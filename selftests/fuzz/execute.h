/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FUZZ_EXECUTE_H
#define FUZZ_EXECUTE_H

#include "program.h"

#define WHY_MAX	240

void execute_init(void);

/*
 * Runs the case on an empty box and leaves the box empty. Returns false and stores
 * the reason in why if a result, a byte or a figure was wrong.
 */
bool execute(const struct program *program, char why[WHY_MAX]);

#endif

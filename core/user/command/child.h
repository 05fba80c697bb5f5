/* SPDX-License-Identifier: GPL-2.0 */
/* Runs a program with a message on its standard input. */
#ifndef CHILD_H
#define CHILD_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Returns the program's exit status, 128 plus the number of the signal that ended it, or, with
 * started set to false and a complaint, 127 if there is no such program and 126 if it cannot
 * be run.
 */
int run_child(char **argv, const void *message, size_t length, bool *started);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* A line on the terminal that shows how far a long run has come. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stddef.h>

/* Switches progress on, if standard error is a terminal. */
void progress_begin(void);

/* Counts a message. Shows the figures when the run has taken two seconds. */
void progress_add(size_t length);

/* Removes the line. */
void progress_clear(void);

#endif

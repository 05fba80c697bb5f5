/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The numbers of the two system calls, which the module chooses when it is loaded. */
#ifndef MSGBOX_NUMBERS_H
#define MSGBOX_NUMBERS_H

#include <stdint.h>

/* Both in one word, so that threads see either the old or the new ones: put is the low half. */
typedef uint64_t numbers_t;

#define NO_NUMBERS	UINT64_MAX

/* The module's parameters: the numbers, and the limits. */
#define PARAMETERS	"/sys/module/dm510_msgbox/parameters/"

static inline long put_number(numbers_t numbers)
{
	return (uint32_t)numbers;
}

static inline long get_number(numbers_t numbers)
{
	return numbers >> 32;
}

/* Returns NO_NUMBERS if the module is not loaded. */
numbers_t numbers_find(void);

/*
 * Reads a file that holds one decimal number. Returns UINT64_MAX, which is also
 * MSGBOX_UNKNOWN, if that fails.
 */
uint64_t read_number(const char *path);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* Which registers a system call changes, for abi.c. */
#ifndef SELFTESTS_REGISTERS_H
#define SELFTESTS_REGISTERS_H

#include <stddef.h>
#include <stdint.h>

#include "kselftest.h"

/*
 * registers.S: makes a system call with 31 values in x0 to x30, and stores those after the
 * call. x0 is the result.
 */
void call_with_registers(const unsigned long *before, unsigned long *after);

/*
 * A system call may change x0 only. Returns the number of the first register that has
 * changed, or 0.
 */
static inline int changed_register(unsigned long nr, const void *buf, unsigned long len)
{
	static unsigned long before[31], after[31];

	for (size_t i = 0; i < ARRAY_SIZE(before); i++)
		before[i] = 0x0101010101010101 * (i + 0x10);
	before[0] = (uintptr_t)buf;
	before[1] = len;
	before[8] = nr;
	call_with_registers(before, after);
	for (size_t i = 1; i < ARRAY_SIZE(before); i++)
		if (before[i] != after[i])
			return i;
	return 0;
}

#endif

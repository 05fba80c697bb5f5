/* SPDX-License-Identifier: GPL-2.0 */
/* Which registers a system call changes, for abi.c. */
#ifndef SELFTESTS_REGISTERS_H
#define SELFTESTS_REGISTERS_H

#include <stddef.h>
#include <stdint.h>

#include "kselftest.h"

/*
 * void call_with_registers(const unsigned long before[31], unsigned long after[31]):
 * makes a system call with these values in x0 to x30, and stores those after the call.
 * x0 is the result.
 */
void call_with_registers(const unsigned long *before, unsigned long *after);

asm(".pushsection .text\n"
    "call_with_registers:\n\t"
    "stp	x29, x30, [sp, #-112]!\n\t"
    "stp	x19, x20, [sp, #16]\n\t"
    "stp	x21, x22, [sp, #32]\n\t"
    "stp	x23, x24, [sp, #48]\n\t"
    "stp	x25, x26, [sp, #64]\n\t"
    "stp	x27, x28, [sp, #80]\n\t"
    "str	x1, [sp, #96]\n\t"
    "mov	x30, x0\n\t"
    "ldp	x0, x1, [x30]\n\t"
    "ldp	x2, x3, [x30, #16]\n\t"
    "ldp	x4, x5, [x30, #32]\n\t"
    "ldp	x6, x7, [x30, #48]\n\t"
    "ldp	x8, x9, [x30, #64]\n\t"
    "ldp	x10, x11, [x30, #80]\n\t"
    "ldp	x12, x13, [x30, #96]\n\t"
    "ldp	x14, x15, [x30, #112]\n\t"
    "ldp	x16, x17, [x30, #128]\n\t"
    "ldp	x18, x19, [x30, #144]\n\t"
    "ldp	x20, x21, [x30, #160]\n\t"
    "ldp	x22, x23, [x30, #176]\n\t"
    "ldp	x24, x25, [x30, #192]\n\t"
    "ldp	x26, x27, [x30, #208]\n\t"
    "ldp	x28, x29, [x30, #224]\n\t"
    "ldr	x30, [x30, #240]\n\t"
    "svc	#0\n\t"
    "str	x0, [sp, #104]\n\t"
    "ldr	x0, [sp, #96]\n\t"
    "str	x1, [x0, #8]\n\t"
    "stp	x2, x3, [x0, #16]\n\t"
    "stp	x4, x5, [x0, #32]\n\t"
    "stp	x6, x7, [x0, #48]\n\t"
    "stp	x8, x9, [x0, #64]\n\t"
    "stp	x10, x11, [x0, #80]\n\t"
    "stp	x12, x13, [x0, #96]\n\t"
    "stp	x14, x15, [x0, #112]\n\t"
    "stp	x16, x17, [x0, #128]\n\t"
    "stp	x18, x19, [x0, #144]\n\t"
    "stp	x20, x21, [x0, #160]\n\t"
    "stp	x22, x23, [x0, #176]\n\t"
    "stp	x24, x25, [x0, #192]\n\t"
    "stp	x26, x27, [x0, #208]\n\t"
    "stp	x28, x29, [x0, #224]\n\t"
    "str	x30, [x0, #240]\n\t"
    "ldr	x1, [sp, #104]\n\t"
    "str	x1, [x0]\n\t"
    "ldp	x19, x20, [sp, #16]\n\t"
    "ldp	x21, x22, [sp, #32]\n\t"
    "ldp	x23, x24, [sp, #48]\n\t"
    "ldp	x25, x26, [sp, #64]\n\t"
    "ldp	x27, x28, [sp, #80]\n\t"
    "ldp	x29, x30, [sp], #112\n\t"
    "ret\n"
    ".popsection");

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

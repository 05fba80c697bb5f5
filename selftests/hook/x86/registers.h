/* SPDX-License-Identifier: GPL-2.0 */
/* Which registers a system call changes, for abi.c. */
#ifndef SELFTESTS_REGISTERS_H
#define SELFTESTS_REGISTERS_H

#include <stddef.h>
#include <stdint.h>

#include "kselftest.h"

/*
 * A system call may change rax, rcx and r11 only. Compiled code would hardly notice
 * a change, as it keeps little in registers during a call. Returns the first register
 * that has changed, counted from 1, or 0.
 */
static inline int changed_register(unsigned long nr, const void *buf, unsigned long len)
{
	static unsigned long before[12], after[12];
	unsigned long *arguments = before;

	for (size_t i = 0; i < ARRAY_SIZE(before); i++)
		before[i] = 0x0101010101010101 * (i + 0x10);
	before[4] = (uintptr_t)buf;
	before[5] = len;

	/* The compiler may keep data in the red zone below the stack pointer: skip it. */
	asm volatile("leaq -128(%%rsp), %%rsp\n\t"
		     "push %%rbp\n\t"
		     "push %%rbx\n\t"
		     "movq 0(%[before]), %%rbx\n\t"
		     "movq 8(%[before]), %%rbp\n\t"
		     "movq 16(%[before]), %%r12\n\t"
		     "movq 24(%[before]), %%r13\n\t"
		     "movq 32(%[before]), %%rdi\n\t"
		     "movq 40(%[before]), %%rsi\n\t"
		     "movq 48(%[before]), %%rdx\n\t"
		     "movq 56(%[before]), %%r10\n\t"
		     "movq 64(%[before]), %%r8\n\t"
		     "movq 72(%[before]), %%r9\n\t"
		     "movq 80(%[before]), %%r14\n\t"
		     "movq 88(%[before]), %%r15\n\t"
		     "syscall\n\t"
		     /* The call may change rcx, so it is free to hold the address. */
		     "leaq %[after], %%rcx\n\t"
		     "movq %%rbx, 0(%%rcx)\n\t"
		     "movq %%rbp, 8(%%rcx)\n\t"
		     "movq %%r12, 16(%%rcx)\n\t"
		     "movq %%r13, 24(%%rcx)\n\t"
		     "movq %%rdi, 32(%%rcx)\n\t"
		     "movq %%rsi, 40(%%rcx)\n\t"
		     "movq %%rdx, 48(%%rcx)\n\t"
		     "movq %%r10, 56(%%rcx)\n\t"
		     "movq %%r8, 64(%%rcx)\n\t"
		     "movq %%r9, 72(%%rcx)\n\t"
		     "movq %%r14, 80(%%rcx)\n\t"
		     "movq %%r15, 88(%%rcx)\n\t"
		     "pop %%rbx\n\t"
		     "pop %%rbp\n\t"
		     "leaq 128(%%rsp), %%rsp"
		     : "+a" (nr), [before] "+c" (arguments), [after] "=m" (after)
		     :
		     : "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
		       "memory");
	for (size_t i = 0; i < ARRAY_SIZE(before); i++)
		if (before[i] != after[i])
			return i + 1;
	return 0;
}

#endif

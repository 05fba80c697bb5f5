/* SPDX-License-Identifier: GPL-2.0 */
/* The caller's own shadow stack: x86. ../arm64/shadow_stack.h has the same functions. */
#ifndef SELFTESTS_SHADOW_STACK_H
#define SELFTESTS_SHADOW_STACK_H

#include <stdbool.h>
#include <sys/syscall.h>

/* From asm/prctl.h of 6.6: codes of arch_prctl(2), and its argument. */
#define ENABLE_SHADOW_STACK	0x5001
#define DISABLE_SHADOW_STACK	0x5002
#define SHADOW_STACK		1

/* read(2) into a shadow stack fails. */
#define READ_RETURNS		1

/*
 * Returns 0, or -1 if there are none. All inline: a function that enables the shadow stack must
 * not return to its caller.
 */
static __always_inline long switch_shadow_stack(bool on)
{
	long ret = SYS_arch_prctl;

	asm volatile("syscall"
		     : "+a" (ret)
		     : "D" (on ? ENABLE_SHADOW_STACK : DISABLE_SHADOW_STACK), "S" (SHADOW_STACK)
		     : "rcx", "r11", "memory");
	return ret ? -1 : 0;
}

/* 0 without a shadow stack, because the instruction then does nothing. */
static __always_inline unsigned long shadow_stack_pointer(void)
{
	unsigned long pointer = 0;

	asm volatile("rdsspq %0" : "+r" (pointer));
	return pointer;
}

#endif

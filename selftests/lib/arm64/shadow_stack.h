/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The caller's own shadow stack: arm64, which calls it a guarded control stack (GCS).
 * ../x86/shadow_stack.h has the same functions.
 */
#ifndef SELFTESTS_SHADOW_STACK_H
#define SELFTESTS_SHADOW_STACK_H

#include <stdbool.h>
#include <sys/syscall.h>

/* From linux/prctl.h of 6.13. */
#define SET_SHADOW_STACK_STATUS	75

/*
 * read(2) into a shadow stack never returns on 7.3, and a signal does not end it: the kernel
 * repeats the page fault of its own access for ever (seen in QEMU 11).
 */
#define READ_RETURNS		0

/*
 * Returns 0, or -1 if there are none. All inline: a function that enables the shadow stack must
 * not return to its caller.
 */
static __always_inline long switch_shadow_stack(bool on)
{
	register long x8 asm("x8") = SYS_prctl;
	register long x0 asm("x0") = SET_SHADOW_STACK_STATUS;
	register long x1 asm("x1") = on;
	register long x2 asm("x2") = 0;
	register long x3 asm("x3") = 0;
	register long x4 asm("x4") = 0;

	asm volatile("svc #0"
		     : "+r" (x0)
		     : "r" (x8), "r" (x1), "r" (x2), "r" (x3), "r" (x4)
		     : "memory");
	return x0 ? -1 : 0;
}

/* GCSPR_EL0, which older assemblers do not know. Only where the caller has a shadow stack. */
static __always_inline unsigned long shadow_stack_pointer(void)
{
	unsigned long pointer;

	asm volatile("mrs %0, s3_3_c2_c5_1" : "=r" (pointer));
	return pointer;
}

#endif

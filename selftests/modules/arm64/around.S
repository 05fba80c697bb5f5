/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The targets of the direct call at the function's entry. The return address into the
 * function's body is in x30, that into its caller in x9. The arguments are in x0 to x7,
 * and x8.
 */
#include <linux/linkage.h>
#include <asm/assembler.h>

SYM_CODE_START(widen_before)
	bti	c
	stp	x29, x30, [sp, #-96]!
	mov	x29, sp
	stp	x0, x1, [sp, #16]
	stp	x2, x3, [sp, #32]
	stp	x4, x5, [sp, #48]
	stp	x6, x7, [sp, #64]
	stp	x8, x9, [sp, #80]
	mov	x0, x9
	bl	widen
	ldp	x0, x1, [sp, #16]
	ldp	x2, x3, [sp, #32]
	ldp	x4, x5, [sp, #48]
	ldp	x6, x7, [sp, #64]
	ldp	x8, x9, [sp, #80]
	ldp	x29, x10, [sp], #96
	mov	x30, x9
	ret	x10
SYM_CODE_END(widen_before)

/* Makes the body return to widen_returned, which returns to the caller. */
SYM_CODE_START(widen_after)
	bti	c
	str	x9, [sp, #-16]!
	mov	x10, x30
	adr	x30, widen_returned
	ret	x10
SYM_CODE_END(widen_after)

SYM_CODE_START_LOCAL(widen_returned)
	ldr	x9, [sp], #16
	stp	x29, x9, [sp, #-32]!
	mov	x29, sp
	stp	x0, x1, [sp, #16]
	mov	x0, x9
	bl	widen
	ldp	x0, x1, [sp, #16]
	ldp	x29, x30, [sp], #32
	ret
SYM_CODE_END(widen_returned)

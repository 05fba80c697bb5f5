/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The targets of the direct call at the function's entry. On the stack are the
 * return address into the function's body and, above it, the return address into
 * its caller. The arguments are in registers.
 */
#include <linux/linkage.h>
#include <asm/unwind_hints.h>

#include "../../../hook/x86/compat.h"

SYM_START(widen_before, SYM_L_GLOBAL, SYM_A_ALIGN)
	ENDBR
	pushq	%rdi
	pushq	%rsi
	pushq	%rdx
	pushq	%rcx
	pushq	%r8
	pushq	%r9
	movq	56(%rsp), %rdi
	call	widen
	popq	%r9
	popq	%r8
	popq	%rcx
	popq	%rdx
	popq	%rsi
	popq	%rdi
	RET
SYM_FUNC_END(widen_before)

/* Makes the body return to widen_returned, which returns to the caller. */
SYM_START(widen_after, SYM_L_GLOBAL, SYM_A_ALIGN)
	ENDBR
	popq	%rax
	leaq	widen_returned(%rip), %r11
	pushq	%r11
	pushq	%rax
	UNWIND_HINT_FUNC
	RET
SYM_FUNC_END(widen_after)

SYM_START(widen_returned, SYM_L_LOCAL, SYM_A_ALIGN)
	ENDBR
	movq	(%rsp), %rdi
	pushq	%rax
	call	widen
	popq	%rax
	RET
SYM_FUNC_END(widen_returned)

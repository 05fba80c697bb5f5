/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where ftrace's call at the entry of the attach point (C3) goes, be it
 * x64_sys_call(regs, nr) or __x64_sys_ni_syscall(regs): regs is in %rdi and
 * holds the number; on the stack are the way back into the attach point and,
 * above it, the way back to its caller. %rax is free at a function's entry.
 *
 * Where the attach point is x64_sys_call every system call of the machine
 * passes here, so what is not ours leaves after five instructions, six where
 * the kernel is built with IBT.
 */
#include <linux/linkage.h>
#include <asm/alternative.h>
#include <asm/asm-offsets.h>
#include <asm/cpufeatures.h>
#include <asm/nospec-branch.h>
#include <asm/percpu.h>
#include <asm/unwind_hints.h>

#include "compat.h"
#include "trampoline.h"

/*
 * The return lies in the upper half of a cache line: in the lower one the
 * mitigation of Indirect Target Selection (CVE-2024-28956) makes it a jump to
 * a return elsewhere, one instruction more for every system call.
 */
	.p2align 6, 0xcc
	.skip	16, 0xcc
SYM_START(syscall_hook_trampoline, SYM_L_GLOBAL, SYM_A_NONE)
	ENDBR
	movl	SYSCALL_HOOK_ORIG_AX(%rdi), %eax	/* C4 */
	subl	syscall_hook_first(%rip), %eax
	cmpl	syscall_hook_span(%rip), %eax
	/*
	 * ftrace's call does not count as one. Where calls are counted, somebody
	 * has to before the return, which counts back; where they are not, that
	 * costs nobody an instruction: the jumps are of one size.
	 */
#ifdef COUNTS_CALL_DEPTH
	ALTERNATIVE "jb.d32 .Lours", "jmp .Lcounted", X86_FEATURE_CALL_DEPTH
#else
	jb	.Lours
#endif
	RET

#ifdef COUNTS_CALL_DEPTH
.Lcounted:
	jb	.Lours
	INCREMENT_CALL_DEPTH
	RET
#endif

	/*
	 * Forget the way back into the attach point: the dispatcher runs in its
	 * place, and returns to its caller: one call, which has been counted, and
	 * one return.
	 */
.Lours:
	addq	$8, %rsp
	UNWIND_HINT_FUNC
	movl	%eax, %esi
	jmp	syscall_hook_dispatch
SYM_FUNC_END(syscall_hook_trampoline)

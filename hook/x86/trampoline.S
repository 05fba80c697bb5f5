/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The target of ftrace's call at the entry of the attach point, which is
 * x64_sys_call(regs, nr) or __x64_sys_ni_syscall(regs). Either way regs is in
 * %rdi and holds the number. On the stack are the return address into the
 * attach point and, above it, the return address into the attach point's
 * caller. %rax is free at a function's entry.
 *
 * If the attach point is x64_sys_call, every system call of the machine passes
 * here. A call that is not in the window leaves after five instructions, six
 * where the kernel is built with IBT.
 *
 * C3 and C4 are steps of a call in selftests/models/unload.pml: C3 is ftrace's
 * call, C4 the trampoline.
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
 * The RET must be in the upper half of a cache line. In the lower half, the
 * mitigation of Indirect Target Selection (CVE-2024-28956) replaces it by a jump
 * to a return elsewhere, which costs every system call one more instruction.
 */
	.p2align 6, 0xcc
	.skip	16, 0xcc
SYM_START(syscall_hook_trampoline, SYM_L_GLOBAL, SYM_A_NONE)
	ENDBR
	movl	SYSCALL_HOOK_ORIG_AX(%rdi), %eax	/* C4 */
	subl	syscall_hook_first(%rip), %eax
	cmpl	syscall_hook_span(%rip), %eax
	/*
	 * With call depth tracking, each RET counts down, and ftrace's call has
	 * not counted up. So the trampoline counts up before its RET. Where calls
	 * are not counted this costs no instruction: one jump replaces another of
	 * the same size.
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
	 * Drop the return address into the attach point. The dispatcher runs in
	 * its place and returns to its caller: one call, which has been counted,
	 * and one return.
	 */
.Lours:
	addq	$8, %rsp
	UNWIND_HINT_FUNC
	movl	%eax, %esi
	jmp	syscall_hook_dispatch
SYM_FUNC_END(syscall_hook_trampoline)

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where ftrace's call at the entry of x64_sys_call(regs, nr) goes: regs is in
 * %rdi, nr in %esi; on the stack are the way back into x64_sys_call and, above
 * it, the way back into do_syscall_64. %rax is free at a function's entry.
 *
 * Every system call of the machine passes here, so what is not ours leaves
 * after five instructions.
 */
#include <linux/linkage.h>
#include <asm/unwind_hints.h>

/*
 * The return lies in the upper half of a cache line: in the lower one the
 * mitigation of Indirect Target Selection (CVE-2024-28956) makes it a jump to
 * a return elsewhere, one instruction more for every system call.
 */
	.p2align 6, 0xcc
	.skip	16, 0xcc
SYM_FUNC_START(syscall_hook_trampoline)
	movl	%esi, %eax
	subl	syscall_hook_first(%rip), %eax
	cmpl	syscall_hook_span(%rip), %eax
	jb	.Lours
	RET

	/*
	 * Forget the way back into x64_sys_call: the dispatcher runs in its
	 * place, and returns to do_syscall_64.
	 */
.Lours:
	addq	$8, %rsp
	UNWIND_HINT_FUNC
	jmp	syscall_hook_dispatch
SYM_FUNC_END(syscall_hook_trampoline)

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ways from a 32-bit program into the kernel, with number and arguments in
 * the registers that they have for int $0x80; and where the program begins.
 */
	.text

	.globl	by_int80
by_int80:
	int	$0x80
	ret

/*
 * The kernel does not come back from these two to here, but to the end of what
 * the vDSO has for them: it takes three registers off the stack, and returns.
 */
	.globl	by_sysenter
by_sysenter:
	pushl	%ecx
	pushl	%edx
	pushl	%ebp
	movl	%esp, %ebp
	sysenter

	.globl	by_syscall
by_syscall:
	pushl	%ecx
	pushl	%edx
	pushl	%ebp
	movl	%ecx, %ebp
	syscall

/* caller32_main(argc, argv); it does not return. */
	.globl	_start
_start:
	movl	%esp, %eax
	leal	4(%esp), %edx
	andl	$-16, %esp
	subl	$8, %esp
	pushl	%edx
	pushl	(%eax)
	call	caller32_main

	.section .note.GNU-stack, "", @progbits

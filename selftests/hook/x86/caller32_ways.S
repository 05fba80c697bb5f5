/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The entries into the kernel for 32-bit programs, and the program's entry point.
 * Number and arguments are in the registers of int $0x80.
 */
	.text

	.globl	by_int80
by_int80:
	int	$0x80
	ret

/*
 * The kernel returns from these two to the end of the vDSO's code for them, which
 * pops three registers and returns to our caller.
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

/* Calls caller32_main(argc, argv), which does not return. */
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

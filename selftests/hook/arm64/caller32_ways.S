/* SPDX-License-Identifier: GPL-2.0 */
/* The entry point of caller32. It calls caller32_main(argc, argv), which does not return. */
	.text

	.globl	_start
_start:
	ldr	r0, [sp]
	add	r1, sp, #4
	bic	sp, sp, #7
	bl	caller32_main

	.section .note.GNU-stack, "", %progbits

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The target of a direct call that changes nothing. The return address into the function
 * is in x30, that into its caller in x9.
 */
#include <linux/linkage.h>
#include <asm/assembler.h>

SYM_CODE_START(do_nothing)
	bti	c
	mov	x10, x30
	mov	x30, x9
	ret	x10
SYM_CODE_END(do_nothing)

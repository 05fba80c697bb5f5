/* SPDX-License-Identifier: GPL-2.0 */
/* What a module that uses the hook, and the files that all architectures share, ask of arm64. */
#ifndef _SYSCALL_HOOK_ARCH_H
#define _SYSCALL_HOOK_ARCH_H

#include <linux/compat.h>
#include <linux/compiler.h>
#include <linux/ptrace.h>

/*
 * From a function's first byte to where ftrace is told to attach: the second instruction.
 * The function's address is not enough. On 6.1 several places count to sys_ni_syscall,
 * those of weak functions that were replaced. In a kernel that is built with branch targets
 * (CONFIG_ARM64_BTI_KERNEL, not with gcc) it would be the third one; Debian has none.
 */
#define HOOK_FTRACE_OFFSET	4

/* What the table has for a number that is not assigned. */
#define HOOK_NOT_IMPLEMENTED	"__arm64_sys_ni_syscall"

/* Any number would do; the same ones as on x86. */
#define HOOK_NUMBERS_END	512
#define HOOK_WHY_END		"are not used, as on x86"

static __always_inline unsigned long
syscall_hook_arch_argument(const struct pt_regs *regs, unsigned int i)
{
	return regs->regs[i];
}

/* 32-bit callers reach sys_ni_syscall as well. */
static __always_inline bool hook_is_32_bit_caller(void)
{
	return is_compat_task();
}

#endif /* _SYSCALL_HOOK_ARCH_H */

/* SPDX-License-Identifier: GPL-2.0 */
/* What a module that uses the hook, and the files that all architectures share, ask of x86. */
#ifndef _SYSCALL_HOOK_ARCH_H
#define _SYSCALL_HOOK_ARCH_H

#include <linux/compiler.h>
#include <linux/ptrace.h>
#include <linux/thread_info.h>

#ifndef CONFIG_X86_64
#error "the hook is for kernels of x86-64 and arm64 only"
#endif

/* From a function's first byte to where ftrace is told to attach. It finds its place. */
#define HOOK_FTRACE_OFFSET	0

/* What the table has for a number that is not assigned. */
#define HOOK_NOT_IMPLEMENTED	"__x64_sys_ni_syscall"

/* arch/x86/entry/syscalls/syscall_64.tbl: "x32-specific system call numbers". */
#define HOOK_NUMBERS_END	512
#define HOOK_WHY_END		"are for x32"

static __always_inline unsigned long
syscall_hook_arch_argument(const struct pt_regs *regs, unsigned int i)
{
	switch (i) {
	case 0:
		return regs->di;
	case 1:
		return regs->si;
	case 2:
		return regs->dx;
	case 3:
		return regs->r10;
	case 4:
		return regs->r8;
	default:
		return regs->r9;
	}
}

/* 32-bit callers reach __x64_sys_ni_syscall as well. */
static __always_inline bool hook_is_32_bit_caller(void)
{
	return in_ia32_syscall();
}

#endif /* _SYSCALL_HOOK_ARCH_H */

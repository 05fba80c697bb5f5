/* SPDX-License-Identifier: GPL-2.0 */
/* What differs between kernel versions on arm64. */
#ifndef _SYSCALL_HOOK_COMPAT_H
#define _SYSCALL_HOOK_COMPAT_H

#include <linux/ftrace.h>

/*
 * 26299b3f6ba2 ("ftrace: arm64: move from REGS to ARGS", 6.2): before, only users who ask
 * for all registers may change the program counter.
 */
#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
#define REDIRECT_FLAGS	FTRACE_OPS_FL_IPMODIFY
#else
#define REDIRECT_FLAGS	(FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_SAVE_REGS)
#endif

/* Called at a function's entry by an ftrace user: go on in another function. */
static __always_inline void continue_in(struct ftrace_regs *fregs, unsigned long function)
{
#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
	ftrace_regs_set_instruction_pointer(fregs, function);
#else
	ftrace_get_regs(fregs)->pc = function;
#endif
}

#endif /* _SYSCALL_HOOK_COMPAT_H */

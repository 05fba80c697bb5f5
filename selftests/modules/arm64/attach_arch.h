/* SPDX-License-Identifier: GPL-2.0 */
/* How a module attaches to a function of the kernel on arm64. */
#ifndef _ATTACH_ARCH_H
#define _ATTACH_ARCH_H

#include <linux/errno.h>

/* It has REDIRECT_FLAGS, the flags of a user that may redirect the function. */
#include "../../../hook/arm64/compat.h"

/*
 * From a function's first byte to the place of ftrace. On 6.1 several places count to the
 * name sys_ni_syscall, so the place has to be exact.
 */
#define FTRACE_OFFSET	4

/* 6.1 has no direct calls. */
static inline int attach_direct(struct ftrace_ops *ops, unsigned long trampoline)
{
#ifdef CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS
	return register_ftrace_direct(ops, trampoline);
#else
	return -EOPNOTSUPP;
#endif
}

static inline void detach_direct(struct ftrace_ops *ops, unsigned long trampoline)
{
#ifdef CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS
	unregister_ftrace_direct(ops, trampoline, false);
#endif
}

#endif /* _ATTACH_ARCH_H */

/* SPDX-License-Identifier: GPL-2.0 */
/* What differs between kernel versions. */
#ifndef _SYSCALL_HOOK_COMPAT_H
#define _SYSCALL_HOOK_COMPAT_H

#include <linux/version.h>

/* Indirect branch tracking: 5.18. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 18, 0)
#include <asm/ibt.h>
#elif defined(__ASSEMBLY__)
#define ENDBR
#endif

/*
 * Call depth tracking (retbleed=stuff): since 6.2. Its configuration option was
 * renamed in 6.9.
 */
#if defined(CONFIG_CALL_DEPTH_TRACKING) || defined(CONFIG_MITIGATION_CALL_DEPTH_TRACKING)
#define COUNTS_CALL_DEPTH
#endif

#ifndef __ASSEMBLY__
#include <linux/errno.h>
#include <linux/ftrace.h>

/*
 * Kernels before 6.1 have no attach point, so nothing is ever attached there.
 * These definitions let a module with the hook build for them, so that it can say that
 * they are not supported.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#define ftrace_regs pt_regs
#define ftrace_free_filter(ops) do { } while (0)
#define TASK_FREEZABLE 0
#endif

/*
 * Direct calls for the functions in the filter of an ftrace_ops. The series of
 * 60c8971899f3 ("ftrace: Make DIRECT_CALLS work WITH_ARGS and !WITH_REGS")
 * renamed the functions in 6.4; before, the new names were those of functions
 * that took a single address.
 */
static inline int attach_direct(struct ftrace_ops *ops, unsigned long trampoline)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
	return -EOPNOTSUPP;
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
	return register_ftrace_direct_multi(ops, trampoline);
#else
	return register_ftrace_direct(ops, trampoline);
#endif
}

static inline int detach_direct(struct ftrace_ops *ops, unsigned long trampoline)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
	return -EOPNOTSUPP;
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
	return unregister_ftrace_direct_multi(ops, trampoline);
#else
	return unregister_ftrace_direct(ops, trampoline, false);
#endif
}
#endif /* __ASSEMBLY__ */

#endif /* _SYSCALL_HOOK_COMPAT_H */

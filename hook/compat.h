/* SPDX-License-Identifier: GPL-2.0 */
/* All that differs between kernels. */
#ifndef _SYSCALL_HOOK_COMPAT_H
#define _SYSCALL_HOOK_COMPAT_H

#include <linux/ftrace.h>
#include <linux/version.h>

/*
 * x64_sys_call moved into the file of do_syscall_64 in 6.15; the compiler then
 * knows that the number is below NR_syscalls and builds the switch without a
 * check of its own: a larger number runs into some other system call.
 */
#define CAN_RAISE (LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0))

/*
 * Direct calls for the functions in an ops' filter: 60c8971899f3 ("ftrace:
 * Make DIRECT_CALLS work WITH_ARGS and !WITH_REGS") and its series renamed
 * them in 6.4; the older functions of these names took one address.
 */
static inline int attach_direct(struct ftrace_ops *ops, unsigned long trampoline)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
	return register_ftrace_direct_multi(ops, trampoline);
#else
	return register_ftrace_direct(ops, trampoline);
#endif
}

static inline int detach_direct(struct ftrace_ops *ops, unsigned long trampoline)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
	return unregister_ftrace_direct_multi(ops, trampoline);
#else
	return unregister_ftrace_direct(ops, trampoline, false);
#endif
}

#endif /* _SYSCALL_HOOK_COMPAT_H */

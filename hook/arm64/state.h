/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SYSCALL_HOOK_STATE_H
#define _SYSCALL_HOOK_STATE_H

#include <linux/ftrace.h>
#include <linux/types.h>

#define HOOK_ATTACH_POINT	"sys_ni_syscall"

/**
 * struct hook_state - the way by which calls come to the dispatcher
 * @ftrace_address: where ftrace can attach to sys_ni_syscall
 * @guard: ftrace user that does nothing but keep ftrace switched on
 * @ops: ftrace user that sends calls to the dispatcher
 */
struct hook_state {
	unsigned long ftrace_address;
	struct ftrace_ops guard;
	struct ftrace_ops ops;
};

#endif /* _SYSCALL_HOOK_STATE_H */

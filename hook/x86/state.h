/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SYSCALL_HOOK_STATE_H
#define _SYSCALL_HOOK_STATE_H

#include <linux/ftrace.h>
#include <linux/types.h>

#include "bounds.h"

/**
 * struct hook_state - the way by which calls come to the dispatcher
 * @attach_point: name of the kernel function to attach to
 * @attach_address: address of its first byte
 * @at_dispatch: the attach point is x64_sys_call, which every number passes
 * @do_syscall_64: the first byte of that function in the kernel's text
 * @bounds: where the function holds the size of the system call table
 * @bounds_found: @bounds is valid
 * @raisable: the bounds can be raised, and NR_syscalls is the running kernel's
 * @guard: ftrace user that does nothing but keep ftrace switched on
 * @direct: ftrace user that makes the attach point call the trampoline
 * @table_end: the size of the table as the bounds have it; NR_syscalls where
 *             they are not raised
 *
 * What the trampoline and the dispatcher use during a call is not here but in
 * syscall_hook.c, at fixed addresses: following a pointer to it would cost
 * every system call of the machine an instruction.
 */
struct hook_state {
	/* Found by the prepare functions, which change nothing in the kernel. */
	const char *attach_point;
	unsigned long attach_address;
	bool at_dispatch;
	u8 *do_syscall_64;
	struct hook_bounds bounds;
	bool bounds_found;
	bool raisable;

	/* Install builds these up from top to bottom, remove goes back up. */
	struct ftrace_ops guard;
	struct ftrace_ops direct;
	u32 table_end;
};

#endif /* _SYSCALL_HOOK_STATE_H */

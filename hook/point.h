/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SYSCALL_HOOK_POINT_H
#define _SYSCALL_HOOK_POINT_H

#include <linux/types.h>

/* What is read of each function: so many bytes from its beginning. */
#define HOOK_POINT_BYTES	16

/**
 * enum hook_point - the function of the kernel that is attached to
 * @HOOK_POINT_NONE: there is none that will do
 * @HOOK_POINT_NOT_IMPLEMENTED: __x64_sys_ni_syscall, where calls of unassigned
 *                              numbers of the table end; nobody else pays
 * @HOOK_POINT_DISPATCH: x64_sys_call, where all numbers pass that
 *                       do_syscall_64 lets through
 */
enum hook_point {
	HOOK_POINT_NONE,
	HOOK_POINT_NOT_IMPLEMENTED,
	HOOK_POINT_DISPATCH,
};

enum hook_point hook_point_choose(const __u8 *not_implemented, const __u8 *dispatch);

#endif /* _SYSCALL_HOOK_POINT_H */

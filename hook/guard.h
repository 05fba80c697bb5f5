/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SYSCALL_HOOK_GUARD_H
#define _SYSCALL_HOOK_GUARD_H

struct ftrace_ops;

void hook_ops_reset(struct ftrace_ops *ops);
void hook_stay_forever(const char *attach_point);

int hook_guard_add(struct ftrace_ops *guard);
void hook_guard_remove(struct ftrace_ops *guard, const char *attach_point);

#endif /* _SYSCALL_HOOK_GUARD_H */

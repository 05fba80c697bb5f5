/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SYSCALL_HOOK_GUARD_H
#define _SYSCALL_HOOK_GUARD_H

#include <linux/sched.h>

#include "compat.h"
#include "log.h"
#include "way.h"

struct ftrace_ops;

/**
 * hook_stay_forever() - keep the module in memory until the machine is rebooted
 * @attach_point: where ftrace is attached
 *
 * After an internal error ftrace shuts itself down and can no longer detach
 * anything. Calls still come to the module then, and its memory must stay: an
 * insmod or rmmod that never returns is better. With an empty window every call
 * goes back to the kernel.
 *
 * Inline, as objtool sees only in a function of the same file that it never
 * returns.
 *
 * Context: Process context.
 */
static inline void __noreturn hook_stay_forever(const char *attach_point)
{
	/* Needs no order: a call that still sees the old value finds all that it needs. */
	WRITE_ONCE(syscall_hook_span, 0);
	hook_crit("ftrace has shut itself down and cannot detach from %s; this module stays until the machine is rebooted\n",
		  attach_point);
	for (;;) {
		/* A task that cannot be frozen would make each suspend fail. */
		set_current_state(TASK_IDLE | TASK_FREEZABLE);
		schedule();
	}
}

void hook_ops_reset(struct ftrace_ops *ops);
int hook_guard_add(struct ftrace_ops *guard);
void hook_guard_remove(struct ftrace_ops *guard, const char *attach_point);

#endif /* _SYSCALL_HOOK_GUARD_H */

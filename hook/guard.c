// SPDX-License-Identifier: GPL-2.0
/*
 * Keeps ftrace switched on while system calls are attached, and the module in memory if
 * ftrace cannot detach them.
 */
#include <linux/errno.h>
#include <linux/ftrace.h>
#include <linux/string.h>

#include "compat.h"
#include "guard.h"
#include "log.h"
#include "way.h"

/**
 * hook_ops_reset() - make an ftrace user ready for its next use
 * @ops: not registered
 *
 * 6.1 leaves pointers to freed memory in it.
 *
 * Context: Process context. May sleep.
 */
void hook_ops_reset(struct ftrace_ops *ops)
{
	ftrace_free_filter(ops);
	memset(ops, 0, sizeof(*ops));
}

static void guard_never_called(unsigned long ip, unsigned long parent_ip,
			       struct ftrace_ops *ops, struct ftrace_regs *regs)
{
}

/**
 * hook_guard_add() - make the kernel refuse to switch ftrace off
 * @guard: an ftrace user that does nothing
 *
 * Switching ftrace off (kernel.ftrace_enabled=0) would silently disarm the
 * hook. The kernel refuses to do so while a PERMANENT user is registered, and
 * it refuses to register such a user while ftrace is off. On some kernels a
 * direct call cannot be PERMANENT, so the guard is a user of its own. It is
 * attached to a function that is not called while the guard is registered, so
 * it costs nothing.
 *
 * Context: Process context. May sleep. Does not return if ftrace shuts itself down
 * meanwhile.
 *
 * Return: 0; -EBUSY if ftrace is off; -EOPNOTSUPP; -ENOMEM. On failure nothing
 * has changed, and the log says why.
 */
int hook_guard_add(struct ftrace_ops *guard)
{
	int err;

	guard->func = guard_never_called;
	guard->flags = FTRACE_OPS_FL_PERMANENT;
	err = ftrace_set_filter_ip(guard, (unsigned long)hook_attach, 0, 0);
	if (!err) {
		err = register_ftrace_function(guard);
		/* ftrace shut down a moment ago, and may still look at the guard. */
		if (err == -ENODEV)
			hook_stay_forever("hook_attach");
	}
	if (!err)
		return 0;

	hook_ops_reset(guard);
	if (err == -EBUSY)
		hook_err("ftrace is switched off; switch it on: sysctl kernel.ftrace_enabled=1\n");
	else if (err != -ENOMEM)
		hook_err("ftrace does not work on this kernel (error %d)\n", err);
	return err == -EBUSY || err == -ENOMEM ? err : -EOPNOTSUPP;
}

/**
 * hook_guard_remove() - undo hook_guard_add()
 * @guard: the same
 * @attach_point: what the guard has guarded
 *
 * Does not return if ftrace has shut itself down.
 *
 * Context: Process context. Sleeps.
 */
void hook_guard_remove(struct ftrace_ops *guard, const char *attach_point)
{
	if (unregister_ftrace_function(guard))
		hook_stay_forever(attach_point);
	hook_ops_reset(guard);
}

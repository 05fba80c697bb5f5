// SPDX-License-Identifier: GPL-2.0
/*
 * Attaches the dispatcher to sys_ni_syscall, where all unassigned numbers end and no call
 * of the kernel does: other calls pay nothing. ftrace calls redirect() at the function's
 * entry. For a number of the window the function is not executed: the dispatcher is, in
 * its place, and returns to its caller. Only ftrace writes text of the kernel.
 */
#include <linux/errno.h>
#include <linux/ftrace.h>
#include <linux/rcupdate.h>
#include <linux/sched/task_stack.h>

#include "compat.h"
#include "guard.h"
#include "log.h"
#include "state.h"
#include "way.h"

/* What is executed instead of sys_ni_syscall. */
static asmlinkage long dispatch_in_place(void)
{
	const struct pt_regs *regs = current_pt_regs();

	return syscall_hook_dispatch(regs, regs->syscallno - syscall_hook_first);
}

/* Called for each unassigned number, also of 32-bit callers. */
static void notrace redirect(unsigned long ip, unsigned long parent_ip,
			     struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	unsigned int nr = current_pt_regs()->syscallno;

	if (nr - syscall_hook_first < READ_ONCE(syscall_hook_span))	/* C4 */
		continue_in(fregs, (unsigned long)dispatch_in_place);
}

static int explain(int err)
{
	if (err == -EBUSY)
		hook_err("sys_ni_syscall has another user (a live patch or a module like this one); remove that one first\n");
	else if (err != -ENOMEM)
		hook_err("ftrace cannot attach to sys_ni_syscall (error %d); this kernel is not supported\n",
			 err);
	return err == -EBUSY || err == -ENOMEM ? err : -EOPNOTSUPP;
}

static int attach_ops(struct hook_state *hook)
{
	struct ftrace_ops *ops = &hook->ops;
	int err;

	ops->func = redirect;
	ops->flags = REDIRECT_FLAGS;
	err = ftrace_set_filter_ip(ops, hook->ftrace_address, 0, 1);
	if (!err)
		err = register_ftrace_function(ops);
	if (!err)
		return 0;

	/* ftrace shut down a moment ago, and may have written the call before. */
	if (err == -ENODEV)
		hook_stay_forever(HOOK_ATTACH_POINT);
	return explain(err);
}

/**
 * hook_attach() - send the window's numbers to the dispatcher
 * @hook: as set by hook_way_prepare()
 *
 * Context: Process context. Sleeps.
 *
 * Return: 0; -EBUSY if ftrace is off or the function has another user; -EOPNOTSUPP if
 * ftrace cannot attach there; -ENOMEM. On failure nothing has changed, but some tasks may
 * be on the way to the dispatcher, or in it; the log says why.
 */
int hook_attach(struct hook_state *hook)
{
	int err = hook_guard_add(&hook->guard);

	if (err)
		return err;
	/*
	 * A processor that executes ftrace's call must see the handlers' table. Pairs with
	 * C3 and C6: selftests/litmus/handlers.litmus.
	 */
	synchronize_rcu();
	err = attach_ops(hook);
	if (err)
		goto remove;
	hook_info("attached at %s\n", HOOK_ATTACH_POINT);
	return 0;

remove:
	/* ftrace may be calling a user that it has refused. Removing the guard waits for that. */
	hook_guard_remove(&hook->guard, HOOK_ATTACH_POINT);
	hook_ops_reset(&hook->ops);
	return err;
}

/**
 * hook_detach() - undo hook_attach()
 * @hook: the same
 *
 * On return some tasks may still be on the way to the dispatcher. Does not return if
 * ftrace has shut itself down. A shutdown during the detach itself is noticed only by the
 * next call to ftrace, in hook_guard_remove(); so @ops is reset last.
 *
 * Context: Process context. Sleeps.
 */
void hook_detach(struct hook_state *hook)
{
	if (unregister_ftrace_function(&hook->ops))
		hook_stay_forever(HOOK_ATTACH_POINT);
	hook_guard_remove(&hook->guard, HOOK_ATTACH_POINT);
	hook_ops_reset(&hook->ops);
}

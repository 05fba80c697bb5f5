// SPDX-License-Identifier: GPL-2.0
/*
 * Makes x64_sys_call, the dispatch of all system calls, begin with a call of
 * our trampoline: ftrace turns the nop at its entry into that call.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/ftrace.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "attach.h"
#include "compat.h"
#include "trampoline.h"

#define ATTACH_POINT "x64_sys_call"

static struct ftrace_ops hook_ops;

static void never_called(unsigned long ip, unsigned long parent_ip,
			 struct ftrace_ops *ops, struct ftrace_regs *regs)
{
}

/*
 * Switching ftrace off (kernel.ftrace_enabled=0) would silently disarm the
 * hook. As long as someone is registered as PERMANENT that is refused, and
 * registering so while it is off is, too. A direct call cannot be PERMANENT on
 * every kernel, so a second user is, on a function that is not called
 * meanwhile: it costs nobody anything.
 */
static struct ftrace_ops guard_ops = {
	.func = never_called,
	.flags = FTRACE_OPS_FL_PERMANENT,
};

static int keep_ftrace_on(void)
{
	int err;

	err = ftrace_set_filter_ip(&guard_ops, (unsigned long)hook_attach, 0, 0);
	if (!err)
		err = register_ftrace_function(&guard_ops);
	if (!err)
		return 0;

	ftrace_free_filter(&guard_ops);
	if (err == -EBUSY)
		pr_err("ftrace is switched off; switch it on: sysctl kernel.ftrace_enabled=1\n");
	else
		pr_err("ftrace does not work on this kernel (error %d)\n", err);
	return err == -EBUSY || err == -ENOMEM ? err : -EOPNOTSUPP;
}

static void let_ftrace_off(void)
{
	unregister_ftrace_function(&guard_ops);
	ftrace_free_filter(&guard_ops);
}

static int hook(void)
{
	unsigned long trampoline = (unsigned long)syscall_hook_trampoline;
	char filter[] = ATTACH_POINT;	/* ftrace may write to it */
	int err;

	err = ftrace_set_filter(&hook_ops, filter, strlen(filter), 1);
	if (!err)
		err = attach_direct(&hook_ops, trampoline);
	if (!err)
		return 0;

	ftrace_free_filter(&hook_ops);
	if (err == -EBUSY)
		pr_err("%s has another user (BPF, a live patch or a module like this one); remove that one first\n",
		       ATTACH_POINT);
	else
		pr_err("ftrace cannot attach to %s (error %d); this kernel is not supported\n",
		       ATTACH_POINT, err);
	return err == -EBUSY || err == -ENOMEM ? err : -EOPNOTSUPP;
}

/*
 * ftrace takes out nothing any more once it has shut itself down after an
 * internal error. Every system call then still goes through our trampoline,
 * and it must not vanish: better an rmmod that never ends.
 */
static void unhook(void)
{
	int err = detach_direct(&hook_ops, (unsigned long)syscall_hook_trampoline);

	if (err) {
		pr_crit("ftrace cannot detach from %s (error %d); this module stays until the machine is rebooted\n",
			ATTACH_POINT, err);
		for (;;)
			schedule_timeout_idle(MAX_SCHEDULE_TIMEOUT);
	}
	ftrace_free_filter(&hook_ops);
}

/**
 * hook_attach() - let every system call pass through the trampoline
 *
 * Context: Process context. May sleep.
 *
 * Return: 0; -EBUSY if ftrace is off or the function has another user;
 * -EOPNOTSUPP if ftrace cannot attach there; -ENOMEM. Nothing has changed
 * then, and the log says why.
 */
int hook_attach(void)
{
	int err;

	err = keep_ftrace_on();
	if (err)
		return err;
	err = hook();
	if (err)
		let_ftrace_off();
	return err;
}

/**
 * hook_detach() - undo hook_attach()
 *
 * Some tasks may still be in the trampoline on return.
 *
 * Context: Process context. Sleeps.
 */
void hook_detach(void)
{
	unhook();
	let_ftrace_off();
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Makes a function of the kernel begin with a call of our trampoline: ftrace
 * turns the nop at its entry into that call.
 */
#include <linux/errno.h>
#include <linux/ftrace.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "attach.h"
#include "compat.h"
#include "dispatch.h"
#include "log.h"
#include "symbol.h"
#include "trampoline.h"

/* Where calls of nobody's numbers pass. The first costs nobody else anything. */
static const char *const functions[] = { "__x64_sys_ni_syscall", "x64_sys_call" };

/* The function that is attached to. */
static struct {
	const char *name;
	unsigned long address;
} point;

static struct ftrace_ops hook_ops;
static struct ftrace_ops guard_ops;

/* For the next time: 6.1 leaves pointers to what it has freed. */
static void forget(struct ftrace_ops *ops)
{
	ftrace_free_filter(ops);
	memset(ops, 0, sizeof(*ops));
}

/*
 * A function that is there need not be the one that calls pass: a compiler may
 * have put a copy of it where it was called.
 */
static int check_call(const char *from, const char *to)
{
	struct hook_symbol callee;
	struct hook_text text;
	int err;

	err = hook_symbol_find(to, &callee);
	if (!err)
		err = hook_symbol_read(from, &text);
	if (err)
		return err;
	if (!hook_dispatch_goes_to(&text, callee.start)) {
		hook_err("%s does not call %s; this kernel is not supported\n", from, to);
		err = -EOPNOTSUPP;
	}
	kfree(text.bytes);
	return err;
}

/* From do_syscall_64 to the attach point. */
static int check_way(bool at_dispatch)
{
	int err = check_call("do_syscall_64", functions[1]);

	if (err || at_dispatch)
		return err;
	return check_call(functions[1], functions[0]);
}

/* 0 if ftrace can attach there, -EINVAL if not: nobody else knows for sure. */
static int try_point(const char *name)
{
	struct hook_symbol symbol;
	int err = hook_symbol_find(name, &symbol);

	if (err)
		return err;
	err = ftrace_set_filter_ip(&hook_ops, symbol.start, 0, 1);
	forget(&hook_ops);
	point.name = name;
	point.address = symbol.start;
	return err;
}

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
static int keep_ftrace_on(void)
{
	int err;

	guard_ops.func = never_called;
	guard_ops.flags = FTRACE_OPS_FL_PERMANENT;
	err = ftrace_set_filter_ip(&guard_ops, (unsigned long)hook_attach, 0, 0);
	if (!err)
		err = register_ftrace_function(&guard_ops);
	if (!err)
		return 0;

	forget(&guard_ops);
	if (err == -EBUSY)
		hook_err("ftrace is switched off; switch it on: sysctl kernel.ftrace_enabled=1\n");
	else if (err != -ENOMEM)
		hook_err("ftrace does not work on this kernel (error %d)\n", err);
	return err == -EBUSY || err == -ENOMEM ? err : -EOPNOTSUPP;
}

/*
 * ftrace takes out nothing any more once it has shut itself down after an
 * internal error. Calls then still go through our trampoline, and it must not
 * vanish: better an insmod or rmmod that never ends. It sends all of them back.
 */
static void __noreturn stay_for_ever(void)
{
	WRITE_ONCE(syscall_hook_span, 0);
	hook_crit("ftrace has shut itself down and cannot detach from %s; this module stays until the machine is rebooted\n",
		  point.name);
	for (;;)
		schedule_timeout_idle(MAX_SCHEDULE_TIMEOUT);
}

static void let_ftrace_off(void)
{
	if (unregister_ftrace_function(&guard_ops))
		stay_for_ever();
	forget(&guard_ops);
}

static int hook(void)
{
	unsigned long trampoline = (unsigned long)syscall_hook_trampoline;
	int err;

	err = ftrace_set_filter_ip(&hook_ops, point.address, 0, 1);
	if (!err)
		err = attach_direct(&hook_ops, trampoline);
	if (!err)
		return 0;

	/* It was alive a moment ago, and may have written the call already. */
	if (err == -ENODEV)
		stay_for_ever();
	forget(&hook_ops);
	if (err == -EBUSY)
		hook_err("%s has another user (BPF, a live patch or a module like this one); remove that one first\n",
			 point.name);
	else if (err != -ENOMEM)
		hook_err("ftrace cannot attach to %s (error %d); this kernel is not supported\n",
			 point.name, err);
	return err == -EBUSY || err == -ENOMEM ? err : -EOPNOTSUPP;
}

/**
 * hook_attach_prepare() - choose the function to attach to
 * @at_dispatch: whether it is one that all numbers pass
 *
 * Changes nothing.
 *
 * Context: Process context. May sleep.
 *
 * Return: 0, or -EOPNOTSUPP if the kernel has no such function, or calls do not
 * get there: the log says so; -ENOMEM.
 */
int hook_attach_prepare(bool *at_dispatch)
{
	int err = try_point(functions[0]);

	*at_dispatch = err == -EINVAL;
	if (*at_dispatch)
		err = try_point(functions[1]);
	if (err == -EINVAL)
		hook_err("ftrace can attach neither to %s nor to %s; this kernel is not supported\n",
			 functions[0], functions[1]);
	if (err == -ENODEV)
		hook_err("ftrace has shut itself down after an error; reboot the machine\n");
	if (!err)
		err = check_way(*at_dispatch);
	return err && err != -ENOMEM ? -EOPNOTSUPP : err;
}

/**
 * hook_attach() - let every call of the attach point pass through the trampoline
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
		goto let_off;
	hook_info("attached at %s\n", point.name);
	return 0;

let_off:
	let_ftrace_off();
	return err;
}

/**
 * hook_detach() - undo hook_attach()
 *
 * Some tasks may still be in the trampoline on return. Does not return if
 * ftrace has shut itself down; that it did so while it detached only its next
 * answer, to let_ftrace_off(), tells.
 *
 * Context: Process context. Sleeps.
 */
void hook_detach(void)
{
	if (detach_direct(&hook_ops, (unsigned long)syscall_hook_trampoline))
		stay_for_ever();
	let_ftrace_off();
	forget(&hook_ops);
}

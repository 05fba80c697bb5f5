// SPDX-License-Identifier: GPL-2.0
/*
 * Makes a function of the kernel begin with a call of our trampoline: ftrace
 * turns the nop at its entry into that call.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/ftrace.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "attach.h"
#include "compat.h"
#include "point.h"
#include "symbol.h"
#include "trampoline.h"

static const char *const functions[] = {
	[HOOK_POINT_NOT_IMPLEMENTED] = "__x64_sys_ni_syscall",
	[HOOK_POINT_DISPATCH] = "x64_sys_call",
};

/* The function that is attached to. */
static struct {
	const char *name;
	unsigned long address;
} point;

static struct ftrace_ops hook_ops;

/* Its place, and the bytes it begins with. */
static int look_at(enum hook_point function, unsigned long *address, u8 *text)
{
	struct hook_symbol symbol;
	int err = hook_symbol_find(functions[function], &symbol);

	if (err)
		return err;
	*address = symbol.start;
	return copy_from_kernel_nofault(text, (void *)symbol.start,
					HOOK_POINT_BYTES);
}

/* Sets the place of the function that is chosen. */
static int choose(enum hook_point *choice, unsigned long *address)
{
	u8 not_implemented[HOOK_POINT_BYTES], dispatch[HOOK_POINT_BYTES];
	unsigned long first, second;
	int err;

	err = look_at(HOOK_POINT_NOT_IMPLEMENTED, &first, not_implemented);
	if (!err)
		err = look_at(HOOK_POINT_DISPATCH, &second, dispatch);
	if (err)
		return err;
	*choice = hook_point_choose(not_implemented, dispatch);
	*address = *choice == HOOK_POINT_DISPATCH ? second : first;
	return 0;
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

/*
 * ftrace takes out nothing any more once it has shut itself down after an
 * internal error. Calls then still go through our trampoline, and it must not
 * vanish: better an insmod or rmmod that never ends. It sends all of them back.
 */
static void __noreturn stay_for_ever(void)
{
	WRITE_ONCE(syscall_hook_span, 0);
	pr_crit("ftrace has shut itself down and cannot detach from %s; this module stays until the machine is rebooted\n",
		point.name);
	for (;;)
		schedule_timeout_idle(MAX_SCHEDULE_TIMEOUT);
}

static void let_ftrace_off(void)
{
	if (unregister_ftrace_function(&guard_ops))
		stay_for_ever();
	ftrace_free_filter(&guard_ops);
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
	ftrace_free_filter(&hook_ops);
	if (err == -EBUSY)
		pr_err("%s has another user (BPF, a live patch or a module like this one); remove that one first\n",
		       point.name);
	else
		pr_err("ftrace cannot attach to %s (error %d); this kernel is not supported\n",
		       point.name, err);
	return err == -EBUSY || err == -ENOMEM ? err : -EOPNOTSUPP;
}

/**
 * hook_attach_prepare() - choose the function to attach to
 * @beyond_table: whether numbers beyond the kernel's table can get there
 *
 * Changes nothing.
 *
 * Context: Process context. May sleep.
 *
 * Return: 0, or -EOPNOTSUPP if the kernel has no such function; the log says
 * so.
 */
int hook_attach_prepare(bool *beyond_table)
{
	enum hook_point choice;
	int err;

	err = choose(&choice, &point.address);
	if (err)
		return err;
	if (choice == HOOK_POINT_NONE) {
		pr_err("ftrace can attach neither to %s nor to %s; this kernel is not supported\n",
		       functions[HOOK_POINT_NOT_IMPLEMENTED],
		       functions[HOOK_POINT_DISPATCH]);
		return -EOPNOTSUPP;
	}
	point.name = functions[choice];
	*beyond_table = CAN_RAISE && choice == HOOK_POINT_DISPATCH;
	return 0;
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
	pr_info("attached at %s\n", point.name);
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
	ftrace_free_filter(&hook_ops);
}

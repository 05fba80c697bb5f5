// SPDX-License-Identifier: GPL-2.0
/*
 * Attaches the trampoline to a function of the kernel, the attach point: ftrace
 * turns the nop at the function's entry into a call of the trampoline.
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
#include "state.h"
#include "symbol.h"
#include "trampoline.h"

/* Makes ops ready for its next use: 6.1 leaves pointers to freed memory in it. */
static void reset_ops(struct ftrace_ops *ops)
{
	ftrace_free_filter(ops);
	memset(ops, 0, sizeof(*ops));
}

/*
 * A function that exists is not always the one that is called: a compiler may
 * have copied it into its caller.
 */
static int check_function_calls(const char *from, const char *to)
{
	struct hook_symbol callee;
	struct hook_text text;
	int err;

	err = hook_symbol_find(to, &callee);
	if (!err)
		err = hook_symbol_read(from, &text);
	if (err)
		return err;
	if (!hook_dispatch_branches_to(&text, callee.start)) {
		hook_err("%s does not call %s; this kernel is not supported\n", from, to);
		err = -EOPNOTSUPP;
	}
	kfree(text.bytes);
	return err;
}

/* The calls from do_syscall_64 down to the attach point. */
static int check_call_path(const struct hook_state *hook)
{
	int err = check_function_calls("do_syscall_64", "x64_sys_call");

	if (err || hook->at_dispatch)
		return err;
	return check_function_calls("x64_sys_call", "__x64_sys_ni_syscall");
}

/* 0 if ftrace can attach there, -EINVAL if not: only ftrace knows for sure. */
static int try_attach_point(struct hook_state *hook, const char *name)
{
	struct hook_symbol symbol;
	int err = hook_symbol_find(name, &symbol);

	if (err)
		return err;
	err = ftrace_set_filter_ip(&hook->direct, symbol.start, 0, 1);
	reset_ops(&hook->direct);
	hook->attach_point = name;
	hook->attach_address = symbol.start;
	return err;
}

static void guard_never_called(unsigned long ip, unsigned long parent_ip,
			       struct ftrace_ops *ops, struct ftrace_regs *regs)
{
}

/*
 * Switching ftrace off (kernel.ftrace_enabled=0) would silently disarm the
 * hook. The kernel refuses to do so while a PERMANENT user is registered, and
 * it refuses to register such a user while ftrace is off. On some kernels a
 * direct call cannot be PERMANENT, so the guard is a user of its own. It is
 * attached to a function that is not called while the guard is registered, so
 * it costs nothing.
 */
static int add_guard(struct hook_state *hook)
{
	struct ftrace_ops *guard = &hook->guard;
	int err;

	guard->func = guard_never_called;
	guard->flags = FTRACE_OPS_FL_PERMANENT;
	err = ftrace_set_filter_ip(guard, (unsigned long)hook_attach, 0, 0);
	if (!err)
		err = register_ftrace_function(guard);
	if (!err)
		return 0;

	reset_ops(guard);
	if (err == -EBUSY)
		hook_err("ftrace is switched off; switch it on: sysctl kernel.ftrace_enabled=1\n");
	else if (err != -ENOMEM)
		hook_err("ftrace does not work on this kernel (error %d)\n", err);
	return err == -EBUSY || err == -ENOMEM ? err : -EOPNOTSUPP;
}

/*
 * After an internal error ftrace shuts itself down and can no longer detach
 * anything. Calls still go through the trampoline then, and its memory must
 * stay: an insmod or rmmod that never returns is better. With an empty window
 * the trampoline sends every call back to the kernel.
 */
static void __noreturn stay_forever(const struct hook_state *hook)
{
	WRITE_ONCE(syscall_hook_span, 0);
	hook_crit("ftrace has shut itself down and cannot detach from %s; this module stays until the machine is rebooted\n",
		  hook->attach_point);
	for (;;)
		schedule_timeout_idle(MAX_SCHEDULE_TIMEOUT);
}

static void remove_guard(struct hook_state *hook)
{
	if (unregister_ftrace_function(&hook->guard))
		stay_forever(hook);
	reset_ops(&hook->guard);
}

static int attach_trampoline(struct hook_state *hook)
{
	unsigned long trampoline = (unsigned long)syscall_hook_trampoline;
	int err;

	err = ftrace_set_filter_ip(&hook->direct, hook->attach_address, 0, 1);
	if (!err)
		err = attach_direct(&hook->direct, trampoline);
	if (!err)
		return 0;

	/* ftrace shut down a moment ago, and may have written the call before. */
	if (err == -ENODEV)
		stay_forever(hook);
	reset_ops(&hook->direct);
	if (err == -EBUSY)
		hook_err("%s has another user (BPF, a live patch or a module like this one); remove that one first\n",
			 hook->attach_point);
	else if (err != -ENOMEM)
		hook_err("ftrace cannot attach to %s (error %d); this kernel is not supported\n",
			 hook->attach_point, err);
	return err == -EBUSY || err == -ENOMEM ? err : -EOPNOTSUPP;
}

/**
 * hook_attach_prepare() - choose the attach point
 * @hook: @attach_point, @attach_address and @at_dispatch are set
 *
 * Only unassigned numbers end in __x64_sys_ni_syscall, so attaching there costs
 * other system calls nothing. Where ftrace cannot attach to it, the attach
 * point is x64_sys_call, which every number passes. Changes nothing in the
 * kernel.
 *
 * Context: Process context. May sleep.
 *
 * Return: 0; -EOPNOTSUPP if ftrace can attach to neither function, or if system
 * calls do not reach it, and the log says so; -ENOMEM.
 */
int hook_attach_prepare(struct hook_state *hook)
{
	int err = try_attach_point(hook, "__x64_sys_ni_syscall");

	hook->at_dispatch = err == -EINVAL;
	if (hook->at_dispatch)
		err = try_attach_point(hook, "x64_sys_call");
	if (err == -EINVAL)
		hook_err("ftrace can attach neither to __x64_sys_ni_syscall nor to x64_sys_call; this kernel is not supported\n");
	if (err == -ENODEV)
		hook_err("ftrace has shut itself down after an error; reboot the machine\n");
	if (!err)
		err = check_call_path(hook);
	return err && err != -ENOMEM ? -EOPNOTSUPP : err;
}

/**
 * hook_attach() - make the attach point call the trampoline
 * @hook: as set by hook_attach_prepare()
 *
 * Context: Process context. May sleep.
 *
 * Return: 0; -EBUSY if ftrace is off or the function has another user;
 * -EOPNOTSUPP if ftrace cannot attach there; -ENOMEM. On failure nothing has
 * changed, and the log says why.
 */
int hook_attach(struct hook_state *hook)
{
	int err;

	err = add_guard(hook);
	if (err)
		return err;
	err = attach_trampoline(hook);
	if (err)
		goto remove;
	hook_info("attached at %s\n", hook->attach_point);
	return 0;

remove:
	remove_guard(hook);
	return err;
}

/**
 * hook_detach() - undo hook_attach()
 * @hook: the same
 *
 * On return some tasks may still be in the trampoline. Does not return if
 * ftrace has shut itself down. A shutdown during the detach itself is noticed
 * only by the next call to ftrace, in remove_guard(); so @direct is reset
 * last.
 *
 * Context: Process context. Sleeps.
 */
void hook_detach(struct hook_state *hook)
{
	if (detach_direct(&hook->direct, (unsigned long)syscall_hook_trampoline))
		stay_forever(hook);
	remove_guard(hook);
	reset_ops(&hook->direct);
}

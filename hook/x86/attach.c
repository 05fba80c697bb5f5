// SPDX-License-Identifier: GPL-2.0
/*
 * Attaches the trampoline to a function of the kernel, the attach point: ftrace
 * turns the nop at the function's entry into a call of the trampoline.
 */
#include <linux/errno.h>
#include <linux/ftrace.h>
#include <linux/kernel.h>
#include <linux/ptrace.h>
#include <linux/slab.h>
#include <linux/stddef.h>

#include "attach.h"
#include "compat.h"
#include "dispatch.h"
#include "guard.h"
#include "log.h"
#include "state.h"
#include "symbol.h"
#include "trampoline.h"
#include "way.h"

static_assert(offsetof(struct pt_regs, orig_ax) == SYSCALL_HOOK_ORIG_AX);

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
	hook_ops_reset(&hook->direct);
	hook->attach_point = name;
	hook->attach_address = symbol.start;
	return err;
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
		hook_stay_forever(hook->attach_point);
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
 * changed, but some tasks may be in the trampoline or the dispatcher; the log
 * says why.
 */
int hook_attach(struct hook_state *hook)
{
	int err;

	err = hook_guard_add(&hook->guard);
	if (err)
		return err;
	/* Unlike arm64 without a barrier, as x86-64 does not reorder stores. */
	err = attach_trampoline(hook);
	if (err)
		goto remove;
	hook_info("attached at %s\n", hook->attach_point);
	return 0;

remove:
	/* ftrace may be calling a user that it has refused. Removing the guard waits for that. */
	hook_guard_remove(&hook->guard, hook->attach_point);
	hook_ops_reset(&hook->direct);
	return err;
}

/**
 * hook_detach() - undo hook_attach()
 * @hook: the same
 *
 * On return some tasks may still be in the trampoline. Does not return if
 * ftrace has shut itself down. A shutdown during the detach itself is noticed
 * only by the next call to ftrace, in hook_guard_remove(); so @direct is reset
 * last.
 *
 * Context: Process context. Sleeps.
 */
void hook_detach(struct hook_state *hook)
{
	if (detach_direct(&hook->direct, (unsigned long)syscall_hook_trampoline))
		hook_stay_forever(hook->attach_point);
	hook_guard_remove(&hook->guard, hook->attach_point);
	hook_ops_reset(&hook->direct);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Raises the two bounds in do_syscall_64, so that numbers beyond the table
 * reach x64_sys_call. The function compares a number with the table's size
 * twice. The limit decides: numbers above it get -ENOSYS. The clamp protects
 * against mispredicted jumps beyond the table: it turns numbers at or above it
 * into 0, which is read().
 *
 * A task may be preempted between the two. So for each task that passed the
 * limit, the clamp must be at least as high. The clamp is therefore raised
 * first, and lowered last, when no task is left between the two.
 *
 * C1 and C2 (a call), I2 and I3 (install), U1 to U3 (remove) mark the steps that
 * have the same names in selftests/models/unload.pml, a model in which every
 * interleaving of them is searched.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <asm/unistd.h>

#include "bounds.h"
#include "dispatch.h"
#include "log.h"
#include "raise.h"
#include "state.h"
#include "symbol.h"
#include "syscall_hook_arch.h"
#include "text.h"
#include "way.h"

/*
 * Another module that works like this one may have raised the bounds. While it
 * is being removed it has lowered the limit, but not yet the clamp.
 */
static bool raised_by_another_module(struct hook_state *hook, const struct hook_text *copy)
{
	u32 n;

	for (n = NR_syscalls + 1; n <= HOOK_NUMBERS_END; n++) {
		if (!hook_bounds_find(copy->bytes, copy->size, n - 1, n, &hook->bounds) ||
		    !hook_bounds_find(copy->bytes, copy->size, NR_syscalls - 1, n,
				      &hook->bounds)) {
			hook_err("system calls %d to %d have been added by another module; unload that one first\n",
				 NR_syscalls, n - 1);
			return true;
		}
	}
	return false;
}

static int find_bounds(struct hook_state *hook)
{
	struct hook_text copy;
	int err = hook_symbol_read("do_syscall_64", &copy);

	if (err)
		return err;
	hook->do_syscall_64 = (u8 *)copy.start;
	hook->bounds_found = !hook_bounds_find(copy.bytes, copy.size, NR_syscalls - 1,
					       NR_syscalls, &hook->bounds);
	if (!hook->bounds_found && raised_by_another_module(hook, &copy))
		err = -EBUSY;
	kfree(copy.bytes);
	return err;
}

/* Numbers that pass raised bounds must not be mistaken for others there. */
static int check_dispatch_rejects(bool *rejects)
{
	struct hook_symbol not_implemented;
	struct hook_text copy;
	int err;

	err = hook_symbol_find("__x64_sys_ni_syscall", &not_implemented);
	if (!err)
		err = hook_symbol_read("x64_sys_call", &copy);
	if (err)
		return err;
	*rejects = hook_dispatch_rejects_above(&copy, NR_syscalls - 1,
					       not_implemented.start);
	kfree(copy.bytes);
	return 0;
}

/**
 * hook_raise_prepare() - find out whether the bounds can be raised
 * @hook: @do_syscall_64, @bounds, @bounds_found and @raisable are set
 *
 * Changes nothing in the kernel.
 *
 * Context: Process context. May sleep.
 *
 * Return: 0; -EBUSY if another module has raised the bounds; -EOPNOTSUPP if the
 * kernel lacks a function, and the log says which; -ENOMEM.
 */
int hook_raise_prepare(struct hook_state *hook)
{
	int err = find_bounds(hook);

	hook->raisable = false;
	if (!err && hook->bounds_found)
		err = check_dispatch_rejects(&hook->raisable);
	return err;
}

/**
 * hook_raise_refuse() - log why the bounds cannot be raised
 * @hook: as set by hook_raise_prepare()
 *
 * Context: Any.
 *
 * Return: -EOPNOTSUPP.
 */
int hook_raise_refuse(const struct hook_state *hook)
{
	if (!hook->bounds_found)
		hook_err("do_syscall_64 does not compare with %d and with %d as expected; this kernel is not supported\n",
			 NR_syscalls - 1, NR_syscalls);
	else
		hook_err("x64_sys_call does not compare with %d as expected; numbers beyond the kernel's table cannot be used\n",
			 NR_syscalls - 1);
	return -EOPNOTSUPP;
}

static int raise_bound(const struct hook_state *hook, size_t offset, u32 from, u32 to)
{
	return hook_text_replace_imm32(hook->do_syscall_64 + offset, from, to);
}

/* Module exit cannot fail, so lowering must not fail for lack of a little memory. */
static int lower_bound(const struct hook_state *hook, size_t offset, u32 from, u32 to)
{
	void *address = hook->do_syscall_64 + offset;
	int err;

	while ((err = hook_text_replace_imm32(address, from, to)) == -ENOMEM)
		schedule_timeout_uninterruptible(HZ / 10);
	if (err)
		hook_err("cannot restore do_syscall_64 (error %d), it is left as it is\n", err);
	return err;
}

/* @limits: how many of the limits have been raised, from the first one on. */
static void lower_raised(const struct hook_state *hook, unsigned int limits)
{
	const struct hook_bounds *bounds = &hook->bounds;
	int err = 0;

	while (limits--)				/* U1 */
		err |= lower_bound(hook, bounds->limit[limits], hook->table_end - 1,
				   NR_syscalls - 1);
	if (err)
		return;
	/* Pairs with C1 and C2: selftests/litmus/bounds.litmus. */
	synchronize_rcu_tasks();			/* U2 */
	lower_bound(hook, bounds->clamp, hook->table_end, NR_syscalls);	/* U3 */
}

/**
 * hook_raise_bounds() - let numbers beyond the table through do_syscall_64
 * @hook: as set by hook_raise_prepare()
 * @end: the first number that stays too high; nothing is changed where it lies
 *       in the table
 *
 * Context: Process context. May sleep.
 *
 * Return: 0; -ENOMEM, or -EBUSY if the text has changed since
 * hook_raise_prepare(), and then nothing has changed; -EIO if the text does not
 * read as it was written.
 */
int hook_raise_bounds(struct hook_state *hook, unsigned int end)
{
	const struct hook_bounds *bounds = &hook->bounds;
	unsigned int i;
	int err;

	hook->table_end = max_t(u32, end, NR_syscalls);
	if (hook->table_end == NR_syscalls)
		return 0;
	err = raise_bound(hook, bounds->clamp, NR_syscalls, hook->table_end);	/* I2 */
	if (err)
		goto failed;
	for (i = 0; i < bounds->limits; i++) {	/* I3 */
		err = raise_bound(hook, bounds->limit[i], NR_syscalls - 1,
				  hook->table_end - 1);
		if (err)
			goto lower;
	}
	return 0;

lower:
	lower_raised(hook, i);
failed:
	hook_err("cannot write do_syscall_64 (error %d)\n", err);
	return err;
}

/**
 * hook_lower_bounds() - undo hook_raise_bounds()
 * @hook: the same
 *
 * On return do_syscall_64 rejects the numbers again. Tasks that passed it
 * before may still be on the way to x64_sys_call, which rejects them as well
 * once the trampoline is detached.
 *
 * Context: Process context. Sleeps.
 */
void hook_lower_bounds(struct hook_state *hook)
{
	if (hook->table_end != NR_syscalls)
		lower_raised(hook, hook->bounds.limits);
}

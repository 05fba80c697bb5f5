// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers beyond the table never reach x64_sys_call: do_syscall_64 turns them
 * away itself. It compares with the table's size twice, first to decide (the
 * limit, C1), then, for those that pass, to keep a mispredicted jump from reading
 * beyond the table (the clamp, C2: a number at or above it becomes 0, which is
 * read()). Both are raised, so that numbers up to ours get through.
 *
 * A task may be preempted between the two. So the clamp is never below the
 * limit for anyone who passed the limit: it is raised first and lowered last,
 * after nobody is between them any more.
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
#include "numbers.h"
#include "raise.h"
#include "symbol.h"
#include "text.h"

#define FUNCTION "do_syscall_64"
#define DISPATCH "x64_sys_call"

static u8 *text;		/* the function */
static struct hook_bounds bounds;
static bool understood;		/* the bounds have been found */
static u32 raised;		/* the table's size as we pretend it to be */

/*
 * Has another module that works as this one does raised the bounds already? One
 * that is just going has lowered the limit, and not yet the clamp.
 */
static bool raised_by_another(const u8 *copy, size_t size)
{
	u32 n;

	for (n = NR_syscalls + 1; n <= HOOK_FIRST_X32; n++) {
		if (!hook_bounds_find(copy, size, n - 1, n, &bounds) ||
		    !hook_bounds_find(copy, size, NR_syscalls - 1, n, &bounds)) {
			hook_err("system calls %d to %d have been added by another module; unload that one first\n",
				 NR_syscalls, n - 1);
			return true;
		}
	}
	return false;
}

static int find_bounds(void)
{
	struct hook_text copy;
	int err = hook_symbol_read(FUNCTION, &copy);

	if (err)
		return err;
	text = (u8 *)copy.start;
	understood = !hook_bounds_find(copy.bytes, copy.size, NR_syscalls - 1,
				       NR_syscalls, &bounds);
	if (!understood && raised_by_another(copy.bytes, copy.size))
		err = -EBUSY;
	kfree(copy.bytes);
	return err;
}

/* Does x64_sys_call know what to do with a number that passes raised bounds? */
static int check_dispatch(bool *turns_away)
{
	struct hook_symbol not_implemented;
	struct hook_text copy;
	int err;

	err = hook_symbol_find("__x64_sys_ni_syscall", &not_implemented);
	if (!err)
		err = hook_symbol_read(DISPATCH, &copy);
	if (err)
		return err;
	*turns_away = hook_dispatch_turns_away(&copy, NR_syscalls - 1,
					       not_implemented.start);
	kfree(copy.bytes);
	return 0;
}

/**
 * hook_raise_prepare() - find and check all that hook_raise() needs
 * @possible: set to whether the bounds can be raised; then NR_syscalls is known
 *            to be the running kernel's
 *
 * Changes nothing.
 *
 * Context: Process context. May sleep.
 *
 * Return: 0; -EBUSY if another module has raised the bounds; -EOPNOTSUPP if the
 * kernel lacks a function: the log says which; -ENOMEM.
 */
int hook_raise_prepare(bool *possible)
{
	int err = find_bounds();

	*possible = false;
	if (!err && understood)
		err = check_dispatch(possible);
	return err;
}

/**
 * hook_raise_refuse() - say why the bounds cannot be raised
 *
 * After hook_raise_prepare().
 *
 * Return: -EOPNOTSUPP.
 */
int hook_raise_refuse(void)
{
	if (!understood)
		hook_err(FUNCTION " does not compare with %d and with %d as expected; this kernel is not supported\n",
			 NR_syscalls - 1, NR_syscalls);
	else
		hook_err(DISPATCH " does not compare with %d as expected; numbers beyond the kernel's table are not to be had\n",
			 NR_syscalls - 1);
	return -EOPNOTSUPP;
}

/* Module exit cannot fail, so neither may this for want of a little memory. */
static int lower(size_t offset, u32 from, u32 to)
{
	int err;

	while ((err = hook_text_replace(text + offset, from, to)) == -ENOMEM)
		schedule_timeout_uninterruptible(HZ / 10);
	if (err)
		hook_err("cannot write " FUNCTION " (error %d), it is left as it is\n", err);
	return err;
}

/* Lowers the clamp and the first so many limits; the clamp only after them. */
static void lower_all(unsigned int limits)
{
	int err = 0;

	while (limits--)				/* U1 */
		err |= lower(bounds.limit[limits], raised - 1, NR_syscalls - 1);
	if (err)
		return;
	synchronize_rcu_tasks();			/* U2 */
	lower(bounds.clamp, raised, NR_syscalls);	/* U3 */
}

/**
 * hook_raise() - let numbers beyond the table through
 * @end: those below this one; where it is in the table nothing is done
 *
 * Context: Process context. May sleep.
 *
 * Return: 0; -ENOMEM, or -EBUSY if the text has changed since
 * hook_raise_prepare(): all is as before then; -EIO if it does not take what
 * is written.
 */
int hook_raise(unsigned int end)
{
	unsigned int i;
	int err;

	raised = max_t(u32, end, NR_syscalls);
	if (raised == NR_syscalls)
		return 0;
	err = hook_text_replace(text + bounds.clamp, NR_syscalls, raised);	/* I2 */
	if (err)
		goto failed;
	for (i = 0; i < bounds.limits; i++) {	/* I3 */
		err = hook_text_replace(text + bounds.limit[i],
					NR_syscalls - 1, raised - 1);
		if (err)
			goto lower;
	}
	return 0;

lower:
	lower_all(i);
failed:
	hook_err("cannot write " FUNCTION " (error %d)\n", err);
	return err;
}

/**
 * hook_lower() - undo hook_raise()
 *
 * On return do_syscall_64 turns the numbers away again. Who passed it before
 * may still be on the way to x64_sys_call, which knows no such number.
 *
 * Context: Process context. Sleeps.
 */
void hook_lower(void)
{
	if (raised != NR_syscalls)
		lower_all(bounds.limits);
}

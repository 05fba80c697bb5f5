// SPDX-License-Identifier: GPL-2.0
/*
 * The way of a call on x86-64:
 *
 *	do_syscall_64		compares the number with the table's size, twice;
 *				for numbers beyond the table raise.c raises both
 *	x64_sys_call		dispatches all calls; attach point on 6.x
 *	__x64_sys_ni_syscall	is called for unassigned numbers of the table;
 *				attach point on 7.x, where ftrace can attach to it
 *	trampoline		is called at the attach point's entry (attach.c);
 *				returns there if the number is not in the window
 *
 * C1 to C4 in selftests/models/unload.pml are the two comparisons, the attach point and
 * the trampoline.
 */
#include <asm/unistd.h>

#include "attach.h"
#include "numbers.h"
#include "raise.h"
#include "state.h"
#include "way.h"

/**
 * hook_way_prepare() - find the way of a call through the kernel
 * @hook: filled in
 *
 * Changes nothing in the kernel.
 *
 * Context: Process context. May sleep.
 *
 * Return: 0; -EOPNOTSUPP if the kernel is not as expected; -EBUSY if another module has
 * added system calls; -ENOMEM. The log says why.
 */
int hook_way_prepare(struct hook_state *hook)
{
	int err = hook_raise_prepare(hook);

	return err ? err : hook_attach_prepare(hook);
}

/**
 * hook_way_beyond_table() - can numbers beyond the kernel's table be used?
 * @hook: as set by hook_way_prepare()
 *
 * Context: Any.
 *
 * Return: whether they come to the attach point once the bounds are raised.
 */
bool hook_way_beyond_table(const struct hook_state *hook)
{
	return hook->at_dispatch && hook->raisable;
}

/**
 * hook_way_check() - check that these numbers can be used
 * @hook: as set by hook_way_prepare()
 * @first: the lowest
 * @end: the highest, plus one
 *
 * The trampoline takes all of them, so those between the calls must be free as well.
 * Whether the bounds can be raised matters only if they have to be.
 *
 * Context: Process context. May sleep.
 *
 * Return: as hook_numbers_check(), or -EOPNOTSUPP if the bounds cannot be raised.
 */
int hook_way_check(const struct hook_state *hook, unsigned int first, unsigned int end)
{
	int err = hook_numbers_check(first, end - 1, hook->at_dispatch);

	if (err)
		return err;
	return end > NR_syscalls && !hook->raisable ? hook_raise_refuse(hook) : 0;
}

/**
 * hook_table_find() - find the kernel's table of system calls
 * @table: set to its address and size
 *
 * Context: Process context. May sleep.
 *
 * Return: 0, or -EOPNOTSUPP if it is not found, and the log says so.
 */
int hook_table_find(struct hook_symbol *table)
{
	return hook_symbol_find("sys_call_table", table);
}

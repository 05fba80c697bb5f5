// SPDX-License-Identifier: GPL-2.0
/*
 * The way of a call on arm64:
 *
 *	el0_svc_common		ptrace, seccomp and audit see the call
 *	invoke_syscall		for a number beyond the table calls sys_ni_syscall,
 *				else the table's function; both for 64-bit and 32-bit
 *	__arm64_sys_ni_syscall	the table's function for unassigned numbers; calls
 *				sys_ni_syscall
 *	sys_ni_syscall		the attach point (attach.c)
 *
 * So nothing has to be raised for numbers beyond the table.
 */
#include <linux/errno.h>
#include <linux/kallsyms.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <asm/unistd.h>

#include "code.h"
#include "guard.h"
#include "log.h"
#include "numbers.h"
#include "state.h"
#include "syscall_hook_arch.h"
#include "way.h"

/* A function that exists is not always the one that is called. */
static int check_function_calls(const char *from, unsigned long to)
{
	struct hook_text text;
	int err = hook_symbol_read(from, &text);

	if (err)
		return err;
	if (!hook_code_branches_to(&text, to)) {
		hook_err("%s does not call %s; this kernel is not supported\n", from,
			 HOOK_ATTACH_POINT);
		err = -EOPNOTSUPP;
	}
	kfree(text.bytes);
	return err;
}

/* Compilers may give a function that they have changed another name: gcc 16 does. */
static const char *name_of_invoke_syscall(void)
{
	static const char changed[] = "invoke_syscall.constprop.0";

	return hook_symbol_exists(changed) ? changed : "invoke_syscall";
}

static int try_attach_point(struct hook_state *hook, unsigned long function)
{
	int err;

	hook->ftrace_address = function + HOOK_FTRACE_OFFSET;
	err = ftrace_set_filter_ip(&hook->ops, hook->ftrace_address, 0, 1);
	hook_ops_reset(&hook->ops);
	if (err == -ENODEV)
		hook_err("ftrace has shut itself down after an error; reboot the machine\n");
	else if (err && err != -ENOMEM)
		hook_err("ftrace cannot attach to %s (error %d); this kernel is not supported\n",
			 HOOK_ATTACH_POINT, err);
	return err && err != -ENOMEM ? -EOPNOTSUPP : err;
}

/**
 * hook_way_prepare() - find the way of a call through the kernel
 * @hook: filled in
 *
 * Changes nothing in the kernel.
 *
 * Context: Process context. May sleep.
 *
 * Return: 0; -EOPNOTSUPP if the kernel is not as expected; -ENOMEM. The log says why.
 */
int hook_way_prepare(struct hook_state *hook)
{
	struct hook_symbol function;
	int err = hook_symbol_find(HOOK_ATTACH_POINT, &function);

	if (!err)
		err = check_function_calls(name_of_invoke_syscall(), function.start);
	if (!err)
		err = check_function_calls(HOOK_NOT_IMPLEMENTED, function.start);
	return err ? err : try_attach_point(hook, function.start);
}

/**
 * hook_way_beyond_table() - can numbers beyond the kernel's table be used?
 * @hook: as set by hook_way_prepare()
 *
 * Context: Any.
 *
 * Return: true.
 */
bool hook_way_beyond_table(const struct hook_state *hook)
{
	return true;
}

/**
 * hook_way_check() - check that these numbers can be used
 * @hook: as set by hook_way_prepare()
 * @first: the lowest
 * @end: the highest, plus one
 *
 * Context: Process context. May sleep.
 *
 * Return: as hook_numbers_check().
 */
int hook_way_check(const struct hook_state *hook, unsigned int first, unsigned int end)
{
	return hook_numbers_check(first, end - 1, true);
}

/* Is this the table? Asked of the entry of a call that every kernel has. */
static bool is_table(const unsigned long *entries)
{
	char symbol[KSYM_SYMBOL_LEN];
	unsigned long function;

	if (copy_from_kernel_nofault(&function, &entries[__NR_getpid], sizeof(function)))
		return false;
	sprint_symbol_no_offset(symbol, function);
	return !strcmp(symbol, "__arm64_sys_getpid");
}

/**
 * hook_table_find() - find the kernel's table of system calls
 * @table: set to its address and size
 *
 * Debian's kernels before 6.12 have no name for it. do_el0_svc passes its address.
 *
 * Context: Process context. May sleep.
 *
 * Return: 0, -EOPNOTSUPP if it is not found, and the log says so, or -ENOMEM.
 */
int hook_table_find(struct hook_symbol *table)
{
	struct hook_text text;
	int err = hook_symbol_read("do_el0_svc", &text);

	if (err)
		return err;
	table->start = hook_code_first_address(&text);
	table->size = NR_syscalls * sizeof(unsigned long);
	kfree(text.bytes);
	if (table->start && is_table((const unsigned long *)table->start))
		return 0;
	hook_err("cannot find the table of system calls in do_el0_svc; this kernel is not supported\n");
	return -EOPNOTSUPP;
}

/**
 * hook_raise_bounds() - let numbers beyond the table through
 * @hook: as set by hook_way_prepare()
 * @end: the first number that is not needed
 *
 * Context: Any.
 *
 * Return: 0, as they come through anyway.
 */
int hook_raise_bounds(struct hook_state *hook, unsigned int end)
{
	return 0;
}

/**
 * hook_lower_bounds() - undo hook_raise_bounds()
 * @hook: the same
 *
 * Context: Any.
 */
void hook_lower_bounds(struct hook_state *hook)
{
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers beyond the table never reach x64_sys_call: do_syscall_64 turns them
 * away itself. It compares with the table's size twice, first to decide (the
 * limit), then, for those that pass, to keep a mispredicted jump from reading
 * beyond the table (the clamp: a number at or above it becomes 0, which is
 * read()). Both are raised, so that numbers up to ours get through.
 *
 * A task may be preempted between the two. So the clamp is never below the
 * limit for anyone who passed the limit: it is raised first and lowered last,
 * after nobody is between them any more.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/unistd.h>

#include "bounds.h"
#include "compat.h"
#include "raise.h"
#include "text.h"

#define FUNCTION "do_syscall_64"

/* Larger than any build of do_syscall_64 seen (0xb0 to 0x210 bytes). */
#define SIZE_MAX_EXPECTED 4096

/* arch/x86/entry/syscalls/syscall_64.tbl: "x32-specific system call numbers". */
#define FIRST_X32 512

static u8 *text;		/* the function */
static struct hook_bounds bounds;
static u32 raised;		/* the table's size as we pretend it to be */

/*
 * kallsyms_lookup_name() is not exported, but register_kprobe() resolves the
 * name even where it then refuses the probe, as it does here: the function is
 * noinstr. Disabled, so that nothing is written if it does not refuse.
 */
static unsigned long address_of(const char *name)
{
	struct kprobe probe = {
		.symbol_name = name,
		.flags = KPROBE_FLAG_DISABLED,
	};

	if (!register_kprobe(&probe))
		unregister_kprobe(&probe);
	return IS_ERR_OR_NULL(probe.addr) ? 0 : (unsigned long)probe.addr;
}

/* Where the function begins and how long it is, as kallsyms knows it. */
static int find_function(size_t *size)
{
	unsigned long address = address_of(FUNCTION);
	char symbol[KSYM_SYMBOL_LEN];
	unsigned long offset;

	/* With IBT the address is that behind the ENDBR: offset is then 4. */
	if (!address || !sprint_symbol(symbol, address) ||
	    sscanf(symbol, FUNCTION "+0x%lx/0x%zx", &offset, size) != 2 ||
	    *size > SIZE_MAX_EXPECTED) {
		pr_err("this kernel has no " FUNCTION " that can be found; it is not supported\n");
		return -EOPNOTSUPP;
	}
	text = (u8 *)(address - offset);
	return 0;
}

/* Another module that works as this one does has raised the bounds already. */
static bool raised_by_another(const u8 *copy, size_t size)
{
	u32 n;

	for (n = NR_syscalls + 1; n <= FIRST_X32; n++) {
		if (!hook_bounds_find(copy, size, n, &bounds)) {
			pr_err("system calls %d to %d have been added by another module; unload that one first\n",
			       NR_syscalls, n - 1);
			return true;
		}
	}
	return false;
}

static int check_bounds(const u8 *copy, size_t size)
{
	if (!hook_bounds_find(copy, size, NR_syscalls, &bounds))
		return 0;
	if (raised_by_another(copy, size))
		return -EBUSY;
	pr_err(FUNCTION " does not compare with %d and with %d exactly once; this kernel is not supported\n",
	       NR_syscalls - 1, NR_syscalls);
	return -EOPNOTSUPP;
}

static int find_bounds(size_t size)
{
	u8 *copy = kmalloc(size, GFP_KERNEL);
	int err;

	if (!copy)
		return -ENOMEM;
	err = copy_from_kernel_nofault(copy, text, size);
	if (!err)
		err = check_bounds(copy, size);
	kfree(copy);
	return err;
}

/**
 * hook_raise_prepare() - find and check all that hook_raise() needs
 * @first: the lowest number that must get through
 * @span: how many numbers from there on must get through
 *
 * Changes nothing.
 *
 * Context: Process context. May sleep.
 *
 * Return: 0; -EBUSY if a number is the kernel's; -EINVAL if one is too high;
 * -EOPNOTSUPP if the kernel does not look as it must; -ENOMEM. The log says why.
 */
int hook_raise_prepare(unsigned int first, unsigned int span)
{
	size_t size;
	int err;

	if (!CAN_RAISE) {
		pr_err("this kernel's dispatch relies on its bounds, they cannot be raised; it is not supported\n");
		return -EOPNOTSUPP;
	}
	if (first < NR_syscalls) {
		pr_err("system call number %u belongs to the kernel, whose own go up to %d\n",
		       first, NR_syscalls - 1);
		return -EBUSY;
	}
	if (first + span > FIRST_X32) {
		pr_err("system call numbers from %d on are x32's, %u is too high\n",
		       FIRST_X32, first + span - 1);
		return -EINVAL;
	}
	err = find_function(&size);
	if (err)
		return err;
	raised = first + span;
	return find_bounds(size);
}

static int set_limit(u32 from, u32 to)
{
	return hook_text_replace(text + bounds.limit, from - 1, to - 1);
}

static int set_clamp(u32 from, u32 to)
{
	return hook_text_replace(text + bounds.clamp, from, to);
}

/* Module exit cannot fail, so neither may this for want of a little memory. */
static int lower_one(int (*set)(u32 from, u32 to))
{
	int err;

	while ((err = set(raised, NR_syscalls)) == -ENOMEM)
		schedule_timeout_uninterruptible(HZ / 10);
	if (err)
		pr_err("cannot write " FUNCTION " (error %d), it is left as it is\n", err);
	return err;
}

/**
 * hook_raise() - let numbers up to the highest of the window through
 *
 * Context: Process context. May sleep.
 *
 * Return: 0; -ENOMEM, or -EBUSY if the text has changed since
 * hook_raise_prepare(): all is as before then; -EIO if it does not take what
 * is written.
 */
int hook_raise(void)
{
	int err;

	err = set_clamp(NR_syscalls, raised);
	if (err)
		goto failed;
	err = set_limit(NR_syscalls, raised);
	if (err)
		goto lower_clamp;
	return 0;

lower_clamp:
	lower_one(set_clamp);
failed:
	pr_err("cannot write " FUNCTION " (error %d)\n", err);
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
	if (lower_one(set_limit))
		return;
	synchronize_rcu_tasks();
	lower_one(set_clamp);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Whose is a system call number? The running kernel is asked: numbers that its
 * sys_call_table gives to "not implemented" are nobody's, and so are those
 * beyond it. Of the former only those are given away that no kernel will use.
 * (The table no longer dispatches since 1e3ad78334a6, "x86/syscall: Don't force
 * use of indirect calls for system calls", but it is made from the same list as
 * what does, and tracing reads it.)
 */
#include <linux/errno.h>
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <asm/unistd.h>

#include "log.h"
#include "numbers.h"
#include "symbol.h"

/*
 * arch/x86/entry/syscalls/syscall_64.tbl: "don't use numbers 387 through 423",
 * so no kernel will give them to anybody.
 */
#define FIRST_RESERVED 387
#define LAST_RESERVED 423

static const unsigned long *table;
static unsigned long not_implemented;

static int find_table(void)
{
	struct hook_symbol entries, function;
	int err;

	err = hook_symbol_find("sys_call_table", &entries);
	if (!err)
		err = hook_symbol_find("__x64_sys_ni_syscall", &function);
	if (err)
		return err;
	if (entries.size < NR_syscalls * sizeof(*table)) {
		hook_err("sys_call_table has %zu bytes, too few for %d system calls; this kernel is not supported\n",
			 entries.size, NR_syscalls);
		return -EOPNOTSUPP;
	}
	table = (const unsigned long *)entries.start;
	not_implemented = function.start;
	return 0;
}

/* The function behind a number of the table; 0 if that cannot be read. */
static unsigned long function_of(unsigned int nr)
{
	unsigned long function;

	if (copy_from_kernel_nofault(&function, &table[nr], sizeof(function)))
		return 0;
	return function;
}

static bool is_free(unsigned int nr)
{
	return function_of(nr) == not_implemented;
}

/* Which of the reserved numbers can be had, for the end of a sentence. */
static const char *offer(char *text, size_t size)
{
	unsigned int first = FIRST_RESERVED, last;

	while (first < LAST_RESERVED && !is_free(first))
		first++;
	for (last = first; last < LAST_RESERVED && is_free(last + 1); last++)
		;
	if (last > first)
		snprintf(text, size, "numbers %u to %u are free", first, last);
	else
		strscpy(text, "this kernel has no two free ones side by side", size);
	return text;
}

static int refuse_owned(unsigned int nr, unsigned int first, unsigned int last)
{
	char between[48] = "", free[64], symbol[KSYM_SYMBOL_LEN];
	char *name;

	if (nr != first && nr != last)
		snprintf(between, sizeof(between), ", between %u and %u,", first, last);

	/* "__x64_sys_read", or, where one function has several names, another. */
	sprint_symbol_no_offset(symbol, function_of(nr));
	name = strstr(symbol, "sys_");
	hook_err("system call number %u%s is the kernel's own (%s); %s\n", nr, between,
		 name ? name + strlen("sys_") : symbol, offer(free, sizeof(free)));
	return -EBUSY;
}

/* Of the past or of the future: programs call them to see whether they are there. */
static int refuse_kept(unsigned int nr)
{
	char free[64];

	hook_err("system call number %u is not one to be taken; %s\n", nr,
		 offer(free, sizeof(free)));
	return -EBUSY;
}

static int refuse_beyond(unsigned int nr)
{
	char free[64];

	hook_err("system call number %u is beyond the kernel's table, which ends at %d; %s\n",
		 nr, NR_syscalls - 1, offer(free, sizeof(free)));
	return -EINVAL;
}

/**
 * hook_numbers_check() - may these numbers be given away?
 * @first: the lowest
 * @last: the highest
 * @beyond_table: can numbers beyond the kernel's table be made to work?
 *
 * NR_syscalls has to be known as the running kernel's.
 *
 * Context: Process context. May sleep.
 *
 * Return: 0; -EBUSY if one of them is the kernel's; -EINVAL if one is out of
 * reach; -EOPNOTSUPP if the kernel cannot be asked. The log says why.
 */
int hook_numbers_check(unsigned int first, unsigned int last, bool beyond_table)
{
	unsigned int nr;
	int err;

	err = find_table();
	if (err)
		return err;
	for (nr = first; nr <= last && nr < NR_syscalls; nr++) {
		if (!is_free(nr))
			return refuse_owned(nr, first, last);
		if (nr < FIRST_RESERVED || nr > LAST_RESERVED)
			return refuse_kept(nr);
	}
	if (last >= NR_syscalls && !beyond_table)
		return refuse_beyond(last);
	if (last >= HOOK_FIRST_X32) {
		hook_err("system call numbers from %d on are x32's, %u is too high\n",
			 HOOK_FIRST_X32, last);
		return -EINVAL;
	}
	return 0;
}

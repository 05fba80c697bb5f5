// SPDX-License-Identifier: GPL-2.0
/*
 * Finds out which system call numbers can be used. The running kernel's
 * sys_call_table decides: a number is unassigned if its entry is the function
 * for "not implemented", or if it lies beyond the table. Of the unassigned
 * numbers in the table only those are used that no kernel will ever assign.
 * (On x86, since 1e3ad78334a6, "x86/syscall: Don't force use of indirect calls for
 * system calls", the table no longer dispatches. But it is generated from the
 * same list as the code that does, and tracing reads it.)
 */
#include <linux/errno.h>
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <asm/unistd.h>

#include "log.h"
#include "numbers.h"
#include "syscall_hook_arch.h"
#include "way.h"

/*
 * arch/x86/entry/syscalls/syscall_64.tbl: "don't use numbers 387 through 423",
 * so no kernel will assign them. include/uapi/asm-generic/unistd.h, which arm64 uses,
 * says the same of 295 to 402, and 403 to 423 are calls of 32-bit architectures.
 */
#define FIRST_RESERVED 387
#define LAST_RESERVED 423

/* A number that cannot be used. */
struct obstacle {
	unsigned int nr;
	char why[KSYM_SYMBOL_LEN + 48];
};

struct syscall_table {
	const unsigned long *entries;
	unsigned long not_implemented;	/* the entry of unassigned numbers */
};

static int find_table(struct syscall_table *table)
{
	struct hook_symbol entries, function;
	int err;

	err = hook_table_find(&entries);
	if (!err)
		err = hook_symbol_find(HOOK_NOT_IMPLEMENTED, &function);
	if (err)
		return err;
	if (entries.size < NR_syscalls * sizeof(*table->entries)) {
		hook_err("sys_call_table has %zu bytes, too few for %d system calls; this kernel is not supported\n",
			 entries.size, NR_syscalls);
		return -EOPNOTSUPP;
	}
	table->entries = (const unsigned long *)entries.start;
	table->not_implemented = function.start;
	return 0;
}

/* The function behind a number of the table; 0 if the entry cannot be read. */
static unsigned long table_entry(const struct syscall_table *table, unsigned int nr)
{
	unsigned long function;

	if (copy_from_kernel_nofault(&function, &table->entries[nr], sizeof(function)))
		return 0;
	return function;
}

static bool is_unassigned(const struct syscall_table *table, unsigned int nr)
{
	return table_entry(table, nr) == table->not_implemented;
}

/* The first of so many adjacent unassigned numbers, all reserved; 0 if none. */
static unsigned int find_free_numbers(const struct syscall_table *table, unsigned int count)
{
	unsigned int nr, free = 0;

	for (nr = FIRST_RESERVED; nr <= LAST_RESERVED && free < count; nr++)
		free = is_unassigned(table, nr) ? free + 1 : 0;
	return free == count ? nr - count : 0;
}

/* Which of the reserved numbers can be used, for the end of a log line. */
static const char *describe_free_numbers(const struct syscall_table *table, char *text,
					 size_t size)
{
	unsigned int first = find_free_numbers(table, 2), last = first;

	while (last < LAST_RESERVED && is_unassigned(table, last + 1))
		last++;
	if (first)
		snprintf(text, size, "numbers %u to %u are free", first, last);
	else
		strscpy(text, "this kernel has no two adjacent free numbers", size);
	return text;
}

/* Sets why a number of the table cannot be used; returns 0 if it can. */
static int check_table_number(const struct syscall_table *table, unsigned int nr, char *why,
			      size_t size)
{
	char symbol[KSYM_SYMBOL_LEN];
	char *name;

	if (!is_unassigned(table, nr)) {
		/* "__x64_sys_read", or another name of the same function. */
		sprint_symbol_no_offset(symbol, table_entry(table, nr));
		name = strstr(symbol, "sys_");
		snprintf(why, size, "belongs to the kernel (%s)",
			 name ? name + strlen("sys_") : symbol);
		return -EBUSY;
	}
	/* A call of older or later kernels, which programs may try. */
	if (nr < FIRST_RESERVED || nr > LAST_RESERVED) {
		strscpy(why, "is unassigned here, but other kernels may use it", size);
		return -EBUSY;
	}
	return 0;
}

/* Checks the numbers from first to last; describes one that cannot be used. */
static int find_obstacle(const struct syscall_table *table, unsigned int first,
			 unsigned int last, bool beyond_table, struct obstacle *o)
{
	int err;

	for (o->nr = first; o->nr <= last && o->nr < NR_syscalls; o->nr++) {
		err = check_table_number(table, o->nr, o->why, sizeof(o->why));
		if (err)
			return err;
	}
	o->nr = last;
	if (last >= NR_syscalls && !beyond_table) {
		snprintf(o->why, sizeof(o->why),
			 "is beyond the kernel's table, which ends at %d", NR_syscalls - 1);
		return -EINVAL;
	}
	if (last >= HOOK_NUMBERS_END) {
		snprintf(o->why, sizeof(o->why), "is too high: numbers from %d on " HOOK_WHY_END,
			 HOOK_NUMBERS_END);
		return -EINVAL;
	}
	return 0;
}

/**
 * hook_numbers_check() - check that these numbers can be used
 * @first: the lowest
 * @last: the highest
 * @beyond_table: whether numbers beyond the kernel's table can be made to work
 *
 * No table is smaller than NR_syscalls entries. Numbers beyond the table need
 * NR_syscalls to be the running kernel's.
 *
 * Context: Process context. May sleep.
 *
 * Return: 0; -EBUSY if one of them belongs to the kernel or may do so in
 * another one; -EINVAL if one is too high; -EOPNOTSUPP if the kernel lacks the
 * table. The log says why.
 */
int hook_numbers_check(unsigned int first, unsigned int last, bool beyond_table)
{
	char between[48] = "", free[64];
	struct syscall_table table;
	struct obstacle o;
	int err;

	err = find_table(&table);
	if (err)
		return err;
	err = find_obstacle(&table, first, last, beyond_table, &o);
	if (!err)
		return 0;
	if (o.nr != first && o.nr != last)
		snprintf(between, sizeof(between), ", between %u and %u,", first, last);
	hook_err("system call number %u%s %s; %s\n", o.nr, between, o.why,
		 describe_free_numbers(&table, free, sizeof(free)));
	return err;
}

/**
 * hook_numbers_choose() - choose adjacent numbers that can be used
 * @preferred: the first of the numbers to use if all of them can be used
 * @count: how many numbers
 * @beyond_table: whether numbers beyond the kernel's table can be made to work
 *
 * If the preferred numbers cannot be used, the log says why.
 *
 * Context: Process context. May sleep.
 *
 * Return: the first of the numbers; -EBUSY if there are none; -EOPNOTSUPP if the
 * kernel lacks the table. The log says why.
 */
int hook_numbers_choose(unsigned int preferred, unsigned int count, bool beyond_table)
{
	struct syscall_table table;
	struct obstacle o;
	unsigned int first;
	int err;

	err = find_table(&table);
	if (err)
		return err;
	if (!find_obstacle(&table, preferred, preferred + count - 1, beyond_table, &o))
		return preferred;
	first = find_free_numbers(&table, count);
	if (!first) {
		hook_err("system call number %u %s, and this kernel has no %u adjacent free numbers from %d to %d\n",
			 o.nr, o.why, count, FIRST_RESERVED, LAST_RESERVED);
		return -EBUSY;
	}
	hook_info("system call number %u %s; numbers from %u on are used instead\n",
		  o.nr, o.why, first);
	return first;
}

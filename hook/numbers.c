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

/* What stands in the way of taking numbers. */
struct obstacle {
	unsigned int nr;
	char why[KSYM_SYMBOL_LEN + 32];
};

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

/* The first so many reserved ones side by side that are free; 0 if there are none. */
static unsigned int find_free(unsigned int count)
{
	unsigned int nr, free = 0;

	for (nr = FIRST_RESERVED; nr <= LAST_RESERVED && free < count; nr++)
		free = is_free(nr) ? free + 1 : 0;
	return free == count ? nr - count : 0;
}

/* Which of the reserved numbers can be had, for the end of a sentence. */
static const char *offer(char *text, size_t size)
{
	unsigned int first = find_free(2), last = first;

	while (last < LAST_RESERVED && is_free(last + 1))
		last++;
	if (first)
		snprintf(text, size, "numbers %u to %u are free", first, last);
	else
		strscpy(text, "this kernel has no two free ones side by side", size);
	return text;
}

/* Why a number of the table cannot be had; 0 if it can. */
static int look_at(unsigned int nr, char *why, size_t size)
{
	char symbol[KSYM_SYMBOL_LEN];
	char *name;

	if (!is_free(nr)) {
		/* "__x64_sys_read", or, where one function has several names, another. */
		sprint_symbol_no_offset(symbol, function_of(nr));
		name = strstr(symbol, "sys_");
		snprintf(why, size, "is the kernel's own (%s)",
			 name ? name + strlen("sys_") : symbol);
		return -EBUSY;
	}
	/* Of the past or of the future: programs call them to see whether they are there. */
	if (nr < FIRST_RESERVED || nr > LAST_RESERVED) {
		strscpy(why, "is not one to be taken", size);
		return -EBUSY;
	}
	return 0;
}

/*
 * May these be given away? If not, sets which of them may not, and why, and
 * whether others are to be offered.
 */
static int find_obstacle(unsigned int first, unsigned int last, bool beyond_table,
			 struct obstacle *o)
{
	int err;

	for (o->nr = first; o->nr <= last && o->nr < NR_syscalls; o->nr++) {
		err = look_at(o->nr, o->why, sizeof(o->why));
		if (err)
			return err;
	}
	o->nr = last;
	if (last >= NR_syscalls && !beyond_table) {
		snprintf(o->why, sizeof(o->why),
			 "is beyond the kernel's table, which ends at %d", NR_syscalls - 1);
		return -EINVAL;
	}
	if (last >= HOOK_FIRST_X32) {
		snprintf(o->why, sizeof(o->why), "is too high: those from %d on are x32's",
			 HOOK_FIRST_X32);
		return -EINVAL;
	}
	return 0;
}

/**
 * hook_numbers_check() - may these numbers be given away?
 * @first: the lowest
 * @last: the highest
 * @beyond_table: can numbers beyond the kernel's table be made to work?
 *
 * That NR_syscalls is the running kernel's matters for numbers beyond the table,
 * and hook_raise_prepare() knows; no table is smaller than it.
 *
 * Context: Process context. May sleep.
 *
 * Return: 0; -EBUSY if one of them is the kernel's; -EINVAL if one is out of
 * reach; -EOPNOTSUPP if the kernel cannot be asked. The log says why.
 */
int hook_numbers_check(unsigned int first, unsigned int last, bool beyond_table)
{
	char between[48] = "", free[64];
	struct obstacle o;
	int err;

	err = find_table();
	if (err)
		return err;
	err = find_obstacle(first, last, beyond_table, &o);
	if (!err)
		return 0;
	if (o.nr != first && o.nr != last)
		snprintf(between, sizeof(between), ", between %u and %u,", first, last);
	hook_err("system call number %u%s %s; %s\n", o.nr, between, o.why,
		 offer(free, sizeof(free)));
	return err;
}

/**
 * hook_numbers_choose() - find numbers side by side that may be given away
 * @preferred: the first of those that are taken if they may be
 * @count: how many
 * @beyond_table: can numbers beyond the kernel's table be made to work?
 *
 * Where it has to be others than those preferred, the log says why.
 *
 * Context: Process context. May sleep.
 *
 * Return: the first of them; -EBUSY if there are none; -EOPNOTSUPP if the
 * kernel cannot be asked. The log says why.
 */
int hook_numbers_choose(unsigned int preferred, unsigned int count, bool beyond_table)
{
	struct obstacle o;
	unsigned int first;
	int err;

	err = find_table();
	if (err)
		return err;
	if (!find_obstacle(preferred, preferred + count - 1, beyond_table, &o))
		return preferred;
	first = find_free(count);
	if (!first) {
		hook_err("system call number %u %s, and of %d to %d this kernel has no %u free ones side by side\n",
			 o.nr, o.why, FIRST_RESERVED, LAST_RESERVED, count);
		return -EBUSY;
	}
	hook_info("system call number %u %s; numbers from %u on are taken instead\n",
		  o.nr, o.why, first);
	return first;
}

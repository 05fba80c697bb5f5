// SPDX-License-Identifier: GPL-2.0
/*
 * Makes reserved system call numbers look assigned: while this module is loaded,
 * their entries in the kernel's table are the entry of getpid. Calls do not
 * change, since the table no longer dispatches.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <asm/unistd.h>

/* A copy, since an object file cannot be part of two modules. */
#include "../../hook/x86/text.c"

static unsigned long address;
module_param(address, ulong, 0444);
MODULE_PARM_DESC(address, "address of sys_call_table");

static unsigned int first;
module_param(first, uint, 0444);
MODULE_PARM_DESC(first, "first of the numbers");

static unsigned int last;
module_param(last, uint, 0444);
MODULE_PARM_DESC(last, "last of the numbers");

static unsigned long not_implemented, getpid;

/* The upper halves of the entries are equal: all are addresses of kernel text. */
static int change_entry(unsigned int nr, unsigned long from, unsigned long to)
{
	return hook_text_replace_imm32((unsigned long *)address + nr, lower_32_bits(from),
				 lower_32_bits(to));
}

static void restore_entries(unsigned int end)
{
	unsigned int nr;

	for (nr = first; nr < end; nr++)
		WARN_ON(change_entry(nr, getpid, not_implemented));
}

static int __init own_numbers_init(void)
{
	unsigned int nr;
	int err;

	if (first > last || last >= NR_syscalls)
		return -EINVAL;
	not_implemented = ((unsigned long *)address)[first];
	getpid = ((unsigned long *)address)[__NR_getpid];
	for (nr = first; nr <= last; nr++) {
		err = change_entry(nr, not_implemented, getpid);
		if (err) {
			restore_entries(nr);
			return err;
		}
	}
	return 0;
}

static void __exit own_numbers_exit(void)
{
	restore_entries(last + 1);
}

module_init(own_numbers_init);
module_exit(own_numbers_exit);

MODULE_DESCRIPTION("Makes the kernel own system call numbers, for tests");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0
/*
 * Makes numbers that the kernel's own table reserves look like the kernel's: as
 * long as this is loaded, their entries in the table are those of getpid. The table
 * no longer dispatches, so nobody's call goes another way.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <asm/unistd.h>

/* An object cannot be part of two modules: this is a copy. */
#include "../../hook/text.c"

static unsigned long address;
module_param(address, ulong, 0444);
MODULE_PARM_DESC(address, "of sys_call_table");

static unsigned int first;
module_param(first, uint, 0444);
MODULE_PARM_DESC(first, "the first of the numbers");

static unsigned int last;
module_param(last, uint, 0444);
MODULE_PARM_DESC(last, "the last of them");

static unsigned long nobodys, getpid;

/* All of the kernel's functions have the upper half of their address in common. */
static int change(unsigned int nr, unsigned long from, unsigned long to)
{
	return hook_text_replace_imm32((unsigned long *)address + nr, lower_32_bits(from),
				 lower_32_bits(to));
}

static void give_back(unsigned int end)
{
	unsigned int nr;

	for (nr = first; nr < end; nr++)
		WARN_ON(change(nr, getpid, nobodys));
}

static int __init own_numbers_init(void)
{
	unsigned int nr;
	int err;

	if (first > last || last >= NR_syscalls)
		return -EINVAL;
	nobodys = ((unsigned long *)address)[first];
	getpid = ((unsigned long *)address)[__NR_getpid];
	for (nr = first; nr <= last; nr++) {
		err = change(nr, nobodys, getpid);
		if (err) {
			give_back(nr);
			return err;
		}
	}
	return 0;
}

static void __exit own_numbers_exit(void)
{
	give_back(last + 1);
}

module_init(own_numbers_init);
module_exit(own_numbers_exit);

MODULE_DESCRIPTION("Makes the kernel own system call numbers, for tests");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0
/*
 * Makes system call numbers look like another one, getpid if not said otherwise: while
 * this module is loaded, they have its entry in the kernel's table. So reserved numbers
 * look assigned. On x86 calls do not change, since the table no longer dispatches.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pfn.h>
#include <linux/vmalloc.h>
#include <asm/unistd.h>

static unsigned long address;
module_param(address, ulong, 0444);
MODULE_PARM_DESC(address, "address of sys_call_table");

static unsigned int first;
module_param(first, uint, 0444);
MODULE_PARM_DESC(first, "first of the numbers");

static unsigned int last;
module_param(last, uint, 0444);
MODULE_PARM_DESC(last, "last of the numbers");

static unsigned int like = __NR_getpid;
module_param(like, uint, 0444);
MODULE_PARM_DESC(like, "number whose entry they get");

static unsigned long before, changed;

/* The table is read-only, so its page is mapped a second time, writable. */
static int change_entry(unsigned int nr, unsigned long from, unsigned long to)
{
	unsigned long *entry = (unsigned long *)address + nr, *alias;
	struct page *page = pfn_to_page(PHYS_PFN(__pa_symbol(entry)));
	void *mapping;

	if (READ_ONCE(*entry) != from)
		return -EBUSY;
	mapping = vmap(&page, 1, VM_MAP, PAGE_KERNEL);
	if (!mapping)
		return -ENOMEM;
	alias = mapping + offset_in_page(entry);
	WRITE_ONCE(*alias, to);
	vunmap(mapping);
	vm_unmap_aliases();
	return READ_ONCE(*entry) == to ? 0 : -EIO;
}

static void restore_entries(unsigned int end)
{
	unsigned int nr;

	for (nr = first; nr < end; nr++)
		WARN_ON(change_entry(nr, changed, before));
}

static int __init own_numbers_init(void)
{
	unsigned int nr;
	int err;

	if (first > last || last >= NR_syscalls || like >= NR_syscalls)
		return -EINVAL;
	before = ((unsigned long *)address)[first];
	changed = ((unsigned long *)address)[like];
	for (nr = first; nr <= last; nr++) {
		err = change_entry(nr, before, changed);
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

MODULE_DESCRIPTION("Changes entries in the table of system calls, for tests");
MODULE_LICENSE("GPL");

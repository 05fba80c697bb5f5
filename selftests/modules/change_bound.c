// SPDX-License-Identifier: GPL-2.0
/*
 * Makes do_syscall_64 different from any real kernel: while this module is
 * loaded, the kernel rejects the highest number of its own table.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <asm/unistd.h>

/* Copies, since an object file cannot be part of two modules. */
#include "../../hook/x86/bounds.c"
#include "../../hook/x86/text.c"

static unsigned long address;
module_param(address, ulong, 0444);
MODULE_PARM_DESC(address, "address of do_syscall_64");

static unsigned int size;
module_param(size, uint, 0444);
MODULE_PARM_DESC(size, "its size in bytes");

static void *limit;

static int __init change_bound_init(void)
{
	struct hook_bounds bounds;
	int err;

	err = hook_bounds_find((const u8 *)address, size,
			       NR_syscalls - 1, NR_syscalls, &bounds);
	if (err)
		return err;
	limit = (void *)address + bounds.limit[0];
	return hook_text_replace_imm32(limit, NR_syscalls - 1, NR_syscalls - 2);
}

static void __exit change_bound_exit(void)
{
	int err = hook_text_replace_imm32(limit, NR_syscalls - 2, NR_syscalls - 1);

	WARN(err, "do_syscall_64 stays changed (error %d)\n", err);
}

module_init(change_bound_init);
module_exit(change_bound_exit);

MODULE_DESCRIPTION("Changes a bound in do_syscall_64, for tests");
MODULE_LICENSE("GPL");

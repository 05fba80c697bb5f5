// SPDX-License-Identifier: GPL-2.0
/*
 * Adds calls in ways that it should not, and in one that it may: a second time
 * while the first are there, and again after they are gone. Loads if each of
 * these ends as it must; the call returns 7.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "../../hook/syscall_hook.h"

#define NR_GETPID 39

static unsigned int nr = 400;
module_param(nr, uint, 0444);
MODULE_PARM_DESC(nr, "system call number (default 400)");

static long seven(const struct pt_regs *regs)
{
	return 7;
}

static int install(unsigned int number)
{
	const struct syscall_hook calls[] = {
		{ number, seven },
	};

	return syscall_hook_install(calls, ARRAY_SIZE(calls));
}

static int __init twice_init(void)
{
	/* A refused attempt leaves nothing that the next one stumbles over. */
	if (install(NR_GETPID) != -EBUSY || install(nr))
		return -EINVAL;
	syscall_hook_remove();
	if (install(nr))
		return -EINVAL;
	if (install(NR_GETPID) == -EBUSY && install(nr + 1) == -EBUSY)
		return 0;
	syscall_hook_remove();
	return -EINVAL;
}

static void __exit twice_exit(void)
{
	syscall_hook_remove();
}

module_init(twice_init);
module_exit(twice_exit);

MODULE_DESCRIPTION("Adds system calls more than once, for tests");
MODULE_LICENSE("GPL");

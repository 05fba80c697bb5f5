// SPDX-License-Identifier: GPL-2.0
/*
 * Installs a call several times: after an attempt that must be refused, again
 * after it was removed, and a second time while it is installed, which must be
 * refused. Loading succeeds if each attempt ends as it must. The call returns 7.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <asm/unistd.h>

#include "../../hook/syscall_hook.h"

static unsigned int nr = 400;
module_param(nr, uint, 0444);
MODULE_PARM_DESC(nr, "system call number (default 400)");

static long seven(const struct pt_regs *regs)
{
	return 7;
}

static int install_at(unsigned int number)
{
	const struct syscall_hook calls[] = {
		{ number, seven },
	};

	return syscall_hook_install(calls, ARRAY_SIZE(calls));
}

static int __init twice_init(void)
{
	/* A refused attempt must not affect the next one. */
	if (install_at(__NR_getpid) != -EBUSY || install_at(nr))
		return -EINVAL;
	syscall_hook_remove();
	if (install_at(nr))
		return -EINVAL;
	if (install_at(__NR_getpid) == -EBUSY && install_at(nr + 1) == -EBUSY)
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

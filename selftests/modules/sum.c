// SPDX-License-Identifier: GPL-2.0
/*
 * A small module that adds a system call with the hook:
 *
 *	long syscall(nr, long a, long b)	returns a + b
 *
 * It can sleep first, so that it is in flight while the module is unloaded.
 */
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/ptrace.h>

#include "../../hook/syscall_hook.h"

static unsigned int nr = 400;
module_param(nr, uint, 0444);
MODULE_PARM_DESC(nr, "system call number (default 400)");

static unsigned int milliseconds;
module_param(milliseconds, uint, 0444);
MODULE_PARM_DESC(milliseconds, "how long a call sleeps first (default 0: not at all)");

static long sum_two(const struct pt_regs *regs)
{
	if (milliseconds)
		msleep(milliseconds);
	return syscall_hook_argument(regs, 0) + syscall_hook_argument(regs, 1);
}

static int __init sum_call_init(void)
{
	const struct syscall_hook calls[] = {
		{ nr, sum_two },
	};

	return syscall_hook_install(calls, ARRAY_SIZE(calls));
}

static void __exit sum_call_exit(void)
{
	syscall_hook_remove();
}

module_init(sum_call_init);
module_exit(sum_call_exit);

MODULE_DESCRIPTION("A system call that adds two numbers");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0
/*
 * Shuts ftrace down, as ftrace itself does after an internal error: it then
 * changes no more code. Unloading this module revives it.
 */
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

static unsigned long address;
module_param(address, ulong, 0444);
MODULE_PARM_DESC(address, "address of the variable ftrace_disabled");

static int __init kill_ftrace_init(void)
{
	int *ftrace_disabled = (int *)address;

	if (READ_ONCE(*ftrace_disabled))
		return -EINVAL;
	WRITE_ONCE(*ftrace_disabled, 1);
	return 0;
}

static void __exit kill_ftrace_exit(void)
{
	WRITE_ONCE(*(int *)address, 0);
}

module_init(kill_ftrace_init);
module_exit(kill_ftrace_exit);

MODULE_DESCRIPTION("Shuts ftrace down, for tests");
MODULE_LICENSE("GPL");

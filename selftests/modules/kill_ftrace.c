// SPDX-License-Identifier: GPL-2.0
/*
 * Shuts ftrace down, as ftrace itself does after an internal error: it then
 * changes no more code. Unloading this module revives it.
 *
 * With in_insmod this happens when ftrace next changes code in a task named
 * insmod, after the change and before ftrace looks whether it succeeded.
 */
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/string.h>

static unsigned long address;
module_param(address, ulong, 0444);
MODULE_PARM_DESC(address, "address of the variable ftrace_disabled");

static bool in_insmod;
module_param(in_insmod, bool, 0444);
MODULE_PARM_DESC(in_insmod, "wait until an insmod makes ftrace change code");

static int code_is_changed(struct kprobe *probe, struct pt_regs *regs)
{
	if (!strcmp(current->comm, "insmod"))
		WRITE_ONCE(*(int *)address, 1);
	return 0;
}

static struct kprobe probe = {
	.symbol_name = "ftrace_arch_code_modify_post_process",
	.pre_handler = code_is_changed,
};

static int __init kill_ftrace_init(void)
{
	int *ftrace_disabled = (int *)address;

	if (in_insmod)
		return register_kprobe(&probe);
	if (READ_ONCE(*ftrace_disabled))
		return -EINVAL;
	WRITE_ONCE(*ftrace_disabled, 1);
	return 0;
}

static void __exit kill_ftrace_exit(void)
{
	if (in_insmod)
		unregister_kprobe(&probe);
	WRITE_ONCE(*(int *)address, 0);
}

module_init(kill_ftrace_init);
module_exit(kill_ftrace_exit);

MODULE_DESCRIPTION("Shuts ftrace down, for tests");
MODULE_LICENSE("GPL");

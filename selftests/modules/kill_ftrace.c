// SPDX-License-Identifier: GPL-2.0
/*
 * Shuts ftrace down, as ftrace itself does after an internal error: it then
 * changes no more code. Unloading this module revives it.
 *
 * With a task's name this happens when ftrace next changes code in a task of that
 * name, after the change and before ftrace looks whether it succeeded; with a
 * function's name as well, only if that task has called the function before.
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

static char *task;
module_param(task, charp, 0444);
MODULE_PARM_DESC(task, "wait until a task of this name makes ftrace change code");

static char *after;
module_param(after, charp, 0444);
MODULE_PARM_DESC(after, "and has called this function");

static struct task_struct *caller;

static int function_is_called(struct kprobe *probe, struct pt_regs *regs)
{
	WRITE_ONCE(caller, current);
	return 0;
}

static int code_is_changed(struct kprobe *probe, struct pt_regs *regs)
{
	if (!strcmp(current->comm, task) && (!after || READ_ONCE(caller) == current))
		WRITE_ONCE(*(int *)address, 1);
	return 0;
}

static struct kprobe at_function = {
	.pre_handler = function_is_called,
};

static struct kprobe at_change = {
	.symbol_name = "ftrace_arch_code_modify_post_process",
	.pre_handler = code_is_changed,
};

static int wait_for_task(void)
{
	int err = register_kprobe(&at_change);

	if (err || !after)
		return err;
	at_function.symbol_name = after;
	err = register_kprobe(&at_function);
	if (err)
		unregister_kprobe(&at_change);
	return err;
}

static int __init kill_ftrace_init(void)
{
	int *ftrace_disabled = (int *)address;

	if (task)
		return wait_for_task();
	if (after || READ_ONCE(*ftrace_disabled))
		return -EINVAL;
	WRITE_ONCE(*ftrace_disabled, 1);
	return 0;
}

static void __exit kill_ftrace_exit(void)
{
	/* First: a probe at a function's entry is removed by ftrace. */
	WRITE_ONCE(*(int *)address, 0);
	if (task && after)
		unregister_kprobe(&at_function);
	if (task)
		unregister_kprobe(&at_change);
}

module_init(kill_ftrace_init);
module_exit(kill_ftrace_exit);

MODULE_DESCRIPTION("Shuts ftrace down, for tests");
MODULE_LICENSE("GPL");

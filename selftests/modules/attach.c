// SPDX-License-Identifier: GPL-2.0
/*
 * Attaches to a function of the kernel: with a direct call, as BPF does, or, with
 * ipmodify=1, as a user that may redirect the function, as live patches do. In
 * neither case is the function changed.
 */
#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "attach_arch.h"
#include "nothing.h"

static unsigned long address;
module_param(address, ulong, 0444);
MODULE_PARM_DESC(address, "address of the function's first byte");

static bool ipmodify;
module_param(ipmodify, bool, 0444);
MODULE_PARM_DESC(ipmodify, "attach as a live patch does");

static void change_nothing(unsigned long ip, unsigned long parent_ip,
			   struct ftrace_ops *ops, struct ftrace_regs *regs)
{
}

static struct ftrace_ops direct_ops;
static struct ftrace_ops ipmodify_ops = {
	.func = change_nothing,
	.flags = REDIRECT_FLAGS,
};

static int attach(void)
{
	if (ipmodify)
		return register_ftrace_function(&ipmodify_ops);
	return attach_direct(&direct_ops, (unsigned long)do_nothing);
}

static int __init other_user_init(void)
{
	struct ftrace_ops *ops = ipmodify ? &ipmodify_ops : &direct_ops;
	int err;

	err = ftrace_set_filter_ip(ops, address + FTRACE_OFFSET, 0, 0);
	if (err)
		return err;
	err = attach();
	if (err)
		ftrace_free_filter(ops);
	return err;
}

static void __exit other_user_exit(void)
{
	if (ipmodify)
		unregister_ftrace_function(&ipmodify_ops);
	else
		detach_direct(&direct_ops, (unsigned long)do_nothing);
	ftrace_free_filter(ipmodify ? &ipmodify_ops : &direct_ops);
	/* Tasks may still be in do_nothing(). */
	synchronize_rcu_tasks();
}

module_init(other_user_init);
module_exit(other_user_exit);

MODULE_DESCRIPTION("Attaches to a function of the kernel, for tests");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0
/* long syscall(400, char *buf, size_t size): writes a greeting to buf. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "hook/syscall_hook.h"

#define NR_HELLO 400

/* Returns the length of the greeting in bytes. */
static long greet(const struct pt_regs *regs)
{
	char __user *buf = (char __user *)syscall_hook_argument(regs, 0);
	size_t size = syscall_hook_argument(regs, 1);
	char text[48];
	size_t len = scnprintf(text, sizeof(text), "hello, process %d\n",
			       task_tgid_vnr(current));

	if (size < len)
		return -EMSGSIZE;
	if (copy_to_user(buf, text, len))
		return -EFAULT;
	return len;
}

static int __init hello_init(void)
{
	const struct syscall_hook calls[] = {
		{ NR_HELLO, greet },
	};

	return syscall_hook_install(calls, ARRAY_SIZE(calls));
}

static void __exit hello_exit(void)
{
	syscall_hook_remove();
}

module_init(hello_init);
module_exit(hello_exit);

MODULE_DESCRIPTION("A system call that says hello");
MODULE_LICENSE("GPL");

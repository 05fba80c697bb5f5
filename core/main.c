// SPDX-License-Identifier: GPL-2.0
/* The module: the numbers of the calls, loading and unloading. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sysfs.h>
#include <uapi/linux/dm510_msgbox.h>

#include "../hook/syscall_hook.h"
#include "boxes.h"
#include "calls.h"
#include "device.h"
#include "namespace_end.h"
#include "sysfs.h"

/* Any value can be given, so none of them can mean "not given". */
struct call_number {
	unsigned int nr;
	bool given;
};

static struct call_number put_number, get_number;

static int set_call_number(const char *val, const struct kernel_param *kp)
{
	struct call_number *number = kp->arg;
	int err = kstrtouint(val, 0, &number->nr);

	if (!err)
		number->given = true;
	return err;
}

static int get_call_number(char *buffer, const struct kernel_param *kp)
{
	const struct call_number *number = kp->arg;

	return sysfs_emit(buffer, "%u\n", number->nr);
}

static const struct kernel_param_ops call_number_ops = {
	.set = set_call_number,
	.get = get_call_number,
};

module_param_cb(put_nr, &call_number_ops, &put_number, 0444);
__MODULE_PARM_TYPE(put_nr, "uint");
MODULE_PARM_DESC(put_nr, "system call number of put; give both or neither (default 452, or a free number)");

module_param_cb(get_nr, &call_number_ops, &get_number, 0444);
__MODULE_PARM_TYPE(get_nr, "uint");
MODULE_PARM_DESC(get_nr, "system call number of get; give both or neither (default: the one after put_nr)");

static int __init choose_call_numbers(void)
{
	int nr;

	if (put_number.given && get_number.given)
		return 0;
	if (put_number.given || get_number.given) {
		pr_err("give both put_nr and get_nr, or neither\n");
		return -EINVAL;
	}
	nr = syscall_hook_choose(__NR_dm510_msgbox_put, 2);
	if (nr < 0)
		return nr;
	put_number.nr = nr;
	get_number.nr = nr + 1;
	return 0;
}

static int __init dm510_msgbox_init(void)
{
	int err;

	err = choose_call_numbers();
	if (err)
		return err;
	err = msgboxes_create();
	if (err)
		return err;
	err = namespace_end_watch();		/* X1 */
	if (err)
		goto destroy;
	err = msgbox_sysfs_create();
	if (err)
		goto unwatch;
	err = msgbox_calls_install(put_number.nr, get_number.nr);	/* X2 */
	if (err)
		goto remove_sysfs;
	/* Last: from now on a file can be open, so nothing may fail. */
	err = msgbox_device_create();
	if (err)
		goto remove_calls;

	pr_info("added system calls %u (put) and %u (get)\n",
		put_number.nr, get_number.nr);
	return 0;

remove_calls:
	msgbox_calls_remove();
remove_sysfs:
	msgbox_sysfs_remove();
unwatch:
	namespace_end_unwatch();
destroy:
	msgboxes_destroy();
	return err;
}

static void __exit dm510_msgbox_exit(void)
{
	msgbox_device_remove();		/* X3 */
	msgbox_calls_remove();
	msgbox_sysfs_remove();
	namespace_end_unwatch();	/* X4 */
	msgboxes_destroy();		/* U9 of selftests/models/unload.pml */
	pr_info("removed system calls %u and %u\n", put_number.nr, get_number.nr);
}

module_init(dm510_msgbox_init);
module_exit(dm510_msgbox_exit);

MODULE_DESCRIPTION("Two system calls on a box of messages that the processes of an IPC namespace share");
MODULE_LICENSE("GPL");
MODULE_VERSION("1.0.0");

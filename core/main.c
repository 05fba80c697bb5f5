// SPDX-License-Identifier: GPL-2.0
/* The module: its limits, its one box, and the calls on it. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sizes.h>
#include <linux/sysfs.h>
#include <uapi/linux/dm510_msgbox.h>

#include "../hook/syscall_hook.h"
#include "calls.h"
#include "msgbox.h"
#include "segment.h"
#include "sysfs.h"

static struct msgbox_limits limits = {
	.max_message_bytes = SZ_4M,
	.max_bytes = SZ_64M,
	.max_pending_bytes = SZ_64M,
};

/* A length is an int in the calls, which may read the limit at any time. */
static int set_max_message_bytes(const char *val, const struct kernel_param *kp)
{
	unsigned int max;
	int err = kstrtouint(val, 0, &max);

	if (err)
		return err;
	if (max < 1 || max > INT_MAX)
		return -EINVAL;
	WRITE_ONCE(limits.max_message_bytes, max);
	return 0;
}

static const struct kernel_param_ops max_message_bytes_ops = {
	.set = set_max_message_bytes,
	.get = param_get_uint,
};

module_param_cb(max_message_bytes, &max_message_bytes_ops,
		&limits.max_message_bytes, 0644);
__MODULE_PARM_TYPE(max_message_bytes, "uint");
MODULE_PARM_DESC(max_message_bytes,
		 "largest message, in bytes (1 to 2147483647, default 4194304)");

static int set_bytes(const char *val, const struct kernel_param *kp, unsigned long min)
{
	unsigned long max;
	int err = kstrtoul(val, 0, &max);

	if (err)
		return err;
	if (max < min)
		return -EINVAL;
	WRITE_ONCE(*(unsigned long *)kp->arg, max);
	return 0;
}

/* With less than two segments there would be boxes that can hold nothing. */
static int set_max_bytes(const char *val, const struct kernel_param *kp)
{
	return set_bytes(val, kp, 2 * SEGMENT_SIZE);
}

static const struct kernel_param_ops max_bytes_ops = {
	.set = set_max_bytes,
	.get = param_get_ulong,
};

module_param_cb(max_bytes, &max_bytes_ops, &limits.max_bytes, 0644);
__MODULE_PARM_TYPE(max_bytes, "ulong");
MODULE_PARM_DESC(max_bytes,
		 "kernel memory the box may hold, in bytes (131072 or more, default 67108864)");

/*
 * A put may take a quarter of what is left, twice: for its message, and for a
 * segment of the stack, which must still be to be had then.
 */
static int set_max_pending_bytes(const char *val, const struct kernel_param *kp)
{
	return set_bytes(val, kp, 8 * SEGMENT_SIZE);
}

static const struct kernel_param_ops max_pending_bytes_ops = {
	.set = set_max_pending_bytes,
	.get = param_get_ulong,
};

module_param_cb(max_pending_bytes, &max_pending_bytes_ops,
		&limits.max_pending_bytes, 0644);
__MODULE_PARM_TYPE(max_pending_bytes, "ulong");
MODULE_PARM_DESC(max_pending_bytes,
		 "kernel memory that puts in progress may hold together, in bytes; one put takes at most a quarter (524288 or more, default 67108864)");

/* Any value may be given, so none of them can stand for "not given". */
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
MODULE_PARM_DESC(put_nr, "system call number of put; with get_nr or not at all (default 452, else one that is free)");

module_param_cb(get_nr, &call_number_ops, &get_number, 0444);
__MODULE_PARM_TYPE(get_nr, "uint");
MODULE_PARM_DESC(get_nr, "system call number of get; with put_nr or not at all (default the one after put's)");

static struct msgbox *box;

static int __init choose_numbers(void)
{
	int nr;

	if (put_number.given && get_number.given)
		return 0;
	if (put_number.given || get_number.given) {
		pr_err("put_nr and get_nr go together: give both or neither\n");
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

	err = choose_numbers();
	if (err)
		return err;
	box = msgbox_create(&limits);
	if (!box)
		return -ENOMEM;

	err = msgbox_sysfs_create(box);
	if (err)
		goto destroy;
	err = msgbox_calls_install(box, put_number.nr, get_number.nr);
	if (err)
		goto remove_sysfs;

	pr_info("system calls %u (put) and %u (get) are there\n",
		put_number.nr, get_number.nr);
	return 0;

remove_sysfs:
	msgbox_sysfs_remove();
destroy:
	msgbox_destroy(box);
	return err;
}

static void __exit dm510_msgbox_exit(void)
{
	msgbox_calls_remove();
	msgbox_sysfs_remove();
	msgbox_destroy(box);	/* U9 of selftests/models/unload.pml */
	pr_info("system calls %u and %u are gone\n", put_number.nr, get_number.nr);
}

module_init(dm510_msgbox_init);
module_exit(dm510_msgbox_exit);

MODULE_DESCRIPTION("Two system calls on a box of messages that all processes share");
MODULE_LICENSE("GPL");

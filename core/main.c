// SPDX-License-Identifier: GPL-2.0
/* The module: parameters, loading and unloading. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/stringify.h>
#include <linux/sysfs.h>
#include <uapi/linux/dm510_msgbox.h>

#include "../hook/syscall_hook.h"
#include "calls.h"
#include "msgbox.h"
#include "segment.h"
#include "sysfs.h"

/* Decimal, without a suffix, as the descriptions of the parameters quote them. */
#define DEFAULT_MAX_MESSAGE_BYTES	4194304
#define DEFAULT_MAX_BYTES		67108864
#define DEFAULT_MAX_PENDING_BYTES	67108864

/* Limits of the limits, in bytes. The length of a message is an int. */
#define HIGHEST_MAX_MESSAGE_BYTES	2147483647
#define LOWEST_MAX_BYTES		131072
#define LOWEST_MAX_PENDING_BYTES	524288

static_assert(HIGHEST_MAX_MESSAGE_BYTES == INT_MAX);
/* With less, a box could be unable to hold any message. */
static_assert(LOWEST_MAX_BYTES == 2 * SEGMENT_SIZE);
/*
 * With less, a put that is alone could fail: it may reserve a quarter of what is left,
 * first for its message, then for a segment of the msgstack.
 */
static_assert(LOWEST_MAX_PENDING_BYTES == 8 * SEGMENT_SIZE);

static struct msgbox_limits limits = {
	.max_message_bytes = DEFAULT_MAX_MESSAGE_BYTES,
	.max_bytes = DEFAULT_MAX_BYTES,
	.max_pending_bytes = DEFAULT_MAX_PENDING_BYTES,
};

/* WRITE_ONCE() here and below: calls can read the limits at any time. */
static int set_max_message_bytes(const char *val, const struct kernel_param *kp)
{
	unsigned int max;
	int err = kstrtouint(val, 0, &max);

	if (err)
		return err;
	if (max < 1 || max > HIGHEST_MAX_MESSAGE_BYTES)
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
		 "largest message, in bytes (1 to " __stringify(HIGHEST_MAX_MESSAGE_BYTES)
		 ", default " __stringify(DEFAULT_MAX_MESSAGE_BYTES) ")");

static int set_byte_limit(const char *val, const struct kernel_param *kp, unsigned long min)
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

static int set_max_bytes(const char *val, const struct kernel_param *kp)
{
	return set_byte_limit(val, kp, LOWEST_MAX_BYTES);
}

static const struct kernel_param_ops max_bytes_ops = {
	.set = set_max_bytes,
	.get = param_get_ulong,
};

module_param_cb(max_bytes, &max_bytes_ops, &limits.max_bytes, 0644);
__MODULE_PARM_TYPE(max_bytes, "ulong");
MODULE_PARM_DESC(max_bytes,
		 "kernel memory the box may hold, in bytes ("
		 __stringify(LOWEST_MAX_BYTES) " or more, default "
		 __stringify(DEFAULT_MAX_BYTES) ")");

static int set_max_pending_bytes(const char *val, const struct kernel_param *kp)
{
	return set_byte_limit(val, kp, LOWEST_MAX_PENDING_BYTES);
}

static const struct kernel_param_ops max_pending_bytes_ops = {
	.set = set_max_pending_bytes,
	.get = param_get_ulong,
};

module_param_cb(max_pending_bytes, &max_pending_bytes_ops,
		&limits.max_pending_bytes, 0644);
__MODULE_PARM_TYPE(max_pending_bytes, "ulong");
MODULE_PARM_DESC(max_pending_bytes,
		 "kernel memory that puts in progress may hold together, in bytes; no message may need more than a quarter ("
		 __stringify(LOWEST_MAX_PENDING_BYTES) " or more, default "
		 __stringify(DEFAULT_MAX_PENDING_BYTES) ")");

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

static struct msgbox *box;

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
	box = msgbox_create(&limits);
	if (!box)
		return -ENOMEM;

	err = msgbox_sysfs_create(box);
	if (err)
		goto destroy;
	err = msgbox_calls_install(box, put_number.nr, get_number.nr);
	if (err)
		goto remove_sysfs;

	pr_info("added system calls %u (put) and %u (get)\n",
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
	pr_info("removed system calls %u and %u\n", put_number.nr, get_number.nr);
}

module_init(dm510_msgbox_init);
module_exit(dm510_msgbox_exit);

MODULE_DESCRIPTION("Two system calls on a box of messages that all processes share");
MODULE_LICENSE("GPL");

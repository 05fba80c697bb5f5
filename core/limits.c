// SPDX-License-Identifier: GPL-2.0
/* What a box accepts: module parameters. They hold for each box. */
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/moduleparam.h>
#include <linux/stringify.h>

#include "boxes.h"
#include "msgbox.h"
#include "segment.h"

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

/* Of each box. */
struct msgbox_limits msgbox_limits = {
	.max_message_bytes = DEFAULT_MAX_MESSAGE_BYTES,
	.max_bytes = DEFAULT_MAX_BYTES,
	.max_pending_bytes = DEFAULT_MAX_PENDING_BYTES,
};

/*
 * WRITE_ONCE() here and below: calls can read the limits at any time. Nothing else goes with
 * a limit, so calls need no order. Writers that wait for room need it: the write pairs with
 * R4, as R7 takes the box's lock after it (selftests/litmus/limit_raised.litmus).
 */
static int set_max_message_bytes(const char *val, const struct kernel_param *kp)
{
	unsigned int max;
	int err = kstrtouint(val, 0, &max);

	if (err)
		return err;
	if (max < 1 || max > HIGHEST_MAX_MESSAGE_BYTES)
		return -EINVAL;
	WRITE_ONCE(msgbox_limits.max_message_bytes, max);
	msgboxes_limits_changed();
	return 0;
}

static const struct kernel_param_ops max_message_bytes_ops = {
	.set = set_max_message_bytes,
	.get = param_get_uint,
};

module_param_cb(max_message_bytes, &max_message_bytes_ops,
		&msgbox_limits.max_message_bytes, 0644);
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
	msgboxes_limits_changed();
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

module_param_cb(max_bytes, &max_bytes_ops, &msgbox_limits.max_bytes, 0644);
__MODULE_PARM_TYPE(max_bytes, "ulong");
MODULE_PARM_DESC(max_bytes,
		 "kernel memory each box may hold, in bytes ("
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
		&msgbox_limits.max_pending_bytes, 0644);
__MODULE_PARM_TYPE(max_pending_bytes, "ulong");
MODULE_PARM_DESC(max_pending_bytes,
		 "kernel memory that the puts in progress of each box may hold together, in bytes; no message may need more than a quarter ("
		 __stringify(LOWEST_MAX_PENDING_BYTES) " or more, default "
		 __stringify(DEFAULT_MAX_PENDING_BYTES) ")");

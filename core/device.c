// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/dm510_msgbox: read(2) is a get that waits for a message, write(2) a put that waits
 * for room. The contract is in uapi/linux/dm510_msgbox.h.
 *
 * A file is for the box of the process that opened it. It keeps the IPC namespace of that
 * box, and so the box, as an open file of /proc/PID/ns/ipc does. The kernel keeps the
 * module while a file is open.
 *
 * This is not a miscellaneous device: opening one of those holds a lock of them all
 * (misc_open()), and to open a file here can take long, as it may make a box.
 */
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/poll.h>

#include "access.h"
#include "boxes.h"
#include "compat.h"
#include "device.h"
#include "failures.h"
#include "msgbox.h"
#include "trace.h"

static int device_open(struct inode *inode, struct file *file)
{
	struct msgbox *box;

	if (((file->f_mode & FMODE_READ) && !access_allowed(ACCESS_GET)) ||
	    ((file->f_mode & FMODE_WRITE) && !access_allowed(ACCESS_PUT)))
		return -EACCES;
	box = msgbox_make_for_caller();
	if (!box)
		return -ENOMEM;
	msgbox_hold_namespace(box);
	file->private_data = box;
	/* No position, and no lock of it: a read that waits must not hold up a write. */
	return stream_open(inode, file);
}

static int device_release(struct inode *inode, struct file *file)
{
	msgbox_put_namespace(file->private_data);
	return 0;
}

static long do_read(struct file *file, char __user *buf, size_t len)
{
	struct msgbox *box = file->private_data;

	if (!buf)
		return -EINVAL;
	if (file->f_flags & O_NONBLOCK)
		return msgbox_get(box, buf, len);
	return msgbox_get_waiting(box, buf, len);
}

static ssize_t device_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct msgbox *box = file->private_data;
	long ret = do_read(file, buf, len);

	if (ret < 0)
		failure_inc(box, MSGBOX_GET, ret);
	if (ret == -ENODATA)
		ret = -EAGAIN;
	if (trace_dm510_msgbox_get_enabled())
		trace_dm510_msgbox_get(len, ret, msgbox_count(box), true);
	return ret;
}

static long do_write(struct file *file, const char __user *buf, size_t len)
{
	struct msgbox *box = file->private_data;
	long ret;

	if (!buf)
		return -EINVAL;
	/* The kernel has cut what is longer. */
	if (len >= MAX_RW_COUNT)
		return -EMSGSIZE;
	if (!(file->f_flags & O_NONBLOCK))
		return msgbox_put_waiting(box, buf, len);
	ret = msgbox_put(box, buf, len);
	return ret == -EAGAIN && !msgbox_could_hold(len) ? -EMSGSIZE : ret;
}

static ssize_t device_write(struct file *file, const char __user *buf, size_t len,
			    loff_t *pos)
{
	struct msgbox *box = file->private_data;
	long ret = do_write(file, buf, len);

	if (ret < 0)
		failure_inc(box, MSGBOX_PUT, ret);
	else
		ret = len;
	if (trace_dm510_msgbox_put_enabled())
		trace_dm510_msgbox_put(len, ret, msgbox_count(box), true);
	return ret;
}

static __poll_t device_poll(struct file *file, poll_table *table)
{
	__poll_t events = msgbox_poll(file->private_data, file, table);

	if (!(file->f_mode & FMODE_READ))
		events &= ~(EPOLLIN | EPOLLRDNORM);
	if (!(file->f_mode & FMODE_WRITE))
		events &= ~(EPOLLOUT | EPOLLWRNORM);
	return events;
}

static const struct file_operations device_operations = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.read = device_read,
	.write = device_write,
	.poll = device_poll,
};

/* The kernel makes the node in /dev with this mode. */
static char *node_mode(DEVNODE_DEVICE *device, umode_t *mode)
{
	if (mode)
		*mode = 0666;
	return NULL;
}

static struct class device_class = {
	.name = KBUILD_MODNAME,
	.devnode = node_mode,
};

static struct cdev cdev;
static dev_t number;

static int create_node(void)
{
	struct device *device;
	int err = class_register(&device_class);

	if (err)
		return err;
	device = device_create(&device_class, NULL, number, NULL, KBUILD_MODNAME);
	if (!IS_ERR(device))
		return 0;
	class_unregister(&device_class);
	return PTR_ERR(device);
}

static void remove_node(void)
{
	device_destroy(&device_class, number);
	class_unregister(&device_class);
}

/**
 * msgbox_device_create() - create the device
 *
 * Files of it can be opened before this function returns, but not if it fails.
 *
 * Context: Process context. May sleep.
 *
 * Return: 0, or a negative errno.
 */
int msgbox_device_create(void)
{
	int err = alloc_chrdev_region(&number, 0, 1, KBUILD_MODNAME);

	if (err)
		return err;
	err = create_node();
	if (err)
		goto unregister;
	cdev_init(&cdev, &device_operations);
	cdev.owner = THIS_MODULE;
	err = cdev_add(&cdev, number, 1);
	if (!err)
		return 0;
	remove_node();
unregister:
	unregister_chrdev_region(number, 1);
	return err;
}

/**
 * msgbox_device_remove() - remove the device
 *
 * No file of it is open: an open file keeps the module.
 *
 * Context: Process context. May sleep.
 */
void msgbox_device_remove(void)
{
	cdev_del(&cdev);
	remove_node();
	unregister_chrdev_region(number, 1);
}

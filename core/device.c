// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/dm510_msgbox: read(2) is a get that waits for a message, write(2) a put that waits
 * for room. The contract is in uapi/linux/dm510_msgbox.h.
 *
 * A file is for the box of the process that opened it. It holds the IPC namespace of that
 * box, as an open file of /proc/PID/ns/ipc does, and the box lives as long as that. The
 * kernel keeps the module while a file is open.
 *
 * Opening makes no box, which can take long: the kernel holds a lock of all miscellaneous
 * devices meanwhile (misc_open()). The first write, poll or blocking read does.
 */
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/ipc_namespace.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "access.h"
#include "boxes.h"
#include "compat.h"
#include "device.h"
#include "failures.h"
#include "msgbox.h"
#include "trace.h"

/**
 * struct device_file - an open file of the device
 * @ns: the IPC namespace whose box it is for
 * @not_polled: whether a poll had no memory for the box, so that it is in no queue
 */
struct device_file {
	struct ipc_namespace *ns;
	bool not_polled;
};

static int device_open(struct inode *inode, struct file *file)
{
	struct device_file *opened;

	if (((file->f_mode & FMODE_READ) && !access_allowed(ACCESS_GET)) ||
	    ((file->f_mode & FMODE_WRITE) && !access_allowed(ACCESS_PUT)))
		return -EACCES;
	/* Not charged to the memory cgroup, because of the lock: a full one takes long. */
	opened = kzalloc(sizeof(*opened), GFP_KERNEL);
	if (!opened)
		return -ENOMEM;
	opened->ns = get_ipc_ns(current->nsproxy->ipc_ns);
	file->private_data = opened;
	/* No position, and no lock of it: a read that waits must not hold up a write. */
	return stream_open(inode, file);
}

static int device_release(struct inode *inode, struct file *file)
{
	struct device_file *opened = file->private_data;

	put_namespace(opened->ns);					/* N9 */
	kfree(opened);
	return 0;
}

/* The box, or NULL if there is none yet. */
static struct msgbox *box_of(struct file *file)
{
	struct device_file *opened = file->private_data;

	return msgbox_of_namespace(opened->ns);
}

/* The box, or NULL if there is no memory for it. */
static struct msgbox *make_box_of(struct file *file)
{
	struct device_file *opened = file->private_data;

	return msgbox_make(opened->ns);
}

static long do_read(struct file *file, char __user *buf, size_t len)
{
	struct msgbox *box;

	if (!buf)
		return -EINVAL;
	if (file->f_flags & O_NONBLOCK) {
		box = box_of(file);
		return box ? msgbox_get(box, buf, len) : -ENODATA;
	}
	box = make_box_of(file);
	return box ? msgbox_get_waiting(box, buf, len) : -EADDRNOTAVAIL;
}

static ssize_t device_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	long ret = do_read(file, buf, len);

	if (ret < 0)
		failure_inc(box_of(file), MSGBOX_GET, ret);
	if (ret == -ENODATA)
		ret = -EAGAIN;
	if (trace_dm510_msgbox_get_enabled())
		trace_dm510_msgbox_get(len, ret, msgbox_count(box_of(file)), true);
	return ret;
}

static long do_write(struct file *file, const char __user *buf, size_t len)
{
	struct msgbox *box = box_of(file);
	long ret;

	if (!buf)
		return -EINVAL;
	/* The kernel has cut what is longer. No box is made for what would never fit. */
	if (len >= MAX_RW_COUNT || (!box && !msgbox_could_hold(len)))
		return -EMSGSIZE;
	if (!box)
		box = make_box_of(file);
	if (!box)
		return -EADDRNOTAVAIL;
	if (!(file->f_flags & O_NONBLOCK))
		return msgbox_put_waiting(box, buf, len);
	ret = msgbox_put(box, buf, len);
	return ret == -EAGAIN && !msgbox_could_hold(len) ? -EMSGSIZE : ret;
}

static ssize_t device_write(struct file *file, const char __user *buf, size_t len,
			    loff_t *pos)
{
	long ret = do_write(file, buf, len);

	if (ret < 0)
		failure_inc(box_of(file), MSGBOX_PUT, ret);
	else
		ret = len;
	if (trace_dm510_msgbox_put_enabled())
		trace_dm510_msgbox_put(len, ret, msgbox_count(box_of(file)), true);
	return ret;
}

/*
 * Without memory for the box the caller gets into no queue. An epoll does not come back for
 * that, and would miss what is put later, so such a file reports the error for good.
 */
static __poll_t device_poll(struct file *file, poll_table *table)
{
	struct device_file *opened = file->private_data;
	struct msgbox *box = READ_ONCE(opened->not_polled) ? NULL : make_box_of(file);
	__poll_t events;

	if (!box) {
		WRITE_ONCE(opened->not_polled, true);
		return EPOLLERR;
	}
	events = msgbox_poll(box, file, table);
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

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = KBUILD_MODNAME,
	.fops = &device_operations,
	.mode = 0666,
};

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
	return misc_register(&device);
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
	misc_deregister(&device);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/dm510_msgbox. Each file holds one decimal number. The figures are those of
 * the box of the process that reads them, and 0 if its IPC namespace has no box. Everyone
 * can read all but `boxes`.
 *
 *	count	messages in the box
 *	bytes	length of the messages in the box, in bytes
 *	memory	kernel memory that the box holds, in bytes; limited by max_bytes
 *	pending	kernel memory that puts in progress hold, in bytes; limited by
 *		max_pending_bytes
 *	puts	messages put since the box was made
 *	gets	messages taken since the box was made
 *	waiting	read(2) calls of the device that are asleep, waiting for a message
 *
 *	put_einval, put_eacces, put_emsgsize, put_eagain, put_eaddrnotavail, put_efault,
 *	get_einval, get_eacces, get_enodata, get_emsgsize, get_eaddrnotavail, get_efault
 *		calls that failed with this error since the box was made, by system call
 *		or by the device (where a read that finds the box empty and must not wait
 *		counts as get_enodata)
 *
 *	boxes	boxes that exist; for root in the initial IPC namespace only
 */
#include <linux/errno.h>
#include <linux/kobject.h>
#include <linux/sysfs.h>

#include "boxes.h"
#include "failures.h"
#include "msgbox.h"
#include "sysfs.h"

static struct kobject *sysfs_dir;

#define STATS_FILE(name, value)						\
static ssize_t name##_show(struct kobject *kobj,			\
			   struct kobj_attribute *attr, char *buf)	\
{									\
	struct msgbox *box = msgbox_of_caller();			\
	struct msgbox_stats stats = {};					\
									\
	if (box)							\
		msgbox_read_stats(box, &stats);				\
	return sysfs_emit(buf, "%llu\n", (u64)(value));			\
}									\
static struct kobj_attribute name##_file = __ATTR_RO(name)

STATS_FILE(count, stats.puts - stats.gets);
STATS_FILE(bytes, stats.bytes);
STATS_FILE(memory, stats.memory);
STATS_FILE(pending, stats.pending);
STATS_FILE(puts, stats.puts);
STATS_FILE(gets, stats.gets);
STATS_FILE(waiting, stats.waiting);

/* The number tells what other namespaces do, so they must not read it. */
static ssize_t boxes_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	if (current->nsproxy->ipc_ns != initial_namespace)
		return -EPERM;
	return sysfs_emit(buf, "%u\n", msgboxes_count());
}

static struct kobj_attribute boxes_file = __ATTR_RO_MODE(boxes, 0400);

struct failure_file {
	struct kobj_attribute attribute;
	enum msgbox_call call;
	int error;
};

static ssize_t failure_show(struct kobject *kobj,
			    struct kobj_attribute *attribute, char *buf)
{
	struct failure_file *file =
		container_of(attribute, struct failure_file, attribute);

	return sysfs_emit(buf, "%lu\n",
			  failure_count(msgbox_of_caller(), file->call, -file->error));
}

#define FAILURE_FILE(name, which, err)					\
static struct failure_file name##_file = {				\
	.attribute = __ATTR(name, 0444, failure_show, NULL),		\
	.call = which,							\
	.error = err,							\
}

FAILURE_FILE(put_einval, MSGBOX_PUT, EINVAL);
FAILURE_FILE(put_eacces, MSGBOX_PUT, EACCES);
FAILURE_FILE(put_emsgsize, MSGBOX_PUT, EMSGSIZE);
FAILURE_FILE(put_eagain, MSGBOX_PUT, EAGAIN);
FAILURE_FILE(put_eaddrnotavail, MSGBOX_PUT, EADDRNOTAVAIL);
FAILURE_FILE(put_efault, MSGBOX_PUT, EFAULT);
FAILURE_FILE(get_einval, MSGBOX_GET, EINVAL);
FAILURE_FILE(get_eacces, MSGBOX_GET, EACCES);
FAILURE_FILE(get_enodata, MSGBOX_GET, ENODATA);
FAILURE_FILE(get_emsgsize, MSGBOX_GET, EMSGSIZE);
FAILURE_FILE(get_eaddrnotavail, MSGBOX_GET, EADDRNOTAVAIL);
FAILURE_FILE(get_efault, MSGBOX_GET, EFAULT);

static const struct attribute *sysfs_files[] = {
	&count_file.attr,
	&bytes_file.attr,
	&memory_file.attr,
	&pending_file.attr,
	&puts_file.attr,
	&gets_file.attr,
	&waiting_file.attr,
	&boxes_file.attr,
	&put_einval_file.attribute.attr,
	&put_eacces_file.attribute.attr,
	&put_emsgsize_file.attribute.attr,
	&put_eagain_file.attribute.attr,
	&put_eaddrnotavail_file.attribute.attr,
	&put_efault_file.attribute.attr,
	&get_einval_file.attribute.attr,
	&get_eacces_file.attribute.attr,
	&get_enodata_file.attribute.attr,
	&get_emsgsize_file.attribute.attr,
	&get_eaddrnotavail_file.attribute.attr,
	&get_efault_file.attribute.attr,
	NULL
};

/**
 * msgbox_sysfs_create() - create the sysfs files
 *
 * The boxes must live until msgbox_sysfs_remove().
 *
 * Context: Process context. May sleep.
 *
 * Return: 0, or a negative errno.
 */
int msgbox_sysfs_create(void)
{
	int err;

	sysfs_dir = kobject_create_and_add(KBUILD_MODNAME, kernel_kobj);
	if (!sysfs_dir)
		return -ENOMEM;
	err = sysfs_create_files(sysfs_dir, sysfs_files);
	if (err)
		kobject_put(sysfs_dir);
	return err;
}

/**
 * msgbox_sysfs_remove() - remove the sysfs files
 *
 * When it returns, no process reads the files any more.
 *
 * Context: Process context. May sleep.
 */
void msgbox_sysfs_remove(void)
{
	sysfs_remove_files(sysfs_dir, sysfs_files);
	kobject_put(sysfs_dir);
}

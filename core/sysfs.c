// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/dm510_msgbox, readable by everyone. Each file is one decimal
 * number:
 *
 *	count	messages in the box
 *	bytes	their length, in bytes
 *	memory	kernel memory that the box holds, in bytes: what max_bytes limits
 *	pending	kernel memory that puts in progress hold, in bytes: what
 *		max_pending_bytes limits
 *	puts	messages put since the module was loaded
 *	gets	messages taken since then
 *
 *	put_einval, put_emsgsize, put_eagain, put_eaddrnotavail, put_efault,
 *	get_einval, get_enodata, get_emsgsize, get_eaddrnotavail, get_efault
 *		calls that have failed with that error since then
 */
#include <linux/errno.h>
#include <linux/kobject.h>
#include <linux/sysfs.h>

#include "failures.h"
#include "msgbox.h"
#include "sysfs.h"

static struct kobject *directory;
static struct msgbox *shown;

#define STATS_FILE(name, value)						\
static ssize_t name##_show(struct kobject *kobj,			\
			   struct kobj_attribute *attr, char *buf)	\
{									\
	struct msgbox_stats stats;					\
									\
	msgbox_read_stats(shown, &stats);				\
	return sysfs_emit(buf, "%llu\n", (u64)(value));			\
}									\
static struct kobj_attribute name##_file = __ATTR_RO(name)

STATS_FILE(count, stats.puts - stats.gets);
STATS_FILE(bytes, stats.bytes);
STATS_FILE(memory, stats.memory);
STATS_FILE(pending, stats.pending);
STATS_FILE(puts, stats.puts);
STATS_FILE(gets, stats.gets);

struct failures_file {
	struct kobj_attribute attribute;
	enum msgbox_call call;
	int error;
};

static ssize_t failures_show(struct kobject *kobj,
			     struct kobj_attribute *attribute, char *buf)
{
	struct failures_file *file =
		container_of(attribute, struct failures_file, attribute);

	return sysfs_emit(buf, "%lu\n", failures_read(file->call, -file->error));
}

#define FAILURES_FILE(name, which, err)					\
static struct failures_file name##_file = {				\
	.attribute = __ATTR(name, 0444, failures_show, NULL),		\
	.call = which,							\
	.error = err,							\
}

FAILURES_FILE(put_einval, MSGBOX_PUT, EINVAL);
FAILURES_FILE(put_emsgsize, MSGBOX_PUT, EMSGSIZE);
FAILURES_FILE(put_eagain, MSGBOX_PUT, EAGAIN);
FAILURES_FILE(put_eaddrnotavail, MSGBOX_PUT, EADDRNOTAVAIL);
FAILURES_FILE(put_efault, MSGBOX_PUT, EFAULT);
FAILURES_FILE(get_einval, MSGBOX_GET, EINVAL);
FAILURES_FILE(get_enodata, MSGBOX_GET, ENODATA);
FAILURES_FILE(get_emsgsize, MSGBOX_GET, EMSGSIZE);
FAILURES_FILE(get_eaddrnotavail, MSGBOX_GET, EADDRNOTAVAIL);
FAILURES_FILE(get_efault, MSGBOX_GET, EFAULT);

static const struct attribute *files[] = {
	&count_file.attr,
	&bytes_file.attr,
	&memory_file.attr,
	&pending_file.attr,
	&puts_file.attr,
	&gets_file.attr,
	&put_einval_file.attribute.attr,
	&put_emsgsize_file.attribute.attr,
	&put_eagain_file.attribute.attr,
	&put_eaddrnotavail_file.attribute.attr,
	&put_efault_file.attribute.attr,
	&get_einval_file.attribute.attr,
	&get_enodata_file.attribute.attr,
	&get_emsgsize_file.attribute.attr,
	&get_eaddrnotavail_file.attribute.attr,
	&get_efault_file.attribute.attr,
	NULL
};

/**
 * msgbox_sysfs_create() - show a box in sysfs
 * @box: the box
 *
 * Context: Process context. May sleep.
 *
 * Return: 0, or a negative errno.
 */
int msgbox_sysfs_create(struct msgbox *box)
{
	int err;

	shown = box;
	directory = kobject_create_and_add(KBUILD_MODNAME, kernel_kobj);
	if (!directory)
		return -ENOMEM;
	err = sysfs_create_files(directory, files);
	if (err)
		kobject_put(directory);
	return err;
}

/**
 * msgbox_sysfs_remove() - undo msgbox_sysfs_create()
 *
 * On return nobody reads the files any more.
 *
 * Context: Process context. May sleep.
 */
void msgbox_sysfs_remove(void)
{
	sysfs_remove_files(directory, files);
	kobject_put(directory);
}

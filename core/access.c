// SPDX-License-Identifier: GPL-2.0
/*
 * Who may use a box: the parameters mode, uid and gid, and the check. As ipcperms() of
 * ipc/util.c does it for System V's queues.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/ipc_namespace.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/sysfs.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "access.h"
#include "boxes.h"

/*
 * Of all boxes. Here and below, a call can read a parameter while root changes it. No order is
 * needed, as root changes one parameter at a time: for an instant a call may see any of
 * several changes and not the others.
 */
unsigned int access_mode = ACCESS_MODE_ALL;

/* Of the initial namespace's box, as ids of the initial user namespace. */
static unsigned int owner_uid, owner_gid;

static int set_mode(const char *val, const struct kernel_param *kp)
{
	unsigned int mode;
	int err = kstrtouint(val, 8, &mode);

	if (err)
		return err;
	if (mode & ~ACCESS_MODE_ALL)
		return -EINVAL;
	WRITE_ONCE(access_mode, mode);
	return 0;
}

static int get_mode(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%04o\n", access_mode);
}

static const struct kernel_param_ops mode_ops = {
	.set = set_mode,
	.get = get_mode,
};

module_param_cb(mode, &mode_ops, NULL, 0644);
__MODULE_PARM_TYPE(mode, "octal");
MODULE_PARM_DESC(mode,
		 "access to the boxes, as a file's mode: read is get, write is put (octal, 0000 to 0666 without execute bits, default 0666)");

static int set_id(const char *val, const struct kernel_param *kp)
{
	unsigned int id;
	int err = kstrtouint(val, 0, &id);

	if (err)
		return err;
	if (id == (unsigned int)-1)	/* no user and no group has this id */
		return -EINVAL;
	WRITE_ONCE(*(unsigned int *)kp->arg, id);
	return 0;
}

static const struct kernel_param_ops id_ops = {
	.set = set_id,
	.get = param_get_uint,
};

module_param_cb(uid, &id_ops, &owner_uid, 0644);
__MODULE_PARM_TYPE(uid, "uint");
MODULE_PARM_DESC(uid, "owner of the initial IPC namespace's box, a user id (default 0)");

module_param_cb(gid, &id_ops, &owner_gid, 0644);
__MODULE_PARM_TYPE(gid, "uint");
MODULE_PARM_DESC(gid, "group of the initial IPC namespace's box, a group id (default 0)");

static kuid_t owner_of(struct ipc_namespace *ns)
{
	if (ns == initial_namespace)
		return make_kuid(&init_user_ns, READ_ONCE(owner_uid));
	return make_kuid(ns->user_ns, 0);
}

static kgid_t group_of(struct ipc_namespace *ns)
{
	if (ns == initial_namespace)
		return make_kgid(&init_user_ns, READ_ONCE(owner_gid));
	return make_kgid(ns->user_ns, 0);
}

/* The bits of the mode that count for the caller. */
static unsigned int class_of_caller(struct ipc_namespace *ns)
{
	if (uid_eq(current_euid(), owner_of(ns)))
		return 0700;
	return in_group_p(group_of(ns)) ? 0070 : 0007;
}

/**
 * access_allowed() - whether the caller may put into or get from its box
 * @needed: ACCESS_GET or ACCESS_PUT
 *
 * Context: Process context of a user's process. Does not sleep.
 *
 * Return: true if the mode allows it, or if the caller has CAP_IPC_OWNER in the user
 * namespace that owns its IPC namespace.
 */
bool access_allowed(unsigned int needed)
{
	struct ipc_namespace *ns = current->nsproxy->ipc_ns;

	/* To find the class of the caller takes about 65 instructions. */
	if (access_for_everyone())
		return true;
	return (READ_ONCE(access_mode) & class_of_caller(ns) & needed) ||
	       ns_capable(ns->user_ns, CAP_IPC_OWNER);
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * IPC namespaces, each of which has a box of its own. Entering one concerns the calling
 * thread alone.
 */
#ifndef SELFTESTS_NAMESPACE_H
#define SELFTESTS_NAMESPACE_H

#include <grp.h>
#include <sched.h>

#include "calls.h"
#include "device.h"
#include "sysfs.h"

/* The kernel's user and group without rights. */
#define NOBODY	65534

/* For a child, in which a failed EXPECT would not be reported. */
static inline bool is(const char *what, long expected, long found)
{
	if (found != expected)
		printf("# %s: expected %ld, found %ld\n", what, expected, found);
	return found == expected;
}

/* Returns a file descriptor of the thread's namespace, or the error, negative. */
static inline int this_namespace(void)
{
	int fd = open("/proc/thread-self/ns/ipc", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Returns 0, or the error as a negative number. */
static inline int enter_namespace(int fd)
{
	return setns(fd, CLONE_NEWIPC) ? -errno : 0;
}

/*
 * Leaves the thread's namespace for a new one. Returns 0, or the error as a negative
 * number. The kernel limits their number, and those that have ended count for a while.
 */
static inline int enter_new_namespace(void)
{
	int ret;

	comes_true(!(ret = unshare(CLONE_NEWIPC)) || errno != ENOSPC);
	return ret ? -errno : 0;
}

/* Makes a namespace and stays here. Returns its file descriptor, or the error. */
static inline int new_namespace(void)
{
	int here = this_namespace(), fd;

	if (here < 0 || enter_new_namespace())
		return -EPERM;
	fd = this_namespace();
	if (enter_namespace(here))
		abort();
	close(here);
	return fd;
}

/* Changes the ids of this process and drops all capabilities. Returns success. */
static inline bool become(uid_t uid, gid_t gid)
{
	return !setgroups(0, NULL) && !setresgid(gid, gid, gid) && !setresuid(uid, uid, uid);
}

/* Waits until so many boxes exist: a namespace ends some time after it was left. */
static inline bool boxes_become(long count)
{
	return comes_true(figure("boxes") == count) || is("boxes", count, figure("boxes"));
}

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * IPC namespaces, each of which has a box of its own. Entering one concerns the calling
 * thread alone.
 */
#ifndef SELFTESTS_NAMESPACE_H
#define SELFTESTS_NAMESPACE_H

#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

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

/* File descriptors of a user namespace and of an IPC namespace that it owns. */
struct users_namespaces {
	int user;
	int ipc;
};

/* A child that has made both. */
static inline pid_t fork_into_users_namespaces(uid_t maker)
{
	int ready[2], unused;
	pid_t pid;

	if (pipe(ready))
		return -1;
	pid = fork();
	if (!pid) {
		if (become(maker, maker) && !unshare(CLONE_NEWUSER | CLONE_NEWIPC))
			(void)!write(ready[1], "", 1);
		close(ready[1]);
		for (;;)
			pause();
	}
	close(ready[1]);
	/* Without user namespaces, the file that is opened next is not there. */
	if (pid < 0 || read(ready[0], &unused, 1) != 1)
		errno = EPERM;
	close(ready[0]);
	return pid;
}

static inline int open_namespace(const char *folder, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/ns/%s", folder, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/*
 * Has a process with this user and group id make both, with these maps. Returns 0, or the
 * number of the step that failed.
 */
static inline int make_users_namespaces(struct users_namespaces *made, uid_t maker,
					const char *uid_map, const char *gid_map)
{
	pid_t pid = fork_into_users_namespaces(maker);
	char folder[32];
	int step = 0;

	snprintf(folder, sizeof(folder), "/proc/%d", pid);
	made->ipc = open_namespace(folder, "ipc");
	made->user = open_namespace(folder, "user");
	if (made->ipc < 0 || made->user < 0)
		step = 1;
	else if (write_text(folder, "uid_map", uid_map))
		step = 2;
	else if (write_text(folder, "gid_map", gid_map))
		step = 3;
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return step;
}

/* Waits until so many boxes exist: a namespace ends some time after it was left. */
static inline bool boxes_become(long count)
{
	return comes_true(figure("boxes") == count) || is("boxes", count, figure("boxes"));
}

#endif

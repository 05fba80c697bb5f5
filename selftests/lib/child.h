/* SPDX-License-Identifier: GPL-2.0 */
/* Helpers that run a function in a child, and find another test program. */
#ifndef SELFTESTS_CHILD_H
#define SELFTESTS_CHILD_H

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch.h"

/*
 * Runs the function in a child, which exits with its result, as a failed EXPECT in a
 * child is not reported. Returns the child's wait status, or -1 if there is no child.
 */
static inline int status_of(int (*child)(long nr), long nr)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(child(nr));
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return status;
}

/* The path of another of these programs, which are all in one folder. */
static inline const char *path_beside(const char *program)
{
	static char path[PATH_MAX + NAME_MAX];
	char self[PATH_MAX] = "";

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		abort();
	snprintf(path, sizeof(path), "%s/%s", dirname(self), program);
	return path;
}

#endif

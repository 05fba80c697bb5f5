/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Helpers that run a function in a child, find another test program, and make a
 * system call with all six arguments in full width.
 */
#ifndef SELFTESTS_CHILD_H
#define SELFTESTS_CHILD_H

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* Returns what the kernel returned. syscall(2) need not pass all 64 bits of all six. */
static inline long raw(unsigned long nr, unsigned long arg1, unsigned long arg2,
		       unsigned long arg3, unsigned long arg4, unsigned long arg5,
		       unsigned long arg6)
{
	register unsigned long r10 asm("r10") = arg4;
	register unsigned long r8 asm("r8") = arg5;
	register unsigned long r9 asm("r9") = arg6;
	long ret;

	asm volatile("syscall"
		     : "=a" (ret)
		     : "a" (nr), "D" (arg1), "S" (arg2), "d" (arg3), "r" (r10), "r" (r8), "r" (r9)
		     : "rcx", "r11", "memory");
	return ret;
}

#endif

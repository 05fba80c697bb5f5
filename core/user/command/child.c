// SPDX-License-Identifier: GPL-2.0

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "command.h"
#include "signals.h"
#include "write.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL	8U	/* since Linux 6.3, which may insist on it */
#endif

/*
 * A file in memory with the message. Unlike a pipe, it needs nobody to feed it, and a program
 * that does not read it is no problem.
 */
static int message_file(const void *message, size_t length)
{
	struct iovec part = { (void *)message, length };
	int fd = memfd_create("message", MFD_CLOEXEC | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("message", MFD_CLOEXEC);
	if (fd < 0)
		return -1;
	if (write_all(fd, &part, 1) || lseek(fd, 0, SEEK_SET)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Returns 0 or an errno. */
static int spawn(pid_t *pid, char **argv, int input)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int error;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	signals_for_child(&attributes);
	error = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	if (!error)
		error = posix_spawnp(pid, argv[0], &actions, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

/*
 * Waits for the child. Signals from the terminal go to the child as well, so only the others
 * are passed on.
 */
static int wait_for_child(pid_t pid)
{
	/* Without a status the child counts as failed. */
	int status = 127 << 8, number;
	unsigned int passed = 0;

	signals_allow();
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
		number = signal_caught();
		if (signals_count() != passed && (number == SIGTERM || number == SIGHUP))
			kill(pid, number);
		passed = signals_count();
	}
	signals_hold();
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int run_child(char **argv, const void *message, size_t length, bool *started)
{
	int error, input = message_file(message, length);
	pid_t pid;

	*started = false;
	/* If it is ignored, as the parent may have left it, waitpid(2) has no status. */
	signal(SIGCHLD, SIG_DFL);
	if (input < 0) {
		complain("cannot make a file of the message: %s", strerror(errno));
		return 126;
	}
	error = spawn(&pid, argv, input);
	close(input);
	if (error) {
		complain("cannot run %s: %s", argv[0], strerror(error));
		return error == ENOENT ? 127 : 126;
	}
	*started = true;
	return wait_for_child(pid);
}

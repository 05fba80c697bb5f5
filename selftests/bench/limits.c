// SPDX-License-Identifier: GPL-2.0
/* Raises the limits of the peers as far as root can. */
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench.h"
#include "report.h"

static void write_to(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		die("cannot set %s", path);
	close(fd);
}

void raise_limits(void)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

	if (setrlimit(RLIMIT_MSGQUEUE, &unlimited))
		die("cannot raise RLIMIT_MSGQUEUE: not root?");
	write_to("/proc/sys/kernel/msgmax", "16777216");
	write_to("/proc/sys/kernel/msgmnb", "268435456");
	/* Root may exceed the sysctls of POSIX queues, pipes and sockets. */
}

// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "namespaces.h"

/* Files of the IPC namespaces, or 0 as long as there is only one. */
static int of_box, of_others;

static int current_namespace(void)
{
	int fd = open("/proc/self/ns/ipc", O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		die("/proc/self/ns/ipc");
	return fd;
}

void use_own_namespace(bool own_box)
{
	of_box = current_namespace();
	if (unshare(CLONE_NEWIPC))
		die("a new IPC namespace");
	of_others = current_namespace();
	if (own_box)
		of_box = of_others;
}

void enter_namespace_of(const struct peer *peer)
{
	if (of_others && setns(is_box(peer) ? of_box : of_others, CLONE_NEWIPC))
		die("entering the IPC namespace of %s", peer->name);
}

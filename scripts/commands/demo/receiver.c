// SPDX-License-Identifier: GPL-2.0
/* receiver COUNT [ROOM]: gets COUNT messages, with a buffer of ROOM bytes */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/syscall.h>
#include "numbers.h"

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 0;
	int room = argc > 2 ? atoi(argv[2]) : 4096;
	char *buf;

	if (count < 1 || room < 0 || argc > 3) {
		fprintf(stderr, "usage: receiver COUNT [ROOM]: gets COUNT messages\n");
		return 2;
	}
	buf = malloc(room + 1);
	while (buf && count--) {
		long ret = syscall(get_nr, buf, room);

		if (ret < 0) {
			printf("receiver, process %d: get with room for %d bytes: %s\n",
			       getpid(), room, strerrorname_np(errno));
			return 1;
		}
		printf("receiver, process %d: got \"%.*s\", %ld bytes\n", getpid(),
		       (int)ret, buf, ret);
	}
	return buf ? 0 : 1;
}

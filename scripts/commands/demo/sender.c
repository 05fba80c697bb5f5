// SPDX-License-Identifier: GPL-2.0
/* sender MESSAGE...: puts each message into the box */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/syscall.h>
#include "numbers.h"

int main(int argc, char **argv)
{
	int i;

	if (argc < 2) {
		fprintf(stderr, "usage: sender MESSAGE...: puts each message into the box\n");
		return 2;
	}
	for (i = 1; i < argc; i++) {
		long ret = syscall(put_nr, argv[i], strlen(argv[i]));

		if (ret < 0) {
			printf("sender, process %d: put \"%s\": %s\n", getpid(), argv[i],
			       strerrorname_np(errno));
			return 1;
		}
		printf("sender, process %d: put \"%s\"\n", getpid(), argv[i]);
	}
	return 0;
}

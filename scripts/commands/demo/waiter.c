// SPDX-License-Identifier: GPL-2.0
/* waiter COUNT: waits for COUNT messages and takes them, with /dev/dm510_msgbox */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int count = argc == 2 ? atoi(argv[1]) : 0;
	static char buf[4096];
	int box;

	if (count < 1) {
		fprintf(stderr, "usage: waiter COUNT: waits for COUNT messages\n");
		return 2;
	}
	box = open("/dev/dm510_msgbox", O_RDONLY);
	if (box < 0) {
		perror("waiter: /dev/dm510_msgbox");
		return 1;
	}
	while (count--) {
		ssize_t len = read(box, buf, sizeof(buf));

		if (len < 0) {
			perror("waiter: read");
			return 1;
		}
		printf("waiter, process %d: got \"%.*s\", %zd bytes\n", getpid(),
		       (int)len, buf, len);
		fflush(stdout);
	}
	return 0;
}

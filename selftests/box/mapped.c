// SPDX-License-Identifier: GPL-2.0
/*
 * For scripts: makes a call with the memory of a mapped file.
 *
 *	mapped FILE put|get LEN
 *
 * Prints the result of the call.
 */
#include "calls.h"

int main(int argc, char **argv)
{
	char *buf;
	long ret;
	int fd, len;

	if (argc != 4 || (strcmp(argv[2], "put") && strcmp(argv[2], "get"))) {
		fputs("usage: mapped FILE put|get LEN\n", stderr);
		return 2;
	}
	len = atoi(argv[3]);
	fd = open(argv[1], O_RDWR);
	buf = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd < 0 || buf == MAP_FAILED) {
		perror(argv[1]);
		return 1;
	}
	ret = strcmp(argv[2], "put") ? get(buf, len) : put(buf, len);
	print_reply(ret);
	return 0;
}

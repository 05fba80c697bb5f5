// SPDX-License-Identifier: GPL-2.0
/*
 * For scripts: makes one call and prints what it returned.
 *
 *	call put TEXT	0, or the error's name
 *	call get	the message, or the error's name
 */
#include "calls.h"

int main(int argc, char **argv)
{
	static char buf[PAGE];
	long ret;

	if (argc == 3 && !strcmp(argv[1], "put")) {
		ret = put(argv[2], strlen(argv[2]) + 1);
	} else if (argc == 2 && !strcmp(argv[1], "get")) {
		ret = get(buf, sizeof(buf) - 1);
	} else {
		fprintf(stderr, "usage: call put TEXT | call get\n");
		return 2;
	}
	if (ret < 0)
		puts(strerrorname_np(-ret));
	else if (argc == 3)
		printf("%ld\n", ret);
	else
		puts(buf);
	return 0;
}

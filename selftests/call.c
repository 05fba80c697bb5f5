// SPDX-License-Identifier: GPL-2.0
/*
 * For scripts: makes one call and prints what it returned.
 *
 *	call put TEXT	0, or the error's name
 *	call get	the message, or the error's name
 *	call number NR [ARGUMENT...]	what the system call of that number
 *			returned with these numbers, or the error's name
 */
#include "calls.h"

/* The number and the most arguments that there can be. */
#define MOST_WORDS	7

/* 0 for the arguments that are not given. */
static long call_number(char **words)
{
	unsigned long word[MOST_WORDS] = {};
	long ret;

	for (int i = 0; words[i] && i < MOST_WORDS; i++)
		word[i] = strtoul(words[i], NULL, 0);
	ret = syscall(word[0], word[1], word[2], word[3], word[4], word[5], word[6]);
	return ret == -1 ? -errno : ret;
}

int main(int argc, char **argv)
{
	static char buf[PAGE];
	long ret;

	if (argc == 3 && !strcmp(argv[1], "put")) {
		ret = put(argv[2], strlen(argv[2]) + 1);
	} else if (argc == 2 && !strcmp(argv[1], "get")) {
		ret = get(buf, sizeof(buf) - 1);
	} else if (argc >= 3 && !strcmp(argv[1], "number")) {
		ret = call_number(argv + 2);
	} else {
		fprintf(stderr, "usage: call put TEXT | call get | call number NR [ARGUMENT...]\n");
		return 2;
	}
	if (ret < 0)
		puts(strerrorname_np(-ret));
	else if (argc == 2)
		puts(buf);
	else
		printf("%ld\n", ret);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * For scripts: makes one call and prints what it returned.
 *
 *	call put TEXT	0, or the error's name
 *	call get	the message, or the error's name
 *	call get LEN missing|there	that, to as many bytes in pages of their own,
 *			which are there or come when they are written
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

static long get_into(char **words, char **buf)
{
	long len = strtol(words[0], NULL, 0);

	*buf = map(len + 1, PROT_READ | PROT_WRITE);
	if (!strcmp(words[1], "there"))
		memset(*buf, 0, len);
	return get(*buf, len);
}

int main(int argc, char **argv)
{
	static char page[PAGE];
	char *buf = page;
	long ret;

	if (argc == 3 && !strcmp(argv[1], "put")) {
		ret = put(argv[2], strlen(argv[2]) + 1);
	} else if (argc == 2 && !strcmp(argv[1], "get")) {
		ret = get(buf, sizeof(page) - 1);
	} else if (argc == 4 && !strcmp(argv[1], "get")) {
		ret = get_into(argv + 2, &buf);
	} else if (argc >= 3 && !strcmp(argv[1], "number")) {
		ret = call_number(argv + 2);
	} else {
		fputs("usage: call put TEXT\n"
		      "       call get [LEN missing|there]\n"
		      "       call number NR [ARGUMENT...]\n", stderr);
		return 2;
	}
	if (ret >= 0 && !strcmp(argv[1], "get"))
		puts(buf);
	else
		print_reply(ret);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * For scripts: makes one call and prints its result, or the error's name.
 *
 *	call put TEXT			prints 0
 *	call get			prints the message
 *	call get LEN missing|there	the same, with LEN bytes of new memory, whose
 *					pages are missing or present
 *	call number NR [ARGUMENT...]	makes the system call NR, prints its result
 *	call as ID ...			the same, as this user and group, without rights
 */
#include <grp.h>

#include "calls.h"

/* A system call's number and its six arguments. */
#define WORDS_MAX	7

/* Arguments that are not given are 0. */
static long call_number(char **words)
{
	unsigned long word[WORDS_MAX] = {};
	long ret;

	for (int i = 0; words[i] && i < WORDS_MAX; i++)
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

static void become(unsigned int id)
{
	if (setgroups(0, NULL) || setresgid(id, id, id) || setresuid(id, id, id)) {
		perror("call as");
		exit(1);
	}
}

int main(int argc, char **argv)
{
	static char page[4 * KIB];
	char *buf = page;
	long ret;

	if (argc > 3 && !strcmp(argv[1], "as")) {
		become(strtoul(argv[2], NULL, 0));
		argc -= 2;
		argv += 2;
	}
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
		      "       call number NR [ARGUMENT...]\n"
		      "       call as ID ...\n", stderr);
		return 2;
	}
	if (ret >= 0 && !strcmp(argv[1], "get"))
		puts(buf);
	else
		print_reply(ret);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * A 32-bit program for compat.c: makes calls in one of the ways that 32-bit
 * programs have, and writes what they returned. It has no C library: what it
 * is made of is on any machine that compiles 64-bit programs.
 *
 *	caller32 int80|vdso|sysenter|syscall PUT_NR GET_NR
 */
#include "caller32.h"

#define NR_EXIT		1
#define NR_WRITE	4
#define NR_GETPID	20
#define AT_SYSINFO	32

static void (*way)(void) = by_int80;
static char buf[ROOM];

static int call(int nr, int arg1, int arg2, int arg3, int arg4, int arg5)
{
	int ret;

	asm volatile("calll *%[way]"
		     : "=a" (ret)
		     : [way] "m" (way), "a" (nr), "b" (arg1), "c" (arg2), "d" (arg3), "S" (arg4),
		       "D" (arg5)
		     : "memory", "cc");
	return ret;
}

/*
 * The last two stand where a 64-bit program has its first two: whoever takes
 * this caller for one finds good arguments, too.
 */
static int call_with(int nr, void *at, int len)
{
	return call(nr, (int)at, len, 0, len, (int)at);
}

static void exit(int status)
{
	way = by_int80;
	call(NR_EXIT, status, 0, 0, 0, 0);
}

static int number(const char *text)
{
	int n = 0;

	while (*text)
		n = n * 10 + *text++ - '0';
	return n;
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* In the auxiliary vector, which lies behind the environment. */
static void (*by_vdso(char **argv_end))(void)
{
	char **at = argv_end + 1;
	int *auxiliary;

	while (*at)
		at++;
	for (auxiliary = (int *)(at + 1); *auxiliary; auxiliary += 2)
		if (*auxiliary == AT_SYSINFO)
			return (void (*)(void))auxiliary[1];
	return 0;
}

static void (*way_named(const char *name, char **argv_end))(void)
{
	if (same(name, "int80"))
		return by_int80;
	if (same(name, "sysenter"))
		return by_sysenter;
	if (same(name, "syscall"))
		return by_syscall;
	return by_vdso(argv_end);
}

void caller32_main(int argc, char **argv)
{
	struct replies replies;
	int put_nr = number(argv[2]), get_nr = number(argv[3]);

	way = way_named(argv[1], argv + argc);
	if (!way)
		exit(2);
	replies.getpid = call(NR_GETPID, 0, 0, 0, 0, 0);
	replies.put = call_with(put_nr, "from 32 bits", 13);
	replies.get = call_with(get_nr, buf, sizeof(buf));
	replies.put_null = call_with(put_nr, 0, 0);
	replies.get_null = call_with(get_nr, 0, 0);
	replies.written = 0;
	for (int i = 0; i < ROOM; i++)
		replies.written += !!buf[i];

	way = by_int80;
	call(NR_WRITE, 1, (int)&replies, sizeof(replies), 0, 0);
	exit(0);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * A 32-bit program for compat.c. It makes the calls through one of the entries for
 * 32-bit programs and writes their results. It uses no C library, so it builds
 * wherever 64-bit programs build.
 *
 *	caller32 int80|vdso|sysenter|syscall PUT_NR GET_NR
 */
#include "caller32.h"

#define NR_EXIT		1
#define NR_READ		3
#define NR_WRITE	4
#define NR_OPEN		5
#define NR_GETPID	20
#define AT_SYSINFO	32

#define O_RDWR		02
#define O_NONBLOCK	04000

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
 * The last two arguments are in the registers of a 64-bit call's first two, so that
 * a call that is wrongly served as a 64-bit one would succeed.
 */
static int call_msgbox(int nr, void *at, int len)
{
	return call(nr, (int)at, len, 0, len, (int)at);
}

static void exit(int status)
{
	way = by_int80;
	call(NR_EXIT, status, 0, 0, 0, 0);
}

static int parse_number(const char *text)
{
	int n = 0;

	while (*text)
		n = n * 10 + *text++ - '0';
	return n;
}

static int equal(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* Reads AT_SYSINFO from the auxiliary vector, which follows the environment. */
static void (*find_vdso_entry(char **argv_end))(void)
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

static void (*find_way(const char *name, char **argv_end))(void)
{
	if (equal(name, "int80"))
		return by_int80;
	if (equal(name, "sysenter"))
		return by_sysenter;
	if (equal(name, "syscall"))
		return by_syscall;
	return find_vdso_entry(argv_end);
}

static void use_device(struct replies *replies)
{
	static const char message[] = "from 32 bits";
	int fd = call(NR_OPEN, (int)"/dev/dm510_msgbox", O_RDWR | O_NONBLOCK, 0, 0, 0);

	replies->device_write = call(NR_WRITE, fd, (int)message, sizeof(message), 0, 0);
	replies->device_read = call(NR_READ, fd, (int)buf, sizeof(buf), 0, 0);
	replies->read_right = equal(message, buf);
}

void caller32_main(int argc, char **argv)
{
	struct replies replies;
	int put_nr = parse_number(argv[2]), get_nr = parse_number(argv[3]);

	way = find_way(argv[1], argv + argc);
	if (!way)
		exit(2);
	replies.getpid = call(NR_GETPID, 0, 0, 0, 0, 0);
	replies.put = call_msgbox(put_nr, "from 32 bits", 13);
	replies.get = call_msgbox(get_nr, buf, sizeof(buf));
	replies.put_null = call_msgbox(put_nr, 0, 0);
	replies.get_null = call_msgbox(get_nr, 0, 0);
	replies.written = 0;
	for (int i = 0; i < ROOM; i++)
		replies.written += !!buf[i];
	use_device(&replies);

	way = by_int80;
	call(NR_WRITE, 1, (int)&replies, sizeof(replies), 0, 0);
	exit(0);
}

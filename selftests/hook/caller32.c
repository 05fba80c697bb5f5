// SPDX-License-Identifier: GPL-2.0
/*
 * A 32-bit program for compat.c. It makes the calls through one of the entries for
 * 32-bit programs and writes their results. It uses no C library, so it builds
 * wherever 64-bit programs build.
 *
 *	caller32 WAY PUT_NR GET_NR
 */
#include "caller32.h"

#define NR_EXIT		1
#define NR_READ		3
#define NR_WRITE	4
#define NR_OPEN		5
#define NR_GETPID	20
#define NR_FCHMODAT2	452

#define AT_FDCWD	(-100)
#define O_RDWR		02
#define O_NONBLOCK	04000

static int equal(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

#include "caller32_ways.h"

static char buf[ROOM];

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
	use_plain_way();
	call(NR_EXIT, status, 0, 0, 0, 0);
}

static int parse_number(const char *text)
{
	int n = 0;

	while (*text)
		n = n * 10 + *text++ - '0';
	return n;
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

	if (!choose_way(argv[1], argv + argc))
		exit(2);
	replies.getpid = call(NR_GETPID, 0, 0, 0, 0, 0);
	replies.put = call_msgbox(put_nr, "from 32 bits", 13);
	replies.get = call_msgbox(get_nr, buf, sizeof(buf));
	replies.put_null = call_msgbox(put_nr, 0, 0);
	replies.get_null = call_msgbox(get_nr, 0, 0);
	replies.written = 0;
	for (int i = 0; i < ROOM; i++)
		replies.written += !!buf[i];
	replies.fchmodat2 = call(NR_FCHMODAT2, AT_FDCWD, (int)"/nowhere", 0, 0, 0);
	use_device(&replies);

	use_plain_way();
	call(NR_WRITE, 1, (int)&replies, sizeof(replies), 0, 0);
	exit(0);
}

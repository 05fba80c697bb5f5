/* SPDX-License-Identifier: GPL-2.0 */
/* What caller32 tells compat.c: an int is the same for both. And its own ways. */
#ifndef SELFTESTS_CALLER32_H
#define SELFTESTS_CALLER32_H

#define ROOM	64

struct replies {
	int getpid;
	int put;
	int get;
	int put_null;
	int get_null;
	/* Bytes of the buffer that a get has changed. */
	int written;
};

/* caller32_ways.S */
void by_int80(void);
void by_sysenter(void);
void by_syscall(void);

#endif

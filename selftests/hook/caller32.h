/* SPDX-License-Identifier: GPL-2.0 */
/* The results that caller32 sends to compat.c, and the entries that caller32 uses. */
#ifndef SELFTESTS_CALLER32_H
#define SELFTESTS_CALLER32_H

#define ROOM	64

struct replies {
	int getpid;
	int put;
	int get;
	int put_null;
	int get_null;
	/* The number of bytes of the buffer that a get has changed. */
	int written;
	/* By the device. */
	int device_write;
	int device_read;
	int read_right;
};

/* caller32_ways.S */
void by_int80(void);
void by_sysenter(void);
void by_syscall(void);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* The results that caller32 sends to compat.c. */
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
	/* Of 452 with the arguments of fchmodat2 for a file that does not exist. */
	int fchmodat2;
	/* By the device. */
	int device_write;
	int device_read;
	int read_right;
};

#endif

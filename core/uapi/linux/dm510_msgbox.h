/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Two system calls on a box of messages that all processes share, last in,
 * first out. Kernel module and programs include this same file.
 *
 *	long syscall(__NR_dm510_msgbox_put, const char *buf, int len);
 *	long syscall(__NR_dm510_msgbox_get, char *buf, int len);
 *
 * put copies len bytes from buf, whatever they are, and lays them on top of
 * the box as one message; len 0 is a message like any other. It returns 0.
 *
 * get takes the message that is on top, writes it to buf and returns its
 * length in bytes; len is the room there is at buf. Nothing beyond the
 * message's length is written.
 *
 * Errors, in the order in which they are checked (syscall(2) returns -1 and
 * leaves them in errno). A call that fails leaves the box as it was, and
 * where several calls run at once, each takes effect at one instant between
 * its start and its return.
 *
 *	ENOSYS		put: buf is a file descriptor rather than an address (see
 *			below)
 *	EINVAL		buf is NULL, or len is negative
 *	ENODATA		get: the box is empty
 *	EMSGSIZE	get: buf is shorter than the message on top, which stays;
 *			put: len is above the largest message allowed
 *	EAGAIN		put: the box is full, or puts in progress hold too much
 *			memory: no put takes more than a quarter of
 *			max_pending_bytes
 *	EADDRNOTAVAIL	put: there is no kernel memory for the message, or the
 *			caller's memory cgroup does not allow it; get: none to
 *			deliver a message larger than 64 KiB, which stays
 *	EFAULT		a byte of the message cannot be read (put), or not be
 *			written to buf (get): the message has not been put, or is
 *			still in the box. get: also if the message is larger than
 *			8 KiB and buf is memory that the kernel cannot pin (a
 *			device's, or memfd_secret()'s)
 *	ENOSYS		the module is not loaded, or is just being unloaded; or
 *			the caller is an x32 one, or a 32-bit one, whose numbers
 *			are others (they may be other calls of the kernel's)
 *
 * A put from 1 to 4095 or -4095 to -1, as an int that is extended to 64 bits with
 * its sign or with zeros, is taken for the call that later kernels have at 452,
 * fchmodat2. C libraries try it and fall back on ENOSYS alone. So the last 4095
 * bytes below 4 GiB, which no program has unless it asks for them by address, are
 * no place for a message to begin.
 *
 * len is an int: what stands above bit 31 of the register does not count.
 * Whether buf is good is asked only of the bytes that are copied.
 *
 * Neither call waits for another call. A call may sleep only to bring in the
 * caller's own memory, which can take for ever (userfaultfd, a dead FUSE server),
 * or to find kernel memory; it holds no lock then. A signal with a handler does
 * not end that sleep (there is no EINTR), a fatal one does.
 */
#ifndef _UAPI_LINUX_DM510_MSGBOX_H
#define _UAPI_LINUX_DM510_MSGBOX_H

/*
 * Where the kernel has calls of its own under these (Linux 6.6 and later), the
 * module is loaded with others, and /sys/module/dm510_msgbox/parameters/put_nr
 * and get_nr say which.
 */
#define __NR_dm510_msgbox_put	452
#define __NR_dm510_msgbox_get	453

#endif /* _UAPI_LINUX_DM510_MSGBOX_H */

/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Two system calls on a box of messages that all processes share. The box is last in,
 * first out. The kernel module and programs include this same file.
 *
 *	long syscall(__NR_dm510_msgbox_put, const char *buf, int len);
 *	long syscall(__NR_dm510_msgbox_get, char *buf, int len);
 *
 * put copies len bytes from buf and puts them on top of the box as one message. The
 * bytes can have any values, and len can be 0. put returns 0.
 *
 * get takes the message on top of the box, writes it to buf and returns its length in
 * bytes; len is the length of the buffer, in bytes. Nothing beyond the end of the message
 * is written.
 *
 * Errors are checked in the order below (syscall(2) returns -1 and sets errno). A call
 * that fails leaves the box unchanged. Calls can run at the same time: each takes effect
 * at one instant between its start and its return.
 *
 *	ENOSYS		put: buf is a file descriptor rather than an address (see
 *			below)
 *	EINVAL		buf is NULL, or len is negative
 *	ENODATA		get: the box is empty
 *	EMSGSIZE	get: buf is shorter than the message on top, which stays;
 *			put: len is larger than the largest message allowed
 *	EAGAIN		put: the box is full, or puts in progress hold too much
 *			memory: no message may need more than a quarter of
 *			max_pending_bytes
 *	EADDRNOTAVAIL	put: there is no kernel memory for the message, or the
 *			caller's memory cgroup does not allow it; get: there is no
 *			kernel memory to deliver a message larger than 64 KiB,
 *			which stays
 *	EFAULT		put: a byte of the message cannot be read; the message has not
 *			been put. get: a byte of buf cannot be written, or the message
 *			is larger than 8 KiB and buf is memory that the kernel cannot
 *			pin (a device's, or memfd_secret()'s); the message stays
 *
 * ENOSYS, at any point, if the module is not loaded or is being unloaded, and for x32 and
 * 32-bit programs. 32-bit programs use a different call table, in which these numbers may
 * belong to other system calls.
 *
 * Later kernels have fchmodat2 at 452. C libraries try that call and fall back only on
 * ENOSYS. So a put with a buf from 1 to 4095 or from -4095 to -1, as an int that is
 * sign-extended or zero-extended to 64 bits, is taken for fchmodat2. That includes the
 * last 4095 bytes below 4 GiB: a message cannot begin there. No program has memory there
 * unless it asks for it by address.
 *
 * len is an int: the bits of the register above bit 31 are ignored. Only the bytes that
 * are copied have to be readable or writable.
 *
 * Neither call sleeps until another call has been made or has ended. A call may sleep
 * only to fault in the caller's memory, which can take for ever (userfaultfd, a dead FUSE
 * server), or to allocate kernel memory, and holds no lock then. A signal with a handler
 * does not end the sleep (there is no EINTR); a fatal signal does.
 */
#ifndef _UAPI_LINUX_DM510_MSGBOX_H
#define _UAPI_LINUX_DM510_MSGBOX_H

/*
 * Where the kernel uses these numbers for system calls of its own (Linux 6.6 and later),
 * the module takes other numbers and shows them in
 * /sys/module/dm510_msgbox/parameters/put_nr and get_nr.
 */
#define __NR_dm510_msgbox_put	452
#define __NR_dm510_msgbox_get	453

#endif /* _UAPI_LINUX_DM510_MSGBOX_H */

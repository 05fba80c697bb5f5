/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Two system calls, and a device, on a box of messages. All processes of an IPC namespace
 * share one box; without containers, all processes of the machine. The box is last in,
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
 *	EACCES		the box's mode does not let the caller write (put) or read (get)
 *	ENODATA		get: the box is empty
 *	EMSGSIZE	get: buf is shorter than the message on top, which stays;
 *			put: len is larger than the largest message allowed
 *	EAGAIN		put: the box is full, or puts in progress hold too much
 *			memory: no message may need more than a quarter of
 *			max_pending_bytes
 *	EADDRNOTAVAIL	put: there is no kernel memory for the message, or for the
 *			box of a new namespace, or the caller's memory cgroup does not
 *			allow it; get: there is no kernel memory to deliver a message
 *			larger than 64 KiB, which stays
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
 * does not end the sleep (there is no EINTR); a fatal signal ends the sleep for a page.
 *
 * The box. The first put in an IPC namespace makes its box, and so does the first write, poll
 * or blocking read of the device's files that were opened there. It ends with the namespace.
 * Owner and mode are the module parameters uid, gid and mode. They are asked as for a
 * System V queue: the caller's effective uid, else its groups, else the others' bits
 * count, and CAP_IPC_OWNER in the namespace's user namespace may do all. In namespaces
 * other than the initial one, root of the namespace's user namespace is the owner.
 *
 * The device, /dev/dm510_msgbox, is for programs that wait:
 *
 *	open(2)		The file is for the box of the caller's IPC namespace, whoever uses
 *			the file later, and keeps that namespace with its box. O_RDONLY
 *			needs the right to get, O_WRONLY the right to put, O_RDWR both
 *			(EACCES); they are asked only here. ENOMEM: no kernel memory.
 *	read(2)		A get that waits while the box is empty. Returns the length of the
 *			message; 0 is a message of no bytes.
 *	write(2)	A put that waits while there is no room. Returns the length.
 *			EMSGSIZE also if there is no room and the message would not fit
 *			into an empty box, as it needs more than max_bytes or than a
 *			quarter of max_pending_bytes. EAGAIN if 512 writes of the caller's
 *			user wait already. Users are told apart by a hash of 8 bits of the
 *			user ID, so two users may share the 512. Who is in a user namespace
 *			below that of the box counts as the user who made it, unless that
 *			is root.
 *	poll(2), select(2), epoll(7), io_uring
 *			POLLIN: the box is not empty. POLLOUT: there is room for any
 *			message of up to 8 KiB. Each only if the file is open for it.
 *			POLLERR: there was no memory for the box. From then on the file
 *			reports nothing else; open it again.
 *
 * Errors and their order are those of get and put, without the row for file descriptors,
 * but EAGAIN (not ENODATA) if the file has O_NONBLOCK and the call would have to wait, and
 * EADDRNOTAVAIL also for a blocking read if there is no memory for the box. A signal
 * with a handler ends a wait: EINTR, or the call starts again (SA_RESTART). The files have no
 * position: lseek(2) and pread(2) give ESPIPE. The kernel refuses a buffer outside of the
 * user's address space first (EFAULT). In readv(2) and writev(2) each buffer is a message of
 * its own, and the kernel may skip empty ones. 32-bit programs can use the device.
 *
 * A message wakes one read. If that one does not take the message, because it is killed,
 * its buffer is too short or its memory is missing, the next one is woken. When room
 * comes, the first write that has enough of it is woken.
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

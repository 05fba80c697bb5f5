/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libmsgbox: a box of messages, last in, first out. The box is the one of the kernel
 * module dm510_msgbox, for the processes of one machine, or a list on a Redis or Valkey
 * server, for several machines. libmsgbox(3) has examples.
 *
 * Functions that return an int return 0, or -1 with errno set. msgbox_error() then has a
 * text for people that fits the error, which strerror(3) does not always have.
 *
 * A handle can be used by several threads at once. After fork(2) the child must open a
 * handle of its own if the box is on a server.
 */
#ifndef MSGBOX_H
#define MSGBOX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct msgbox;

/* For msgbox_wait(): wait as long as it takes. */
#define MSGBOX_FOREVER	(-1)

/* The value of a figure that the box does not have. */
#define MSGBOX_UNKNOWN	UINT64_MAX

struct msgbox_figures {
	uint64_t count;			/* messages in the box */
	uint64_t bytes;			/* their length together */
	uint64_t memory;		/* bytes of kernel memory that the box holds */
	uint64_t pending;		/* bytes that puts in progress hold */
	uint64_t puts;			/* messages put so far */
	uint64_t gets;			/* messages taken so far */
	uint64_t waiting;		/* readers that wait for a message */
	uint64_t max_message_bytes;	/* limits, in bytes */
	uint64_t max_bytes;
	uint64_t max_pending_bytes;
};

/*
 * Opens the box that url names:
 *
 *	NULL, "" or "kernel:"	the box of the kernel module, of the caller's IPC namespace
 *	redis://[[USER]:PASSWORD@]HOST[:PORT]/KEY
 *	valkey://...		the same
 *	rediss://, valkeys://	the same with TLS
 *	redis+unix:///SOCKET?key=KEY, valkey+unix:///SOCKET?key=KEY
 *
 * A server's URL may end with ?OPTION=VALUE&OPTION=VALUE. libmsgbox(3) lists the options.
 *
 * Returns NULL with errno set on error:
 *
 *	ENOSYS		the module is not loaded
 *	EINVAL		the URL is wrong
 *	EPROTONOSUPPORT	this libmsgbox was built without the kind of box
 *	ECONNREFUSED, ETIMEDOUT, ...
 *			the server cannot be reached
 *	EACCES		the server does not accept the password, or the user may not use
 *			the key
 *	ENOMEM		out of memory
 */
struct msgbox *msgbox_open(const char *url);

/* Closes the box and frees the handle. NULL is allowed. Keeps errno. */
void msgbox_close(struct msgbox *box);

/*
 * Puts length bytes on top of the box as one message. length may be 0. Does not wait for
 * room.
 *
 * The errors of msgbox_put(), msgbox_get() and msgbox_wait():
 *
 *	ENOSYS		the module is not loaded
 *	EINVAL		message or buffer is NULL; timeout_ms is below MSGBOX_FOREVER; a box on a
 *			server was opened before fork(2)
 *	EACCES		the caller may not put, or get
 *	ENODATA		get: the box is empty
 *	ETIMEDOUT	wait: the box was empty until the time was over; a server did not
 *			answer and the request has had no effect
 *	EMSGSIZE	put: the message is longer than allowed;
 *			get, wait: it is longer than the buffer, and it stays in the box
 *	EAGAIN		put: the box is full
 *	EADDRNOTAVAIL	there is no kernel memory for the message, or for the box
 *	EFAULT		a byte cannot be read, or written; the message stays
 *	EINTR		wait: a signal came
 *	EPERM		a seccomp filter does not allow the call, or the device cgroup does not
 *			allow the device
 *	ENOENT		wait: /dev/dm510_msgbox does not exist
 *
 * On a server also:
 *
 *	ECONNREFUSED, ECONNRESET, ...
 *			the server cannot be reached; the request has had no effect. wait gives
 *			them only when the time is over
 *	EINPROGRESS	the connection broke after the request had been sent, and the server
 *			could not be asked again. It is not known whether the message was put.
 *			If a message was taken, the next get or wait of this handle gives it,
 *			unless it comes too late or the server has lost its memory
 *	EROFS		the server is a read-only copy of another one. wait gives it only when
 *			the time is over, as the server can be the other one again
 *	EPROTO		the server gave an answer that this library does not understand,
 *			or refused the request; msgbox_error() has its words
 *	EEXIST		the key is not a list: it belongs to another program
 *	ENOMEM		this process, or the server, is out of memory
 */
int msgbox_put(struct msgbox *box, const void *message, size_t length);

/*
 * Takes the newest message. Writes it to buffer and returns its length, or returns -1. Does
 * not wait.
 */
ssize_t msgbox_get(struct msgbox *box, void *buffer, size_t size);

/*
 * Takes the newest message, and waits for one while the box is empty: for timeout_ms
 * milliseconds at most, or MSGBOX_FOREVER; a server that does not answer, or a slow connection,
 * can add to that (see SERVERS in libmsgbox(3)). 0 does not wait, but still gives ETIMEDOUT
 * rather than ENODATA. On the kernel's box the first wait opens /dev/dm510_msgbox, which
 * keeps the module in use until msgbox_close().
 */
ssize_t msgbox_wait(struct msgbox *box, void *buffer, size_t size, int timeout_ms);

/*
 * Like msgbox_wait(), or with timeout_ms 0 like msgbox_get() (ENODATA), for a message of any
 * length. *buffer is memory from malloc(3) of *size bytes, or NULL; it is enlarged as
 * needed, as getline(3) does. The caller frees it, also after an error.
 */
ssize_t msgbox_take(struct msgbox *box, void **buffer, size_t *size, int timeout_ms);

/*
 * Reads the figures of the box. They are not of one instant while others use the box.
 */
int msgbox_read_figures(struct msgbox *box, struct msgbox_figures *figures);

/*
 * A text for the last call of this thread that failed, with what to do about it. It is
 * valid until the thread's next call of this library. Never NULL.
 */
const char *msgbox_error(void);

/* The version of the library, "1.0.0". */
const char *msgbox_version(void);

#ifdef __cplusplus
}
#endif

#endif

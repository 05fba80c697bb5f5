/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Between the library's front (box.c) and what keeps the messages: the kernel (kernel.c)
 * or a server (server.c).
 */
#ifndef MSGBOX_BACKEND_H
#define MSGBOX_BACKEND_H

/* The library is compiled with hidden visibility; only the functions of msgbox.h are not. */
#pragma GCC visibility push(default)
#include <msgbox.h>
#pragma GCC visibility pop

struct url;

/* The operations have the results of the functions in msgbox.h with these names. */
struct backend {
	size_t longest_message;	/* in bytes; no get gives a longer one */
	void (*close)(struct msgbox *box);
	int (*put)(struct msgbox *box, const void *message, size_t length);
	ssize_t (*get)(struct msgbox *box, void *buffer, size_t size);
	ssize_t (*wait)(struct msgbox *box, void *buffer, size_t size, int timeout_ms);
	int (*read_figures)(struct msgbox *box, struct msgbox_figures *figures);
};

/* Each kind of box has this as the first member of its own struct. */
struct msgbox {
	const struct backend *backend;
};

struct msgbox *kernel_open(void);
/* Takes over the content of url. */
struct msgbox *server_open(struct url *url);

/*
 * Sets errno and the thread's text for msgbox_error(), printf(3) style. Returns -1.
 */
int failed(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * The same for a text that needs no formatting. It is not copied, so that a program can
 * try to get in a loop at little more than the cost of the system call.
 */
int failed_text(int error, const char *text);

#endif

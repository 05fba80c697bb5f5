/* SPDX-License-Identifier: GPL-2.0 */
/* Reads messages from files, and holds no more than one in memory. */
#ifndef INPUT_H
#define INPUT_H

#include <stdbool.h>
#include <sys/types.h>

#include <msgbox.h>

/* The delimiter of a file that is one message. */
#define WHOLE	(-1)

struct input {
	const char *name;	/* for complaints */
	int fd;
	int delimiter;		/* a byte, or WHOLE */
	struct msgbox *box;	/* its limit is the input's */
	size_t limit;		/* 0: not read yet */
	char *buffer;
	size_t size;
	size_t start, end;	/* what is in buffer and was not returned yet */
	size_t searched;	/* that much of it has no delimiter */
	bool ended;
	bool any;		/* a message was returned */
};

/* "-" is standard input. Returns 0, or -1 with errno set. */
int input_open(struct input *input, struct msgbox *box, const char *file, int delimiter);

/*
 * Reads a message, without its delimiter. An incomplete last one counts, and so does an
 * empty file that is WHOLE. It is valid until the next call. Returns 1; 0 at the end; or -1
 * with errno set: EMSGSIZE if the message is longer than the box allows, which is detected
 * before it is read completely; EINTR if a signal that ends the command came.
 */
int input_next(struct input *input, const char **message, size_t *length);

void input_close(struct input *input);

#endif

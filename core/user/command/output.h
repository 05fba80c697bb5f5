/* SPDX-License-Identifier: GPL-2.0 */
/* The forms in which get and wait print messages. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stddef.h>

enum form {
	FORM_LINE,	/* the message and a newline */
	FORM_RAW,	/* nothing but the message */
	FORM_NULL,	/* the message and a NUL */
	FORM_LENGTH,	/* its length on a line, the message, a newline */
	FORM_JSON,
};

/*
 * Writes a message to standard output, completely. Lets in signals meanwhile. Returns 0, or
 * -1 with errno set.
 */
int output_message(enum form form, const void *message, size_t length);

#endif

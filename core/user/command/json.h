/* SPDX-License-Identifier: GPL-2.0 */
/* A message as a line of JSON. */
#ifndef JSON_H
#define JSON_H

#include <stddef.h>
#include <stdio.h>

/*
 * Writes {"length":5,"text":"hello"} and a newline, or with "base64" instead of "text" if
 * the message is not valid UTF-8.
 */
void json_message(FILE *out, const void *message, size_t length);

#endif

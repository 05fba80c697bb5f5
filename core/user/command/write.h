/* SPDX-License-Identifier: GPL-2.0 */
/* Writes completely, or fails. */
#ifndef WRITE_H
#define WRITE_H

#include <sys/uio.h>

/*
 * Writes all parts, also to a pipe that is full and to a file that does not block. Changes
 * parts. Returns 0, or -1 with errno set: EINTR if a signal that ends the command came and
 * the rest cannot be written without waiting.
 */
int write_all(int fd, struct iovec *parts, int count);

#endif

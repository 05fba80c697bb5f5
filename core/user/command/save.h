/* SPDX-License-Identifier: GPL-2.0 */
/* The last resort for a message that can neither be delivered nor put back. */
#ifndef SAVE_H
#define SAVE_H

#include <stddef.h>

/*
 * Writes the message to a new file that only its owner can read, in $TMPDIR, the current
 * folder, /var/tmp or /tmp, and complains with its name. If that is not possible, it prints
 * the message to standard error as JSON.
 */
void save(const void *message, size_t length);

#endif

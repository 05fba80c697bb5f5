/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's log, both ways. A case is written there before it runs, where the
 * console shows it only if the kernel panics (panic_print=0x20); and what the kernel
 * says meanwhile is looked at.
 */
#ifndef FUZZ_KERNEL_LOG_H
#define FUZZ_KERNEL_LOG_H

#include <stdbool.h>
#include <stddef.h>

/* deny: the file with what a healthy kernel never says, or NULL. */
void kernel_log_init(const char *deny);
void kernel_log_write(const char *line);
/* Has the kernel said something since, that it should not? */
bool kernel_log_complains(char *line, size_t size);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Access to the kernel's log. Each case is written to it before it runs; the console
 * shows it only if the kernel panics (panic_print=0x20). After a case, the kernel's
 * own new lines are searched for splats.
 */
#ifndef FUZZ_KERNEL_LOG_H
#define FUZZ_KERNEL_LOG_H

#include <stdbool.h>
#include <stddef.h>

/* What kernel_log_complains() puts before the kernel's line. */
#define KERNEL_LOG_SAYS	"the kernel says: "

/* deny: a file with patterns of lines that mean a splat, or NULL. */
void kernel_log_init(const char *deny);
void kernel_log_write(const char *line);
/* Returns true and stores the line if there is a splat since the last call. */
bool kernel_log_complains(char *complaint, size_t size);

#endif

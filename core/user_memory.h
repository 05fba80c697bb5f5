/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copying between kernel memory and a caller's memory so that a page that
 * never arrives holds up nobody but its owner.
 */
#ifndef _DM510_USER_MEMORY_H
#define _DM510_USER_MEMORY_H

#include <linux/types.h>

int user_memory_read(void *to, const char __user *from, size_t len);
int user_memory_write_atomic(char __user *to, const void *from, size_t len);
int user_memory_fault_in(char __user *to, size_t len);

#endif /* _DM510_USER_MEMORY_H */

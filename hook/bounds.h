/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SYSCALL_HOOK_BOUNDS_H
#define _SYSCALL_HOOK_BOUNDS_H

#include <linux/types.h>

/**
 * struct hook_bounds - where do_syscall_64 holds the size of the table
 * @limit: offset in bytes of the 32-bit immediate NR_syscalls - 1 of the
 *         comparison that turns larger numbers away
 * @clamp: offset in bytes of the 32-bit immediate NR_syscalls of the
 *         comparison that makes them 0 under speculation
 *         (array_index_nospec())
 */
struct hook_bounds {
	size_t limit;
	size_t clamp;
};

int hook_bounds_find(const __u8 *text, size_t size, __u32 nr_syscalls,
		     struct hook_bounds *bounds);

#endif /* _SYSCALL_HOOK_BOUNDS_H */

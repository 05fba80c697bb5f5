/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SYSCALL_HOOK_BOUNDS_H
#define _SYSCALL_HOOK_BOUNDS_H

#include <linux/types.h>

/* Compilers make one for traced calls and one for all others (6.12). */
#define HOOK_BOUNDS_LIMITS	2

/**
 * struct hook_bounds - where do_syscall_64 holds the size of the table
 * @limit: offsets in bytes of the 32-bit immediates NR_syscalls - 1, in the
 *         comparisons that reject larger numbers
 * @limits: how many of them there are, one or more
 * @clamp: offset in bytes of the 32-bit immediate NR_syscalls, in the comparison
 *         that turns larger numbers into 0 under speculation
 *         (array_index_nospec())
 */
struct hook_bounds {
	size_t limit[HOOK_BOUNDS_LIMITS];
	unsigned int limits;
	size_t clamp;
};

int hook_bounds_find(const __u8 *text, size_t size, __u32 limit, __u32 clamp,
		     struct hook_bounds *bounds);

#endif /* _SYSCALL_HOOK_BOUNDS_H */

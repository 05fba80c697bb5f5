/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SYSCALL_HOOK_SYMBOL_H
#define _SYSCALL_HOOK_SYMBOL_H

#include <linux/types.h>
#ifndef __KERNEL__
#include <stdbool.h>
#include <stddef.h>
#endif

/**
 * struct hook_symbol - a function or a table of the kernel
 * @start: address of its first byte
 * @size: number of bytes up to the next symbol
 */
struct hook_symbol {
	unsigned long start;
	size_t size;
};

/**
 * struct hook_text - the bytes of a function
 * @bytes: a copy of them
 * @size: how many bytes
 * @start: address of the first one in the kernel
 */
struct hook_text {
	const __u8 *bytes;
	size_t size;
	unsigned long start;
};

bool hook_symbol_exists(const char *name);
int hook_symbol_find(const char *name, struct hook_symbol *symbol);
int hook_symbol_read(const char *name, struct hook_text *text);

#endif /* _SYSCALL_HOOK_SYMBOL_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SYSCALL_HOOK_SYMBOL_H
#define _SYSCALL_HOOK_SYMBOL_H

#include <linux/types.h>

/**
 * struct hook_symbol - a function or a table of the kernel
 * @start: its first byte
 * @size: how many bytes there are until the next symbol
 */
struct hook_symbol {
	unsigned long start;
	size_t size;
};

u8 *hook_symbol_read(const struct hook_symbol *symbol);
int hook_symbol_find(const char *name, struct hook_symbol *symbol);

#endif /* _SYSCALL_HOOK_SYMBOL_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SYSCALL_HOOK_SYMBOL_H
#define _SYSCALL_HOOK_SYMBOL_H

#include <linux/types.h>

struct hook_text;

/**
 * struct hook_symbol - a function or a table of the kernel
 * @start: address of its first byte
 * @size: number of bytes up to the next symbol
 */
struct hook_symbol {
	unsigned long start;
	size_t size;
};

int hook_symbol_find(const char *name, struct hook_symbol *symbol);
int hook_symbol_read(const char *name, struct hook_text *text);

#endif /* _SYSCALL_HOOK_SYMBOL_H */

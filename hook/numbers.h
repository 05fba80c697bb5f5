/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SYSCALL_HOOK_NUMBERS_H
#define _SYSCALL_HOOK_NUMBERS_H

#include <linux/types.h>

int hook_numbers_check(unsigned int first, unsigned int last, bool beyond_table);
int hook_numbers_choose(unsigned int preferred, unsigned int count, bool beyond_table);

#endif /* _SYSCALL_HOOK_NUMBERS_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SYSCALL_HOOK_RAISE_H
#define _SYSCALL_HOOK_RAISE_H

#include <linux/types.h>

int hook_raise_prepare(bool *possible);
int hook_raise_refuse(void);
int hook_raise(unsigned int end);
void hook_lower(void);

#endif /* _SYSCALL_HOOK_RAISE_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SYSCALL_HOOK_RAISE_H
#define _SYSCALL_HOOK_RAISE_H

int hook_raise_prepare(void);
int hook_raise(unsigned int end);
void hook_lower(void);

#endif /* _SYSCALL_HOOK_RAISE_H */

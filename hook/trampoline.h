/* SPDX-License-Identifier: GPL-2.0 */
/* What trampoline.S and C share. */
#ifndef _SYSCALL_HOOK_TRAMPOLINE_H
#define _SYSCALL_HOOK_TRAMPOLINE_H

#include <linux/linkage.h>

struct pt_regs;

extern unsigned int syscall_hook_first;
extern unsigned int syscall_hook_span;

void syscall_hook_trampoline(void);
asmlinkage long syscall_hook_dispatch(const struct pt_regs *regs, unsigned int nr);

#endif /* _SYSCALL_HOOK_TRAMPOLINE_H */

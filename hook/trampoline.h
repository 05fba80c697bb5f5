/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by trampoline.S and C. */
#ifndef _SYSCALL_HOOK_TRAMPOLINE_H
#define _SYSCALL_HOOK_TRAMPOLINE_H

/* Offset of orig_ax in struct pt_regs, in bytes. */
#define SYSCALL_HOOK_ORIG_AX	120

#ifndef __ASSEMBLY__
#include <linux/linkage.h>

struct pt_regs;

extern unsigned int syscall_hook_first;
extern unsigned int syscall_hook_span;

void syscall_hook_trampoline(void);
asmlinkage long syscall_hook_dispatch(const struct pt_regs *regs, unsigned int i);
#endif /* __ASSEMBLY__ */

#endif /* _SYSCALL_HOOK_TRAMPOLINE_H */

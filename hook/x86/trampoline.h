/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by trampoline.S and C. */
#ifndef _SYSCALL_HOOK_TRAMPOLINE_H
#define _SYSCALL_HOOK_TRAMPOLINE_H

/* Offset of orig_ax in struct pt_regs, in bytes. */
#define SYSCALL_HOOK_ORIG_AX	120

#ifndef __ASSEMBLY__
void syscall_hook_trampoline(void);
#endif /* __ASSEMBLY__ */

#endif /* _SYSCALL_HOOK_TRAMPOLINE_H */

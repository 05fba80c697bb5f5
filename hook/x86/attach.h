/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SYSCALL_HOOK_ATTACH_H
#define _SYSCALL_HOOK_ATTACH_H

struct hook_state;

int hook_attach_prepare(struct hook_state *hook);

#endif /* _SYSCALL_HOOK_ATTACH_H */

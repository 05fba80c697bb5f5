/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SYSCALL_HOOK_RAISE_H
#define _SYSCALL_HOOK_RAISE_H

struct hook_state;

int hook_raise_prepare(struct hook_state *hook);
int hook_raise_refuse(const struct hook_state *hook);

#endif /* _SYSCALL_HOOK_RAISE_H */

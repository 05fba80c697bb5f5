/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SYSCALL_HOOK_ATTACH_H
#define _SYSCALL_HOOK_ATTACH_H

#include <linux/types.h>

int hook_attach_prepare(bool *at_dispatch);
int hook_attach(void);
void hook_detach(void);

#endif /* _SYSCALL_HOOK_ATTACH_H */

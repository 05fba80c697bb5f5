/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SYSCALL_HOOK_DISPATCH_H
#define _SYSCALL_HOOK_DISPATCH_H

#include <linux/types.h>
#ifndef __KERNEL__
#include <stdbool.h>
#endif

#include "symbol.h"

/*
 * Where a call may enter a function. With call depth tracking (retbleed=stuff)
 * it enters in the padding before the first byte, which is at a multiple of 16;
 * it may also skip the ENDBR.
 */
#define HOOK_BEFORE_ENTRY	15
#define HOOK_BEHIND_ENTRY	4

bool hook_dispatch_branches_to(const struct hook_text *text, unsigned long function);
bool hook_dispatch_rejects_above(const struct hook_text *text, __u32 last,
				 unsigned long function);

#endif /* _SYSCALL_HOOK_DISPATCH_H */

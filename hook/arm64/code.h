/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SYSCALL_HOOK_CODE_H
#define _SYSCALL_HOOK_CODE_H

#include <linux/types.h>
#ifndef __KERNEL__
#include <stdbool.h>
#endif

#include "symbol.h"

bool hook_code_branches_to(const struct hook_text *text, unsigned long function);
unsigned long hook_code_first_address(const struct hook_text *text);

#endif /* _SYSCALL_HOOK_CODE_H */

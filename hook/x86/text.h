/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SYSCALL_HOOK_TEXT_H
#define _SYSCALL_HOOK_TEXT_H

#include <linux/types.h>

int hook_text_replace_imm32(void *address, u32 from, u32 to);

#endif /* _SYSCALL_HOOK_TEXT_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SYSCALL_HOOK_DISPATCH_H
#define _SYSCALL_HOOK_DISPATCH_H

#include <linux/types.h>
#ifndef __KERNEL__
#include <stdbool.h>
#endif

/*
 * With call depth tracking (retbleed=stuff) a call goes to the room for that before
 * the function, which begins at a multiple of 16; it may also leave out the ENDBR.
 */
#define HOOK_BEFORE_ENTRY	15
#define HOOK_BEHIND_ENTRY	4

/**
 * struct hook_text - the bytes of a function
 * @bytes: a copy of them
 * @size: how many
 * @start: where they are in the kernel
 */
struct hook_text {
	const __u8 *bytes;
	size_t size;
	unsigned long start;
};

bool hook_dispatch_goes_to(const struct hook_text *text, unsigned long function);
bool hook_dispatch_turns_away(const struct hook_text *text, __u32 last,
			      unsigned long function);

#endif /* _SYSCALL_HOOK_DISPATCH_H */

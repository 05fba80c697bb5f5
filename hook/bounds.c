// SPDX-License-Identifier: GPL-2.0
/*
 * Reads the bytes of do_syscall_64 and decides; touches nothing. Builds in
 * user space as well, where it is tested.
 */
#include <linux/errno.h>
#include <linux/types.h>
#ifdef __KERNEL__
#include <linux/string.h>
#else
#include <stdbool.h>
#include <string.h>
#endif

#include "bounds.h"

#define IMM_SIZE sizeof(__u32)

static bool is_rex(__u8 byte)
{
	return (byte & 0xf0) == 0x40;
}

/*
 * Does the instruction whose 32-bit immediate is at text[imm] compare a
 * register with it? CMP eAX, imm32 is 3d; CMP r/m, imm32 is 81 /7, here with a
 * register (ModRM f8 to ff). A REX prefix before either changes the register
 * or the width, not what it means to us. (Intel SDM volume 2, CMP.)
 */
static bool is_compare(const __u8 *text, size_t imm)
{
	return (imm >= 1 && text[imm - 1] == 0x3d) ||
	       (imm >= 2 && text[imm - 2] == 0x81 && text[imm - 1] >= 0xf8);
}

/* JA: 77 rel8, or 0f 87 rel32. */
static bool is_jump_if_above(const __u8 *text, size_t size, size_t at)
{
	return (at + 2 <= size && text[at] == 0x77) ||
	       (at + 6 <= size && text[at] == 0x0f && text[at + 1] == 0x87);
}

/* SBB of a 64-bit register with itself: REX.W, 19 or 1b, ModRM 11 r r. */
static bool is_subtract_with_borrow(const __u8 *text, size_t size, size_t at)
{
	__u8 modrm;

	if (at + 3 > size || !is_rex(text[at]))
		return false;
	if (text[at + 1] != 0x19 && text[at + 1] != 0x1b)
		return false;
	modrm = text[at + 2];
	return modrm >= 0xc0 && (modrm & 7) == (modrm >> 3 & 7);
}

typedef bool follower(const __u8 *text, size_t size, size_t at);

/* How often is a comparison with value followed by that; where last? */
static int count(const __u8 *text, size_t size, __u32 value, follower *follows,
		 size_t *where)
{
	size_t imm;
	int found = 0;

	for (imm = 1; imm + IMM_SIZE <= size; imm++) {
		if (memcmp(text + imm, &value, IMM_SIZE) ||
		    !is_compare(text, imm) ||
		    !follows(text, size, imm + IMM_SIZE))
			continue;
		*where = imm;
		found++;
	}
	return found;
}

/**
 * hook_bounds_find() - find the two bounds of the system call table
 * @text: the bytes of do_syscall_64, and of nothing else
 * @size: how many
 * @nr_syscalls: the size of the table that the kernel was built with
 * @bounds: where to store what was found
 *
 * Context: Any.
 *
 * Return: 0, or -ENOENT if they are not there, each exactly once and the
 * limit before the clamp.
 */
int hook_bounds_find(const __u8 *text, size_t size, __u32 nr_syscalls,
		     struct hook_bounds *bounds)
{
	if (count(text, size, nr_syscalls - 1, is_jump_if_above,
		  &bounds->limit) != 1)
		return -ENOENT;
	if (count(text, size, nr_syscalls, is_subtract_with_borrow,
		  &bounds->clamp) != 1)
		return -ENOENT;
	return bounds->limit < bounds->clamp ? 0 : -ENOENT;
}

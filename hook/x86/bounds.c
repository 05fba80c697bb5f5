// SPDX-License-Identifier: GPL-2.0
/*
 * Finds the bounds in the bytes of do_syscall_64. Changes nothing. Also builds
 * in user space, where it is tested.
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
 * Whether the instruction with its 32-bit immediate at text[imm] compares a
 * register with it. CMP eAX, imm32 is 3d; CMP r/m, imm32 is 81 /7, here with a
 * register (ModRM f8 to ff). A REX prefix changes the register or the width,
 * which does not matter here. (Intel SDM volume 2, CMP.)
 */
static bool is_compare(const __u8 *text, size_t imm)
{
	return (imm >= 1 && text[imm - 1] == 0x3d) ||
	       (imm >= 2 && text[imm - 2] == 0x81 && text[imm - 1] >= 0xf8);
}

/* JA and JBE: 77 and 76 rel8, or 0f 87 and 0f 86 rel32. */
static bool is_jump(const __u8 *text, size_t size, size_t at)
{
	return (at + 2 <= size && (text[at] | 1) == 0x77) ||
	       (at + 6 <= size && text[at] == 0x0f && (text[at + 1] | 1) == 0x87);
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

/* Whether the instruction at text[at] is the one expected after a comparison. */
typedef bool follower(const __u8 *text, size_t size, size_t at);

/*
 * Finds the comparisons with value that come before an instruction that follows()
 * accepts, and returns their number. If there are more than `most`, or if the
 * value occurs anywhere else, the function is not understood: -ENOENT.
 */
static int find_comparisons(const __u8 *text, size_t size, __u32 value,
			    follower *follows, size_t *where, unsigned int most)
{
	unsigned int found = 0;
	size_t imm;

	for (imm = 0; imm + IMM_SIZE <= size; imm++) {
		if (memcmp(text + imm, &value, IMM_SIZE))
			continue;
		if (found == most || !is_compare(text, imm) ||
		    !follows(text, size, imm + IMM_SIZE))
			return -ENOENT;
		where[found++] = imm;
	}
	return found;
}

/**
 * hook_bounds_find() - find the bounds of the system call table
 * @text: the bytes of do_syscall_64, and of nothing else
 * @size: how many bytes
 * @limit: the largest number that the limit lets through: NR_syscalls - 1 in an
 *         unmodified kernel
 * @clamp: the value of the clamp: NR_syscalls in an unmodified kernel
 * @bounds: set to the offsets of the bounds
 *
 * Context: Any.
 *
 * Return: 0; -ENOENT unless there is exactly one clamp and there are one or
 * two limits, the first of them before the clamp, or if either value is used
 * for anything else.
 */
int hook_bounds_find(const __u8 *text, size_t size, __u32 limit, __u32 clamp,
		     struct hook_bounds *bounds)
{
	int limits, clamps;

	limits = find_comparisons(text, size, limit, is_jump, bounds->limit,
				  HOOK_BOUNDS_LIMITS);
	clamps = find_comparisons(text, size, clamp, is_subtract_with_borrow,
				  &bounds->clamp, 1);
	if (limits < 1 || clamps != 1 || bounds->limit[0] > bounds->clamp)
		return -ENOENT;
	bounds->limits = limits;
	return 0;
}

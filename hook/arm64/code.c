// SPDX-License-Identifier: GPL-2.0
/*
 * Reads instructions of the kernel's functions. Changes nothing. Also builds in user
 * space, where it is tested. (Arm ARM, C6.2: ADRP, ADD (immediate), B, BL.)
 */
#include <linux/types.h>
#ifdef __KERNEL__
#include <linux/string.h>
#else
#include <stdbool.h>
#include <string.h>
#endif

#include "code.h"

#define INSN_SIZE	sizeof(__u32)
#define ENTRY_INSNS	3	/* at most: BTI, and the two that ftrace may make a call */
#define ADRP_PAGE	4096UL	/* whatever the kernel's page size is */

static __u32 read_insn(const struct hook_text *text, size_t at)
{
	__u32 insn;

	memcpy(&insn, text->bytes + at, sizeof(insn));
	return insn;
}

/* The lowest @bits of a value, as a signed number. */
static long sign_extend(unsigned long value, unsigned int bits)
{
	unsigned int unused = 8 * sizeof(value) - bits;

	return (long)(value << unused) >> unused;
}

/* B (000101) and BL (100101), with 26 bits of a distance in instructions. */
static bool is_branch(__u32 insn)
{
	return (insn & 0x7c000000) == 0x14000000;
}

static bool is_call(__u32 insn)
{
	return (insn & 0xfc000000) == 0x94000000;
}

static unsigned long branch_target(__u32 insn, unsigned long address)
{
	return address + sign_extend(insn & 0x3ffffff, 26) * (long)INSN_SIZE;
}

/**
 * hook_code_branches_to() - whether a function calls or jumps to another
 * @text: the bytes of the caller
 * @function: address of the other function's first byte
 *
 * Context: Any.
 *
 * Return: true if a B or BL in @text has that target.
 */
bool hook_code_branches_to(const struct hook_text *text, unsigned long function)
{
	size_t at;

	for (at = 0; at + INSN_SIZE <= text->size; at += INSN_SIZE) {
		__u32 insn = read_insn(text, at);

		if (is_branch(insn) && branch_target(insn, text->start + at) == function)
			return true;
	}
	return false;
}

/* ADRP: 1, 2 low bits of a distance in pages, 10000, 19 high bits, register. */
static bool is_adrp(__u32 insn)
{
	return (insn & 0x9f000000) == 0x90000000;
}

static unsigned long adrp_page(__u32 insn, unsigned long address)
{
	unsigned long pages = (insn >> 5 & 0x7ffff) << 2 | (insn >> 29 & 3);

	return (address & ~(ADRP_PAGE - 1)) + sign_extend(pages, 21) * (long)ADRP_PAGE;
}

/* ADD of 12 bits, not shifted, to a 64-bit register, into the same one. */
static bool is_add_to(__u32 insn, __u32 rd)
{
	return (insn & 0xffc00000) == 0x91000000 && (insn & 31) == rd && (insn >> 5 & 31) == rd;
}

/**
 * hook_code_first_address() - the first address that a function computes
 * @text: the bytes of the function
 *
 * Looks for ADRP, and the ADD to the same register that follows it, up to the first
 * call but ftrace's at the entry. (A jump may be one that the kernel writes over a NOP, or
 * the other way round.)
 *
 * Context: Any.
 *
 * Return: the address, or 0 if there is none.
 */
unsigned long hook_code_first_address(const struct hook_text *text)
{
	unsigned long page = 0;
	__u32 rd = 0;
	size_t at;

	for (at = 0; at + INSN_SIZE <= text->size; at += INSN_SIZE) {
		__u32 insn = read_insn(text, at);

		if (is_call(insn) && at >= ENTRY_INSNS * INSN_SIZE)
			return 0;
		if (is_adrp(insn)) {
			page = adrp_page(insn, text->start + at);
			rd = insn & 31;
		} else if (page && is_add_to(insn, rd)) {
			return page + (insn >> 10 & 0xfff);
		}
	}
	return 0;
}

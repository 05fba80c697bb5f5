// SPDX-License-Identifier: GPL-2.0
/*
 * Finds out from the bytes of do_syscall_64 and x64_sys_call which functions they
 * call. Changes nothing. Also builds in user space, where it is tested.
 */
#include <linux/types.h>
#ifdef __KERNEL__
#include <linux/string.h>
#else
#include <stdbool.h>
#include <string.h>
#endif

#include "dispatch.h"

/* Real kernels have 1 to 3 branches between a comparison and a function. */
#define MAX_BRANCHES	8

struct branch {
	size_t size;		/* of the instruction, in bytes */
	int condition;		/* as in its opcode; -1 if always taken */
	unsigned long target;
};

/*
 * JMP rel8 (eb), JMP and CALL rel32 (e9, e8), Jcc rel8 (70 to 7f) and rel32
 * (0f 80 to 8f). (Intel SDM volume 2.)
 */
static bool read_branch(const struct hook_text *text, size_t at, struct branch *branch)
{
	const __u8 *byte = text->bytes + at;
	size_t left = text->size - at;
	size_t opcode = left >= 2 && byte[0] == 0x0f ? 2 : 1;
	__u8 code = byte[opcode - 1];
	bool is_short = opcode == 1 && (code == 0xeb || (code & 0xf0) == 0x70);
	__s32 relative;

	if (!is_short && (opcode == 1 ? (code | 1) != 0xe9 : (code & 0xf0) != 0x80))
		return false;
	branch->size = opcode + (is_short ? 1 : sizeof(relative));
	if (branch->size > left)
		return false;
	if (is_short)
		relative = (__s8)byte[1];
	else
		memcpy(&relative, byte + opcode, sizeof(relative));
	branch->condition = (code | 1) == 0xe9 || code == 0xeb ? -1 : code & 0xf;
	branch->target = text->start + at + branch->size + relative;
	return true;
}

static bool is_entry(unsigned long target, unsigned long function)
{
	return target - (function - HOOK_BEFORE_ENTRY) <= HOOK_BEFORE_ENTRY + HOOK_BEHIND_ENTRY;
}

/**
 * hook_dispatch_branches_to() - whether a function calls or jumps to another
 * @text: the bytes of the caller
 * @function: address of the other function's first byte
 *
 * Context: Any.
 *
 * Return: true if a branch in @text has that target.
 */
bool hook_dispatch_branches_to(const struct hook_text *text, unsigned long function)
{
	struct branch branch;
	size_t at;

	for (at = 0; at < text->size; at++) {
		if (read_branch(text, at, &branch) && is_entry(branch.target, function))
			return true;
	}
	return false;
}

/* Whether a branch is taken after a comparison has found the number greater. */
static bool is_taken_if_above(int condition)
{
	return condition == -1 || condition == 0x3 ||	/* JMP, JAE */
	       condition == 0x5 || condition == 0x7;	/* JNE, JA */
}

/* Whether the branches from here take a greater number to the function. */
static bool above_reaches(const struct hook_text *text, size_t at, unsigned long function)
{
	struct branch branch;
	unsigned int i;

	for (i = 0; i < MAX_BRANCHES && at < text->size; i++) {
		if (!read_branch(text, at, &branch))
			return false;
		if (branch.condition != -1 && (branch.condition < 0x2 || branch.condition > 0x7))
			return false;	/* compilers do not use it for numbers */
		if (!is_taken_if_above(branch.condition)) {
			at += branch.size;
			continue;
		}
		if (branch.target - text->start >= text->size)
			return is_entry(branch.target, function);
		at = branch.target - text->start;
	}
	return false;
}

/**
 * hook_dispatch_rejects_above() - whether x64_sys_call rejects numbers beyond the table
 * @text: the bytes of x64_sys_call
 * @last: the highest number of the table
 * @function: address of __x64_sys_ni_syscall
 *
 * x64_sys_call is a tree of comparisons with numbers of the table. At each
 * comparison with a smaller number, a number beyond the table takes the same
 * branch as the last one. So only the comparison with the last one matters: CMP
 * ESI, imm32 (81 fe), and the branch that greater numbers take there. A compiler
 * omits this comparison if it knows that no number is greater.
 *
 * Context: Any.
 *
 * Return: true if there is such a comparison, and every one of them sends
 * greater numbers to @function.
 */
bool hook_dispatch_rejects_above(const struct hook_text *text, __u32 last,
				 unsigned long function)
{
	const size_t size = 2 + sizeof(last);
	bool found = false;
	size_t at;

	for (at = 0; at + size <= text->size; at++) {
		if (text->bytes[at] != 0x81 || text->bytes[at + 1] != 0xfe ||
		    memcmp(text->bytes + at + 2, &last, sizeof(last)))
			continue;
		if (!above_reaches(text, at + size, function))
			return false;
		found = true;
	}
	return found;
}

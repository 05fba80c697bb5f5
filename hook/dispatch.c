// SPDX-License-Identifier: GPL-2.0
/*
 * Reads the bytes of do_syscall_64 and x64_sys_call: where do they send calls?
 * Touches nothing. Builds in user space as well, where it is tested.
 */
#include <linux/types.h>
#ifdef __KERNEL__
#include <linux/string.h>
#else
#include <stdbool.h>
#include <string.h>
#endif

#include "dispatch.h"

/* More than any way from a comparison to a function has (1 to 3). */
#define MOST_BRANCHES	8

/* An instruction that may go on elsewhere. */
struct branch {
	size_t size;
	int condition;		/* as in its opcode; -1 if it always does */
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
 * hook_dispatch_goes_to() - does a function call another, or end in it?
 * @text: the one
 * @function: where the other one begins
 *
 * Context: Any.
 *
 * Return: whether one of its branches goes there.
 */
bool hook_dispatch_goes_to(const struct hook_text *text, unsigned long function)
{
	struct branch branch;
	size_t at;

	for (at = 0; at < text->size; at++) {
		if (read_branch(text, at, &branch) && is_entry(branch.target, function))
			return true;
	}
	return false;
}

/* Whether a jump is made after a comparison that has found the number greater. */
static bool is_made_if_above(int condition)
{
	return condition == -1 || condition == 0x3 ||	/* JMP, JAE */
	       condition == 0x5 || condition == 0x7;	/* JNE, JA */
}

/* Do numbers that have been found greater go to the function from here? */
static bool above_goes_to(const struct hook_text *text, size_t at, unsigned long function)
{
	struct branch branch;
	unsigned int i;

	for (i = 0; i < MOST_BRANCHES && at < text->size; i++) {
		if (!read_branch(text, at, &branch))
			return false;
		if (branch.condition != -1 && (branch.condition < 0x2 || branch.condition > 0x7))
			return false;	/* not one that compilers give to such a number */
		if (!is_made_if_above(branch.condition)) {
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
 * hook_dispatch_turns_away() - does x64_sys_call know where its table ends?
 * @text: the bytes of x64_sys_call
 * @last: the highest number of the table
 * @function: __x64_sys_ni_syscall
 *
 * It is a tree of comparisons with numbers of the table. In all of those with
 * smaller ones a number beyond the table goes the way that the last one goes. So
 * what decides is the comparison with the last one: CMP ESI, imm32 (81 fe), and
 * where the greater ones go from there. Compilers leave it out where they know
 * that no number is greater.
 *
 * Context: Any.
 *
 * Return: true if there is that comparison, and each of them sends what is
 * beyond the table to the function.
 */
bool hook_dispatch_turns_away(const struct hook_text *text, __u32 last,
			      unsigned long function)
{
	const size_t size = 2 + sizeof(last);
	bool found = false;
	size_t at;

	for (at = 0; at + size <= text->size; at++) {
		if (text->bytes[at] != 0x81 || text->bytes[at + 1] != 0xfe ||
		    memcmp(text->bytes + at + 2, &last, sizeof(last)))
			continue;
		if (!above_goes_to(text, at + size, function))
			return false;
		found = true;
	}
	return found;
}

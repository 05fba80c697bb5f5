// SPDX-License-Identifier: GPL-2.0
/*
 * Reads how functions begin and decides which one to attach to; touches
 * nothing. Builds in user space as well, where it is tested.
 */
#include <linux/types.h>
#ifdef __KERNEL__
#include <linux/string.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#endif

#include "point.h"

#define ENDBR_SIZE 4
#define SITE_SIZE 5

/*
 * ENDBR64, or what the kernel writes over the one of a function whose address
 * nobody takes: gen_endbr_poison(), in 6.12 and in 7.x.
 */
static bool begins_with_endbr(const __u8 *text)
{
	return !memcmp(text, "\xf3\x0f\x1e\xfa", ENDBR_SIZE) ||
	       !memcmp(text, "\x66\x0f\x1f\x00", ENDBR_SIZE) ||
	       !memcmp(text, "\x0f\x1f\x40\xd6", ENDBR_SIZE);
}

/*
 * Where ftrace attaches: a nop of 5 bytes, or a call where it has a user
 * already, at the entry or behind the ENDBR. NULL if there is no such place.
 */
static const __u8 *ftrace_site(const __u8 *text)
{
	static const __u8 call = 0xe8;

	if (begins_with_endbr(text))
		text += ENDBR_SIZE;
	if (*text == call || !memcmp(text, "\x0f\x1f\x44\x00\x00", SITE_SIZE))
		return text;
	return NULL;
}

/* Does it do nothing but return -ENOSYS? MOV $-38, %rax is 48 c7 c0 imm32. */
static bool returns_enosys(const __u8 *text)
{
	return !memcmp(text, "\x48\xc7\xc0\xda\xff\xff\xff", 7);
}

/**
 * hook_point_choose() - choose the function to attach to
 * @not_implemented: the first HOOK_POINT_BYTES bytes of __x64_sys_ni_syscall
 * @dispatch: the first HOOK_POINT_BYTES bytes of x64_sys_call
 *
 * Context: Any.
 *
 * Return: the one that costs others least of those that can be attached to.
 */
enum hook_point hook_point_choose(const __u8 *not_implemented, const __u8 *dispatch)
{
	const __u8 *site = ftrace_site(not_implemented);

	if (site && returns_enosys(site + SITE_SIZE))
		return HOOK_POINT_NOT_IMPLEMENTED;
	return ftrace_site(dispatch) ? HOOK_POINT_DISPATCH : HOOK_POINT_NONE;
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Put handlers behind system call numbers that the running kernel does not
 * use, and take them away again.
 *
 * A module links the files of this folder into itself and calls
 * syscall_hook_install() from its init and syscall_hook_remove() from its
 * exit. There is one installation in a module, and, since the kernel allows
 * one direct ftrace user per function, one at a time in the kernel.
 *
 * Which numbers can be had is the running kernel's to say. Who has not been told
 * which to take asks syscall_hook_choose() first. To be had are
 *
 *	387 to 423	on every kernel: its own table says "don't use" of them
 *	up to 511	beyond the end of the table (451 on Linux 6.1, 463 on
 *			6.12), where the kernel's dispatch knows where its
 *			table ends: later ones than 6.14 do not
 *
 * The calls are for 64-bit callers. 32-bit callers have a table of their own, where
 * the same numbers may be calls of the kernel's; they and x32 callers never reach a
 * handler, and get -ENOSYS where nobody else has the number.
 */
#ifndef _SYSCALL_HOOK_H
#define _SYSCALL_HOOK_H

#include <linux/types.h>

struct pt_regs;

/*
 * The lowest and the highest number of a table lie less than this apart. The
 * numbers between them must be nobody's, too: they give -ENOSYS as before.
 */
#define SYSCALL_HOOK_WINDOW	64

/**
 * struct syscall_hook - one system call
 * @nr: its number, as in the x86-64 table; nobody's so far
 * @handler: is called with the caller's registers: arguments are in di, si,
 *           dx, r10, r8 and r9. What it returns is what the caller gets. Runs
 *           in process context, holds no lock, and may sleep; one that may
 *           sleep without end should hold a reference to its module meanwhile,
 *           since syscall_hook_remove() waits for it.
 */
struct syscall_hook {
	unsigned int nr;
	long (*handler)(const struct pt_regs *regs);
};

int syscall_hook_choose(unsigned int preferred, unsigned int count);
int syscall_hook_install(const struct syscall_hook *calls, size_t count);
void syscall_hook_remove(void);

#endif /* _SYSCALL_HOOK_H */

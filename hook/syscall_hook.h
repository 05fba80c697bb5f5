/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Add system calls to the running kernel, and remove them again. README.md in
 * this folder has a tutorial.
 *
 * A module links the files of this folder into itself, calls
 * syscall_hook_install() from its init function, and syscall_hook_remove() from
 * its exit function. A module can have one installation. So can the kernel:
 * ftrace allows one direct call at each function (x86), and one user that
 * redirects it (arm64).
 *
 * These system call numbers can be used if the running kernel does not use them:
 *
 *	387 to 423	on every kernel; the kernel's table says "don't use"
 *	up to 511	beyond the end of the table (451 on Linux 6.1, 463 on
 *			6.12): on arm64, and on x86 kernels whose dispatch checks
 *			where its table ends, as those up to 6.14 do
 *
 * The calls are for 64-bit callers. 32-bit callers use a different table, in
 * which the same numbers may be calls of the kernel. Neither they nor x32
 * callers (x86) reach a handler; they get -ENOSYS unless their table has the number.
 */
#ifndef _SYSCALL_HOOK_H
#define _SYSCALL_HOOK_H

#include <linux/types.h>

#include "syscall_hook_arch.h"

/*
 * The window: the lowest and the highest number of an installation differ by
 * less than this. The numbers between them must be unassigned as well; they
 * return -ENOSYS as before.
 */
#define SYSCALL_HOOK_WINDOW	64

/**
 * struct syscall_hook - one system call
 * @nr: its number in the table of 64-bit callers, which must be unassigned
 * @handler: called with the caller's registers, which syscall_hook_argument()
 *           reads. The caller gets its return value, a negative errno on
 *           failure. Runs in process context with no lock held, and may
 *           sleep. syscall_hook_remove() waits until it has returned, so a
 *           handler that may sleep without limit should hold a reference to its
 *           module while it sleeps.
 */
struct syscall_hook {
	unsigned int nr;
	long (*handler)(const struct pt_regs *regs);
};

/**
 * syscall_hook_argument() - an argument of a call
 * @regs: the caller's registers, as the handler gets them
 * @i: which one, from 0 to 5; a constant
 *
 * Context: Any.
 *
 * Return: all 64 bits of it.
 */
static __always_inline unsigned long
syscall_hook_argument(const struct pt_regs *regs, unsigned int i)
{
	return syscall_hook_arch_argument(regs, i);
}

int syscall_hook_choose(unsigned int preferred, unsigned int count);
int syscall_hook_install(const struct syscall_hook *calls, size_t count);
void syscall_hook_remove(void);

#endif /* _SYSCALL_HOOK_H */

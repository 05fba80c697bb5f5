/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests ask of the architecture: x86-64. ../arm64/arch.h has the same functions. */
#ifndef SELFTESTS_ARCH_H
#define SELFTESTS_ARCH_H

#include <errno.h>
#include <linux/audit.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <ucontext.h>

/* What audit, seccomp and ptrace call the architecture. */
#define AUDIT_ARCH_OURS	AUDIT_ARCH_X86_64

/* The first address beyond user space. */
#define USER_SPACE_END	0x7ffffffff000

/*
 * A physical address, the same in all virtual machines here, at which no device answers:
 * writes are lost, reads give all ones.
 */
#define DEVICE_MEMORY	0xe0000000

/* Returns what the kernel returned. syscall(2) need not pass all 64 bits of all six. */
static inline long raw(unsigned long nr, unsigned long arg1, unsigned long arg2,
		       unsigned long arg3, unsigned long arg4, unsigned long arg5,
		       unsigned long arg6)
{
	register unsigned long r10 asm("r10") = arg4;
	register unsigned long r8 asm("r8") = arg5;
	register unsigned long r9 asm("r9") = arg6;
	long ret;

	asm volatile("syscall"
		     : "=a" (ret)
		     : "a" (nr), "D" (arg1), "S" (arg2), "d" (arg3), "r" (r10), "r" (r8), "r" (r9)
		     : "rcx", "r11", "memory");
	return ret;
}

/* At this, an emulator that runs one processor at a time changes to the next. */
static inline void pause_processor(void)
{
	__builtin_ia32_pause();
}

/* --- the registers of a process that its tracer has stopped */

/* These return whether they succeeded. */
static inline bool get_registers(pid_t task, struct user_regs_struct *regs)
{
	return !ptrace(PTRACE_GETREGS, task, 0, regs);
}

static inline bool set_registers(pid_t task, const struct user_regs_struct *regs)
{
	return !ptrace(PTRACE_SETREGS, task, 0, regs);
}

/* At the entry of a system call: makes it another one; -1: none. */
static inline bool set_call_number(pid_t task, long nr)
{
	struct user_regs_struct regs;

	if (!get_registers(task, &regs))
		return false;
	regs.orig_rax = nr;
	return set_registers(task, &regs);
}

static inline unsigned long result_in(const struct user_regs_struct *regs)
{
	return regs->rax;
}

static inline void set_result_in(struct user_regs_struct *regs, long result)
{
	regs->rax = result;
}

static inline void set_arguments_in(struct user_regs_struct *regs, unsigned long arg1,
				    unsigned long arg2)
{
	regs->rdi = arg1;
	regs->rsi = arg2;
}

static inline unsigned long instruction_in(const struct user_regs_struct *regs)
{
	return regs->rip;
}

/* The result of a call that the tracer prevents without setting one. */
static inline long result_of_no_call(unsigned long arg1)
{
	(void)arg1;
	return -ENOSYS;
}

/* --- the registers in a signal handler's context */

/*
 * Are they as before the system call that was prevented? It was made with these. The
 * address is that of the next instruction.
 */
static inline bool is_before_call(const ucontext_t *context, unsigned long nr, unsigned long arg1,
				  const void *next)
{
	const greg_t *registers = context->uc_mcontext.gregs;
	const unsigned char *call = (const unsigned char *)next - 2;

	return (unsigned long)registers[REG_RAX] == nr &&
	       (unsigned long)registers[REG_RDI] == arg1 &&
	       (uintptr_t)registers[REG_RIP] == (uintptr_t)next &&
	       call[0] == 0x0f && call[1] == 0x05;
}

static inline void set_context_result(ucontext_t *context, long result)
{
	context->uc_mcontext.gregs[REG_RAX] = result;
}

#endif

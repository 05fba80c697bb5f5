/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests ask of the architecture: arm64. ../x86/arch.h has the same functions. */
#ifndef SELFTESTS_ARCH_H
#define SELFTESTS_ARCH_H

#include <elf.h>
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
#define AUDIT_ARCH_OURS	AUDIT_ARCH_AARCH64

/*
 * The first address beyond user space. With 52 bits there is more, which a program gets
 * only if it asks for it.
 */
#define USER_SPACE_END	0x1000000000000

/* None: memory of a device allows aligned accesses only, which copies need not make. */
#define DEVICE_MEMORY	0

/* Returns what the kernel returned. syscall(2) need not pass all 64 bits of all six. */
static inline long raw(unsigned long nr, unsigned long arg1, unsigned long arg2,
		       unsigned long arg3, unsigned long arg4, unsigned long arg5,
		       unsigned long arg6)
{
	register unsigned long x8 asm("x8") = nr;
	register unsigned long x0 asm("x0") = arg1;
	register unsigned long x1 asm("x1") = arg2;
	register unsigned long x2 asm("x2") = arg3;
	register unsigned long x3 asm("x3") = arg4;
	register unsigned long x4 asm("x4") = arg5;
	register unsigned long x5 asm("x5") = arg6;

	asm volatile("svc #0"
		     : "+r" (x0)
		     : "r" (x8), "r" (x1), "r" (x2), "r" (x3), "r" (x4), "r" (x5)
		     : "memory");
	return x0;
}

/* At this, an emulator that runs one processor at a time changes to the next. */
static inline void pause_processor(void)
{
	asm volatile("yield" : : : "memory");
}

/* --- the registers of a process that its tracer has stopped */

/* These return whether they succeeded. */
static inline bool get_registers(pid_t task, struct user_regs_struct *regs)
{
	struct iovec all = { regs, sizeof(*regs) };

	return !ptrace(PTRACE_GETREGSET, task, NT_PRSTATUS, &all);
}

static inline bool set_registers(pid_t task, const struct user_regs_struct *regs)
{
	struct iovec all = { (void *)regs, sizeof(*regs) };

	return !ptrace(PTRACE_SETREGSET, task, NT_PRSTATUS, &all);
}

/* At the entry of a system call: makes it another one; -1: none. */
static inline bool set_call_number(pid_t task, long nr)
{
	int number = nr;
	struct iovec all = { &number, sizeof(number) };

	return !ptrace(PTRACE_SETREGSET, task, NT_ARM_SYSTEM_CALL, &all);
}

static inline unsigned long result_in(const struct user_regs_struct *regs)
{
	return regs->regs[0];
}

static inline void set_result_in(struct user_regs_struct *regs, long result)
{
	regs->regs[0] = result;
}

static inline void set_arguments_in(struct user_regs_struct *regs, unsigned long arg1,
				    unsigned long arg2)
{
	regs->regs[0] = arg1;
	regs->regs[1] = arg2;
}

static inline unsigned long instruction_in(const struct user_regs_struct *regs)
{
	return regs->pc;
}

/*
 * The result of a call that the tracer prevents without setting one: the result has the
 * register of the first argument, which stays as it is.
 */
static inline long result_of_no_call(unsigned long arg1)
{
	return arg1;
}

/* --- the registers in a signal handler's context */

/*
 * Are they as before the system call that was prevented? It was made with these. The
 * address is that of the next instruction.
 */
static inline bool is_before_call(const ucontext_t *context, unsigned long nr, unsigned long arg1,
				  const void *next)
{
	static const unsigned int svc_0 = 0xd4000001;

	return context->uc_mcontext.regs[8] == nr && context->uc_mcontext.regs[0] == arg1 &&
	       context->uc_mcontext.pc == (uintptr_t)next &&
	       !memcmp((const char *)next - sizeof(svc_0), &svc_0, sizeof(svc_0));
}

static inline void set_context_result(ucontext_t *context, long result)
{
	context->uc_mcontext.regs[0] = result;
}

#endif

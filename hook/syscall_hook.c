// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a hook. A call takes one of two ways (x86-64):
 *
 *	do_syscall_64		compares the number with the table's size, twice;
 *				raise.c raises both bounds for numbers beyond it
 *	x64_sys_call		the dispatch of all calls; ftrace's call at its
 *				entry goes to our trampoline (attach.c) ...
 *	__x64_sys_ni_syscall	... or the one at this entry does, where calls of
 *				unassigned numbers of the table end (attach.c)
 *	trampoline		not in our window of numbers: back to where it
 *				came from
 *	syscall_hook_dispatch	counts the call as in flight, calls the handler,
 *				and returns in the attach point's place
 *
 * Install goes from the bottom up, remove from the top down, so that there is
 * never a way in that does not lead on.
 *
 * C1 to C9 are the steps of a call, I1 to I3 those of install and U1 to U9 those
 * of remove in selftests/models/unload.pml, where every interleaving of them is
 * searched. C1 to C4 come before this file.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/nospec.h>
#include <linux/percpu.h>
#include <linux/ptrace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/stddef.h>
#include <linux/swait.h>
#include <linux/thread_info.h>
#include <asm/unistd.h>

#include "attach.h"
#include "log.h"
#include "numbers.h"
#include "raise.h"
#include "syscall_hook.h"
#include "trampoline.h"

/* The window of numbers that the trampoline keeps from the attach point. */
unsigned int syscall_hook_first;
unsigned int syscall_hook_span;

static_assert(offsetof(struct pt_regs, orig_ax) == SYSCALL_HOOK_ORIG_AX);

static bool installed;

/* By number less syscall_hook_first. */
static long (*handlers[SYSCALL_HOOK_WINDOW])(const struct pt_regs *regs);

/*
 * Calls that are between the two lines in syscall_hook_dispatch(). A caller
 * may leave on another CPU than it entered on: only the sum has a meaning.
 */
static DEFINE_PER_CPU(long, in_flight);
static bool draining;

/*
 * A simple wait queue: its lock does not sleep, on PREEMPT_RT neither, so who
 * wakes somebody up here is covered by Tasks RCU.
 */
static DECLARE_SWAIT_QUEUE_HEAD(drained);

/* For numbers of the window that are nobody's. */
static long no_handler(const struct pt_regs *regs)
{
	return -ENOSYS;
}

/* The i-th number of the window has been called. */
asmlinkage long syscall_hook_dispatch(const struct pt_regs *regs, unsigned int i)
{
	long ret;

	/* __x64_sys_ni_syscall serves 32-bit callers as well. */
	if (unlikely(in_ia32_syscall()))
		return -ENOSYS;

	i = array_index_nospec(i, SYSCALL_HOOK_WINDOW);
	this_cpu_inc(in_flight);			/* C5 */
	ret = handlers[i](regs);			/* C6 */
	this_cpu_dec(in_flight);			/* C7 */

	/* Pairs with wait_until_none_in_flight(), see there. */
	if (unlikely(READ_ONCE(draining)))		/* C8 */
		swake_up_one(&drained);			/* C9 */
	return ret;
}

static long count_in_flight(void)
{
	long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*per_cpu_ptr(&in_flight, cpu));
	return sum;
}

/*
 * Nobody can come in any more, but some may still be on their way. Tasks RCU
 * waits until every task has once slept of its own will or been in user mode,
 * and nothing between the attach point's entry and a handler sleeps. So after the
 * first wait whoever came in is counted, and the counts only fall: a sum of
 * zero is true even though it is read CPU by CPU. Whoever left without seeing
 * `draining` has been subtracted by then, too. After the last wait the leavers
 * have executed their last instruction here, too; it includes a wait for
 * interrupts and preempted sections (synchronize_rcu()).
 */
static void wait_until_none_in_flight(void)
{
	WRITE_ONCE(draining, true);				/* U5 */
	synchronize_rcu_tasks();				/* U6 */
	swait_event_idle_exclusive(drained, !count_in_flight());	/* U7 */
	synchronize_rcu_tasks();				/* U8 */
}

static int choose_window(const struct syscall_hook *calls, size_t count)
{
	unsigned int lowest = UINT_MAX, highest = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		lowest = min(lowest, calls[i].nr);
		highest = max(highest, calls[i].nr);
	}
	if (!count || highest - lowest >= SYSCALL_HOOK_WINDOW) {
		hook_err("the %zu numbers from %u to %u do not fit in a window of %d\n",
			 count, lowest, highest, SYSCALL_HOOK_WINDOW);
		return -EINVAL;
	}

	syscall_hook_first = lowest;
	syscall_hook_span = highest - lowest + 1;
	return 0;
}

static int fill_window(const struct syscall_hook *calls, size_t count)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(handlers); i++)
		handlers[i] = no_handler;
	for (i = 0; i < count; i++) {
		unsigned int slot = calls[i].nr - syscall_hook_first;

		if (handlers[slot] != no_handler) {
			hook_err("system call number %u is given twice\n",
				 calls[i].nr);
			return -EINVAL;
		}
		handlers[slot] = calls[i].handler;
	}
	return 0;
}

/*
 * What can be had here? @at_dispatch: the attach point is one that all numbers
 * pass. @raisable: the bounds can be raised so that those beyond the table do.
 */
static int look(bool *at_dispatch, bool *raisable)
{
	int err = hook_raise_prepare(raisable);

	return err ?: hook_attach_prepare(at_dispatch);
}

/*
 * Numbers in between that are nobody's have to be free as well: the trampoline
 * takes the whole window. Only where bounds have to be raised does it matter
 * whether they can be.
 */
static int check(void)
{
	unsigned int end = syscall_hook_first + syscall_hook_span;
	bool at_dispatch, raisable;
	int err;

	err = look(&at_dispatch, &raisable);
	if (err)
		return err;
	err = hook_numbers_check(syscall_hook_first, end - 1, at_dispatch);
	if (err)
		return err;
	return end > NR_syscalls && !raisable ? hook_raise_refuse() : 0;
}

/* The functions that are attached to are in use then. */
static int refuse_again(void)
{
	hook_err("this module has added its system calls already\n");
	return -EBUSY;
}

/**
 * syscall_hook_choose() - find numbers for who has not been told which to take
 * @preferred: the first of those that are taken where they are nobody's
 * @count: how many, side by side
 *
 * Where the preferred ones cannot be had it is the first free ones side by side
 * of 387 to 423, and the log says why. Changes nothing; what is chosen is for
 * syscall_hook_install(), which looks again.
 *
 * Context: Process context, no lock held. May sleep.
 *
 * Return: the first of the numbers, or
 * * -EOPNOTSUPP - the kernel does not look as it must
 * * -EBUSY - there are no such numbers, another module has added some, or this
 *   one has already
 * * -ENOMEM - no memory; the log may be silent about it
 */
int syscall_hook_choose(unsigned int preferred, unsigned int count)
{
	bool at_dispatch, raisable;
	int err;

	if (installed)
		return refuse_again();
	err = look(&at_dispatch, &raisable);
	if (err)
		return err;
	return hook_numbers_choose(preferred, count, at_dispatch && raisable);
}

/**
 * syscall_hook_install() - add system calls to the running kernel
 * @calls: their numbers and handlers; need not outlive this function
 * @count: how many
 *
 * All is checked before anything is changed, and on failure nothing stays
 * changed; the log then says what was found and what can be done.
 *
 * Context: Process context, no lock held. May sleep.
 *
 * Return: 0, or
 * * -EINVAL - no numbers, one twice, too far apart, or one out of reach
 * * -EOPNOTSUPP - the kernel does not look as it must
 * * -EBUSY - a number, or one between them, belongs to the kernel or to another
 *   module, ftrace is switched off, the attach point has another user, or this
 *   module has installed calls already
 * * -EIO - the kernel's text does not take what is written
 * * -ENOMEM - no memory; the log may be silent about it
 */
int syscall_hook_install(const struct syscall_hook *calls, size_t count)
{
	int err;

	if (installed)
		return refuse_again();
	err = choose_window(calls, count);
	if (err)
		return err;
	err = fill_window(calls, count);
	if (err)
		return err;
	err = check();
	if (err)
		return err;

	WRITE_ONCE(draining, false);
	err = hook_attach();						/* I1 */
	if (err)
		return err;
	err = hook_raise(syscall_hook_first + syscall_hook_span);	/* I2, I3 */
	if (err)
		goto detach;
	installed = true;
	return 0;

detach:
	hook_detach();
	wait_until_none_in_flight();
	return err;
}

/**
 * syscall_hook_remove() - undo syscall_hook_install()
 *
 * Calls in flight are waited for and end with what their handler says, later
 * ones get -ENOSYS from the kernel itself. On return no handler runs and none
 * will. If ftrace has shut itself down after an internal error it takes
 * nothing out any more: then this does not return, and the log says so.
 *
 * Context: Process context, no lock held. Sleeps.
 */
void syscall_hook_remove(void)
{
	hook_lower();			/* U1 to U3 */
	hook_detach();			/* U4 */
	wait_until_none_in_flight();	/* U5 to U8 */
	installed = false;
}

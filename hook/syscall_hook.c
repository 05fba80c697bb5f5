// SPDX-License-Identifier: GPL-2.0
/*
 * Installs and removes system calls, and dispatches them. The path of a call:
 *
 *	the kernel's way	from the entry to the attach point, which ftrace traces:
 *				x86/ or arm64/. A number outside the window goes on there.
 *	syscall_hook_dispatch	counts the call as in flight, calls the handler,
 *				and returns to the attach point's caller
 *
 * Install works from the bottom of this path to the top, remove from the top to
 * the bottom, so whatever a call can reach has the rest of the path below it.
 *
 * C1 to C9 (a call), I1 to I3 (install) and U1 to U9 (remove) mark the steps that
 * have the same names in selftests/models/unload.pml, a model in which every
 * interleaving of them is searched. C1 to C4 are on the way to the dispatcher.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/nospec.h>
#include <linux/percpu.h>
#include <linux/ptrace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/swait.h>
#include <asm/unistd.h>

#include "log.h"
#include "numbers.h"
#include "state.h"
#include "syscall_hook.h"
#include "way.h"

static struct hook_state hook;
static bool installed;

/* The window: its first number, and how many numbers it has. */
unsigned int syscall_hook_first;
unsigned int syscall_hook_span;

/*
 * The index is a number minus syscall_hook_first. Like the window, it is written only
 * while nothing is attached. hook_attach() orders that before a call's reads.
 */
static long (*handlers[SYSCALL_HOOK_WINDOW])(const struct pt_regs *regs);

/*
 * Calls between C5 and C7. A call may leave on another CPU than it entered on,
 * so only the sum over all CPUs has a meaning.
 */
static DEFINE_PER_CPU(long, in_flight);
static bool draining;

/*
 * A simple wait queue: its lock does not sleep, even on PREEMPT_RT, so Tasks RCU
 * covers the waker.
 */
static DECLARE_SWAIT_QUEUE_HEAD(drained);

/* For the numbers of the window that are not in the table given to install. */
static long unassigned_number(const struct pt_regs *regs)
{
	return -ENOSYS;
}

/* @i: the number called, minus syscall_hook_first. */
asmlinkage long syscall_hook_dispatch(const struct pt_regs *regs, unsigned int i)
{
	long ret;

	if (unlikely(hook_is_32_bit_caller()))
		return -ENOSYS;

	i = array_index_nospec(i, SYSCALL_HOOK_WINDOW);
	this_cpu_inc(in_flight);			/* C5 */
	ret = handlers[i](regs);			/* C6 */
	this_cpu_dec(in_flight);			/* C7 */

	/* Pairs with U5 to U7, see drain_calls(): no barrier is needed here. */
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
 * No new call can enter, but some may still be in progress. Tasks RCU waits
 * until every task has slept voluntarily or been in user mode, and nothing
 * between the attach point's entry and a handler sleeps. So after the first wait
 * each call in progress is counted, and the counts only fall: a sum of zero is
 * true even though it is read CPU by CPU. A call that left without seeing
 * `draining` has been subtracted by then, too. After the last wait, calls that
 * were leaving have executed their last instruction here. That wait includes
 * synchronize_rcu(), which waits for interrupts and preempted sections.
 *
 * U6 pairs with C3 to C5 and with C7 and C8, the lock of the queue in U7 with that in C9,
 * and U8 with C6 to C9: selftests/litmus/in_flight.litmus, selftests/litmus/draining.litmus.
 */
static void drain_calls(void)
{
	WRITE_ONCE(draining, true);				/* U5 */
	synchronize_rcu_tasks();				/* U6 */
	swait_event_idle_exclusive(drained, !count_in_flight());	/* U7 */
	synchronize_rcu_tasks();				/* U8 */
}

static int set_window(const struct syscall_hook *calls, size_t count)
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

static int set_handlers(const struct syscall_hook *calls, size_t count)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(handlers); i++)
		handlers[i] = unassigned_number;
	for (i = 0; i < count; i++) {
		unsigned int slot = calls[i].nr - syscall_hook_first;

		if (handlers[slot] != unassigned_number) {
			hook_err("system call number %u is given twice\n",
				 calls[i].nr);
			return -EINVAL;
		}
		handlers[slot] = calls[i].handler;
	}
	return 0;
}

static int refuse_second_install(void)
{
	hook_err("this module has already added its system calls\n");
	return -EBUSY;
}

/**
 * syscall_hook_choose() - choose adjacent system call numbers that can be used
 * @preferred: the first of the numbers to use if all of them can be used
 * @count: how many numbers
 *
 * If the preferred numbers cannot be used, the first adjacent free numbers from
 * 387 to 423 are chosen, and the log says why. Changes nothing in the kernel.
 * syscall_hook_install() checks the numbers again.
 *
 * Context: Process context, no lock held. May sleep.
 *
 * Return: the first of the numbers, or
 * * -EOPNOTSUPP - the kernel is not as expected
 * * -EBUSY - no such numbers are free, or this module or another one has
 *   already added system calls
 * * -ENOMEM - no memory; the log may be silent about it
 */
int syscall_hook_choose(unsigned int preferred, unsigned int count)
{
	int err;

	if (installed)
		return refuse_second_install();
	err = hook_way_prepare(&hook);
	if (err)
		return err;
	return hook_numbers_choose(preferred, count, hook_way_beyond_table(&hook));
}

/**
 * syscall_hook_install() - add system calls to the running kernel
 * @calls: their numbers and handlers; copied
 * @count: how many calls
 *
 * Everything is checked before anything is changed. On failure nothing stays
 * changed, and the log says what was found and what to do.
 *
 * Context: Process context, no lock held. May sleep.
 *
 * Return: 0, or
 * * -EINVAL - no numbers, one twice, too far apart, or one too high
 * * -EOPNOTSUPP - the kernel is not as expected
 * * -EBUSY - a number, or one between them, belongs to the kernel or to another
 *   module; ftrace is off; the attach point has another user; or this module
 *   has already added its system calls
 * * -EIO - the kernel's text does not read as it was written
 * * -ENOMEM - no memory; the log may be silent about it
 */
int syscall_hook_install(const struct syscall_hook *calls, size_t count)
{
	int err;

	if (installed)
		return refuse_second_install();
	err = set_window(calls, count);
	if (err)
		return err;
	err = set_handlers(calls, count);
	if (err)
		return err;
	err = hook_way_prepare(&hook);
	if (err)
		return err;
	err = hook_way_check(&hook, syscall_hook_first, syscall_hook_first + syscall_hook_span);
	if (err)
		return err;

	/* Needs no order: a call that still sees true wakes nobody. */
	WRITE_ONCE(draining, false);
	err = hook_attach(&hook);					/* I1 */
	if (err)
		goto drain;
	err = hook_raise_bounds(&hook, syscall_hook_first + syscall_hook_span);	/* I2, I3 */
	if (err)
		goto detach;
	installed = true;
	return 0;

detach:
	hook_detach(&hook);
drain:	/* A refused attach may have let calls in, too. */
	drain_calls();
	return err;
}

/**
 * syscall_hook_remove() - undo syscall_hook_install()
 *
 * Waits for calls in flight, which return what their handlers return; later
 * calls get -ENOSYS from the kernel itself. On return no handler runs, and none
 * will. If ftrace has shut itself down after an internal error, it can no
 * longer detach anything: then this function does not return, and the log says
 * so.
 *
 * Context: Process context, no lock held. Sleeps.
 */
void syscall_hook_remove(void)
{
	hook_lower_bounds(&hook);	/* U1 to U3 */
	hook_detach(&hook);		/* U4 */
	drain_calls();			/* U5 to U8 */
	installed = false;
}

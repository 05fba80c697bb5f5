// SPDX-License-Identifier: GPL-2.0
/*
 * Widens the race window between two steps of a call: delays every n-th task
 * that enters a function, or that leaves it. It uses a direct call, as the hook
 * does, and not a kprobe: a kprobe's handler cannot be preempted or sleep, and
 * those are the cases to test.
 *
 * If the function is not in a module, only calls from modules are delayed.
 *
 * With after=1 tasks in the function return through this module, so it may be
 * unloaded only when no task is in the function.
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/ftrace.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "attach_arch.h"
#include "widen.h"

static unsigned long address;
module_param(address, ulong, 0444);
MODULE_PARM_DESC(address, "address of the function's first byte");

static bool after;
module_param(after, bool, 0444);
MODULE_PARM_DESC(after, "delay tasks that leave it, not those that enter");

static char *how = "busy";
module_param(how, charp, 0444);
MODULE_PARM_DESC(how, "busy: spin; sleep; preempt: spin, and yield to other tasks");

static unsigned int us = 100;
module_param(us, uint, 0444);
MODULE_PARM_DESC(us, "length of the delay, in microseconds");

static unsigned int every = 1;
module_param(every, uint, 0444);
MODULE_PARM_DESC(every, "delay every n-th task");

static atomic_t passed;
static atomic_t inside;

static int hits_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%u\n", atomic_read(&passed) / every);
}

static const struct kernel_param_ops hits_ops = {
	.get = hits_get,
};

module_param_cb(hits, &hits_ops, NULL, 0444);
MODULE_PARM_DESC(hits, "number of tasks that have been delayed");

static void yield_to_others(void)
{
	preempt_disable();
	set_tsk_need_resched(current);
	set_preempt_need_resched();
	/* A preemptible kernel switches tasks here, others in the next line. */
	preempt_enable();
	cond_resched();
}

static void delay_task(void)
{
	ktime_t end = ktime_add_us(ktime_get(), us);

	if (*how == 's') {
		usleep_range(us, us + us / 4);
		return;
	}
	while (ktime_before(ktime_get(), end)) {
		/* An emulator that runs one CPU at a time may switch CPUs here. */
		cpu_relax();
		if (*how == 'p')
			yield_to_others();
	}
}

asmlinkage void widen(unsigned long caller)
{
	if (address < MODULES_VADDR && (caller < MODULES_VADDR || caller >= MODULES_END))
		return;
	atomic_inc(&inside);
	if (atomic_inc_return(&passed) % every == 0)
		delay_task();
	atomic_dec(&inside);
}

static struct ftrace_ops widen_ops;

static unsigned long widen_trampoline(void)
{
	return (unsigned long)(after ? widen_after : widen_before);
}

static int __init widen_init(void)
{
	int err;

	if (!every || (strcmp(how, "busy") && strcmp(how, "sleep") && strcmp(how, "preempt")))
		return -EINVAL;
	err = ftrace_set_filter_ip(&widen_ops, address, 0, 0);
	if (err)
		return err;
	err = attach_direct(&widen_ops, widen_trampoline());
	if (err)
		ftrace_free_filter(&widen_ops);
	return err;
}

static void __exit widen_exit(void)
{
	detach_direct(&widen_ops, widen_trampoline());
	ftrace_free_filter(&widen_ops);
	/* Then every task that entered is counted. Tasks RCU does not wait for sleepers. */
	synchronize_rcu_tasks();
	while (atomic_read(&inside))
		usleep_range(1000, 2000);
	synchronize_rcu_tasks();
}

module_init(widen_init);
module_exit(widen_exit);

MODULE_DESCRIPTION("Widens a race window between two steps of a call, for tests");
MODULE_LICENSE("GPL");

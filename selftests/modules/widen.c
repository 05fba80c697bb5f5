// SPDX-License-Identifier: GPL-2.0
/*
 * Makes a window between two steps of a call wide: every so-many-th time, whoever
 * enters a function, or leaves it, is held up there for a while. It is a direct
 * call, as the hook's own, and not a kprobe: in a kprobe's handler nobody can be
 * preempted or sleep, and what happens then is the question.
 *
 * Of a function of the kernel, only calls by modules are held up.
 *
 * To be taken out when nobody is in the function any more: with after=1 who is
 * returns through this module.
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

#include "../../hook/compat.h"
#include "widen.h"

static unsigned long address;
module_param(address, ulong, 0444);
MODULE_PARM_DESC(address, "where the function begins");

static bool after;
module_param(after, bool, 0444);
MODULE_PARM_DESC(after, "hold up those who leave it, not those who enter");

static char *how = "busy";
module_param(how, charp, 0444);
MODULE_PARM_DESC(how, "busy: they compute; sleep; preempt: others run as often as they like");

static unsigned int us = 100;
module_param(us, uint, 0444);
MODULE_PARM_DESC(us, "how long, in microseconds");

static unsigned int every = 1;
module_param(every, uint, 0444);
MODULE_PARM_DESC(every, "each so-many-th of them");

static atomic_t passed;
static atomic_t inside;

static int held_up_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%u\n", atomic_read(&passed) / every);
}

static const struct kernel_param_ops held_up_ops = {
	.get = held_up_get,
};

module_param_cb(hits, &held_up_ops, NULL, 0444);
MODULE_PARM_DESC(hits, "how many have been held up");

static void let_others_run(void)
{
	preempt_disable();
	set_tsk_need_resched(current);
	set_preempt_need_resched();
	/* Here where the kernel preempts, in the next line where it does not. */
	preempt_enable();
	cond_resched();
}

static void hold_up(void)
{
	ktime_t end = ktime_add_us(ktime_get(), us);

	if (*how == 's') {
		usleep_range(us, us + us / 4);
		return;
	}
	while (ktime_before(ktime_get(), end)) {
		/* Lets an emulator that runs one processor at a time change it. */
		cpu_relax();
		if (*how == 'p')
			let_others_run();
	}
}

asmlinkage void widen(unsigned long caller)
{
	if (address < MODULES_VADDR && (caller < MODULES_VADDR || caller >= MODULES_END))
		return;
	atomic_inc(&inside);
	if (atomic_inc_return(&passed) % every == 0)
		hold_up();
	atomic_dec(&inside);
}

static struct ftrace_ops widen_ops;

static unsigned long trampoline(void)
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
	err = attach_direct(&widen_ops, trampoline());
	if (err)
		ftrace_free_filter(&widen_ops);
	return err;
}

static void __exit widen_exit(void)
{
	detach_direct(&widen_ops, trampoline());
	ftrace_free_filter(&widen_ops);
	/* Whoever came in is counted after this; Tasks RCU knows nothing of those that sleep. */
	synchronize_rcu_tasks();
	while (atomic_read(&inside))
		usleep_range(1000, 2000);
	synchronize_rcu_tasks();
}

module_init(widen_init);
module_exit(widen_exit);

MODULE_DESCRIPTION("Widens a window between two steps of a call, for tests");
MODULE_LICENSE("GPL");

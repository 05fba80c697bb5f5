// SPDX-License-Identifier: GPL-2.0
/*
 * Tells boxes.c that an IPC namespace ends. The kernel offers modules no callback for
 * that, but it calls msg_exit_ns(ns) once for each namespace that ends, before the
 * memory of the namespace is freed, and ftrace can trace that function.
 */
#include <linux/errno.h>
#include <linux/ftrace.h>
#include <linux/rcupdate.h>

#include "../hook/guard.h"
#include "../hook/log.h"
#include "../hook/symbol.h"
#include "boxes.h"
#include "compat.h"
#include "namespace_end.h"
#include "syscall_hook_arch.h"

#define FUNCTION "msg_exit_ns"

/* Must not sleep. */
static void namespace_ends(unsigned long ip, unsigned long parent_ip,
			   struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	/* N4 */
	msgbox_namespace_ends((struct ipc_namespace *)first_argument(fregs));
}

/* PERMANENT: while it is registered, kernel.ftrace_enabled=0 is refused. */
static struct ftrace_ops watch = {
	.func = namespace_ends,
	.flags = FTRACE_OPS_FL_PERMANENT,
};

/* Where ftrace calls it. */
static unsigned long watched;

/**
 * namespace_end_watch() - call msgbox_namespace_ends() for each IPC namespace that ends
 *
 * The filter is set by address, and not with ftrace_set_filter(). Where that has no memory
 * to note the function, it reports success, and an empty filter stands for all functions
 * (match_records() in kernel/trace/ftrace.c).
 *
 * Does not return if ftrace shuts itself down meanwhile, as namespace_end_unwatch().
 *
 * Context: Process context. May sleep.
 *
 * Return: 0; -EOPNOTSUPP if the kernel is not as expected, or -EBUSY if ftrace is
 * switched off, and the log says so; -ENOMEM.
 */
int namespace_end_watch(void)
{
	struct hook_symbol function;
	int err = hook_symbol_find(FUNCTION, &function);

	if (err)
		return err;
	/*
	 * A processor that executes ftrace's call must see what has been stored before. Pairs
	 * with N4: selftests/litmus/watch.litmus.
	 */
	synchronize_rcu();
	watched = function.start + HOOK_FTRACE_OFFSET;
	err = ftrace_set_filter_ip(&watch, watched, 0, 1);
	if (!err) {
		err = register_ftrace_function(&watch);
		/* ftrace shut down a moment ago, and may have written the call before. */
		if (err == -ENODEV)
			hook_stay_forever(FUNCTION);
	}
	if (!err)
		return 0;

	ftrace_free_filter(&watch);
	if (err == -EBUSY)
		hook_err("ftrace is switched off; switch it on: sysctl kernel.ftrace_enabled=1\n");
	else if (err == -ENODEV)
		hook_err("ftrace has shut itself down after an error; reboot the machine\n");
	else if (err != -ENOMEM)
		hook_err("ftrace cannot trace %s (error %d); this kernel is not supported\n",
			 FUNCTION, err);
	return err == -EBUSY || err == -ENOMEM ? err : -EOPNOTSUPP;
}

/**
 * namespace_end_unwatch() - undo namespace_end_watch()
 *
 * On return msgbox_namespace_ends() does not run, and will not be called. Does not
 * return if ftrace has shut itself down after an internal error, as it can detach
 * nothing then; the log says so. If it does so meanwhile, only the next call to it fails,
 * and its own call may still be in the text.
 *
 * Context: Process context. Sleeps.
 */
void namespace_end_unwatch(void)
{
	if (unregister_ftrace_function(&watch) ||
	    ftrace_set_filter_ip(&watch, watched, 1, 0) == -ENODEV)
		hook_stay_forever(FUNCTION);
	ftrace_free_filter(&watch);
}

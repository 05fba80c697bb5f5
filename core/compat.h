/* SPDX-License-Identifier: GPL-2.0 */
/* What differs between kernel versions. */
#ifndef _DM510_COMPAT_H
#define _DM510_COMPAT_H

#include <linux/ftrace.h>
#include <linux/version.h>

/* The first argument of a function that ftrace has stopped at its entry. */
static inline unsigned long first_argument(struct ftrace_regs *fregs)
{
/* 94d095ffa0e1 ("ftrace: abstract DYNAMIC_FTRACE_WITH_ARGS accesses"): 6.3 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
	return fregs->regs.di;
#else
	return ftrace_regs_get_argument(fregs, 0);
#endif
}

#endif /* _DM510_COMPAT_H */

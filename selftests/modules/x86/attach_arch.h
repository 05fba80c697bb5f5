/* SPDX-License-Identifier: GPL-2.0 */
/* How a module attaches to a function of the kernel on x86. */
#ifndef _ATTACH_ARCH_H
#define _ATTACH_ARCH_H

#include "../../../hook/x86/compat.h"

/* From a function's first byte to the place of ftrace. */
#define FTRACE_OFFSET	0

/* The flags of a user that may redirect the function. */
#define REDIRECT_FLAGS	FTRACE_OPS_FL_IPMODIFY

#endif /* _ATTACH_ARCH_H */

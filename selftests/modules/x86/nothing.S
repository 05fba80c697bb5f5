/* SPDX-License-Identifier: GPL-2.0 */
/* The target of a direct call that changes nothing. */
#include <linux/linkage.h>

#include "../../../hook/x86/compat.h"

SYM_START(do_nothing, SYM_L_GLOBAL, SYM_A_ALIGN)
	ENDBR
	RET
SYM_FUNC_END(do_nothing)

/* SPDX-License-Identifier: GPL-2.0 */
/* The figures that the module shows of its box. */
#ifndef SELFTESTS_SYSFS_H
#define SELFTESTS_SYSFS_H

#include "calls.h"

#define FIGURES_FOLDER "/sys/kernel/dm510_msgbox"

/* One of the figures, or the error as a negative number. */
static inline long figure(const char *name)
{
	return read_number(FIGURES_FOLDER, name);
}

#endif

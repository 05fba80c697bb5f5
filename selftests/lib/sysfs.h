/* SPDX-License-Identifier: GPL-2.0 */
/* The figures about the box that the module shows in sysfs. */
#ifndef SELFTESTS_SYSFS_H
#define SELFTESTS_SYSFS_H

#include "calls.h"

#define FIGURES_FOLDER "/sys/kernel/dm510_msgbox"

/* Returns a figure, or the error as a negative number. */
static inline long figure(const char *name)
{
	return read_number(FIGURES_FOLDER, name);
}

#endif

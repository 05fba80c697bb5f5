/* SPDX-License-Identifier: GPL-2.0 */
/* The figures that the module shows of its box. */
#ifndef SELFTESTS_SYSFS_H
#define SELFTESTS_SYSFS_H

#include "calls.h"

#define FIGURES_FOLDER "/sys/kernel/dm510_msgbox"

/* One of the figures, or the error as a negative number. */
static inline long figure(const char *name)
{
	char path[128];
	long value;
	FILE *file;

	snprintf(path, sizeof(path), FIGURES_FOLDER "/%s", name);
	file = fopen(path, "r");
	if (!file)
		return -errno;
	if (fscanf(file, "%ld", &value) != 1)
		value = -EINVAL;
	fclose(file);
	return value;
}

#endif

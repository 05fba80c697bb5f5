/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel says about its memory. */
#ifndef SELFTESTS_MEMINFO_H
#define SELFTESTS_MEMINFO_H

#include "calls.h"

/* A line of /proc/meminfo, in bytes, or a negative number if there is none. */
static inline long meminfo_bytes(const char *name)
{
	FILE *file = fopen("/proc/meminfo", "r");
	size_t len = strlen(name);
	char line[128];
	long kib = -1;

	while (file && kib < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, len) && line[len] == ':')
			kib = atol(line + len + 1);
	if (file)
		fclose(file);
	return kib * KIB;
}

#endif

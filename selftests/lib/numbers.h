/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The numbers of the two calls: from the environment if they are set there, which also
 * works before the module is loaded, else from the loaded module.
 */
#ifndef SELFTESTS_NUMBERS_H
#define SELFTESTS_NUMBERS_H

#include <stdio.h>
#include <stdlib.h>

#include <linux/dm510_msgbox.h>

#define NUMBERS_FOLDER	"/sys/module/dm510_msgbox/parameters/"

static long put_nr = __NR_dm510_msgbox_put;
static long get_nr = __NR_dm510_msgbox_get;

static inline void find_number(long *nr, const char *variable, const char *path)
{
	const char *value = getenv(variable);
	FILE *file;

	if (value) {
		*nr = strtol(value, NULL, 0);
		return;
	}
	file = fopen(path, "r");
	if (!file)
		return;
	if (fscanf(file, "%ld", nr) != 1)
		abort();
	fclose(file);
}

/* Runs once, before main, so that later calls need no lookup. */
static void __attribute__((constructor)) find_numbers(void)
{
	find_number(&put_nr, "DM510_MSGBOX_PUT_NR", NUMBERS_FOLDER "put_nr");
	find_number(&get_nr, "DM510_MSGBOX_GET_NR", NUMBERS_FOLDER "get_nr");
}

#endif

// SPDX-License-Identifier: GPL-2.0
#include "../lib/calls.h"
#include "module.h"

static bool load(const char *ko)
{
	char parameters[64];
	int file = open(ko, O_RDONLY);
	long ret;

	snprintf(parameters, sizeof(parameters), "put_nr=%ld get_nr=%ld", put_nr, get_nr);
	ret = syscall(SYS_finit_module, file, parameters, 0);
	close(file);
	return !ret;
}

bool module_cycle(const char *ko, char *why, size_t size)
{
	if (syscall(SYS_delete_module, "dm510_msgbox", O_NONBLOCK))
		snprintf(why, size, "cannot unload the module: %m");
	else if (put("", 0) != -ENOSYS || get("", 0) != -ENOSYS)
		snprintf(why, size, "the system calls exist without the module");
	else if (!load(ko))
		snprintf(why, size, "cannot load the module again: %m");
	else
		return true;
	return false;
}

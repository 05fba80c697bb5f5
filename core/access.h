/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DM510_ACCESS_H
#define _DM510_ACCESS_H

#include <linux/compiler.h>
#include <linux/types.h>

#define ACCESS_MODE_ALL		0666

/* The bits of the mode that a get and a put need. One class's bit is enough. */
#define ACCESS_GET		0444
#define ACCESS_PUT		0222

extern unsigned int access_mode;

/*
 * Whether access_allowed() would always be true. Not READ_ONCE(), which would cost an
 * instruction more; the mode is compared once.
 */
static __always_inline bool access_for_everyone(void)
{
	/* Whether root changes the mode before or after does not matter. */
	return data_race(access_mode) == ACCESS_MODE_ALL;
}

bool access_allowed(unsigned int needed);

#endif /* _DM510_ACCESS_H */

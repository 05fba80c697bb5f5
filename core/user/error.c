// SPDX-License-Identifier: LGPL-2.1-or-later
/* The text of the last error, one for each thread. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "backend.h"

static __thread char formatted[512];
static __thread const char *last_text;

int failed(int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(formatted, sizeof(formatted), format, arguments);
	va_end(arguments);
	return failed_text(error, formatted);
}

int failed_text(int error, const char *text)
{
	last_text = text;
	errno = error;
	return -1;
}

const char *msgbox_error(void)
{
	return last_text ? last_text : "no call of libmsgbox has failed in this thread";
}

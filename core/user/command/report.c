// SPDX-License-Identifier: GPL-2.0
/* Complaints, and the exit statuses that go with errors. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "progress.h"

static void vcomplain(const char *format, va_list arguments)
{
	progress_clear();
	fputs("msgbox: ", stderr);
	if (running)
		fprintf(stderr, "%s: ", running->name);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

void complain(const char *format, ...)
{
	int error = errno;
	va_list arguments;

	va_start(arguments, format);
	vcomplain(format, arguments);
	va_end(arguments);
	errno = error;
}

void suggest_help(void)
{
	fprintf(stderr, "Try 'msgbox%s%s --help'.\n", running ? " " : "",
		running ? running->name : "");
}

noreturn void usage_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vcomplain(format, arguments);
	va_end(arguments);
	suggest_help();
	exit(STATUS_USAGE);
}

enum status status_of(int error)
{
	switch (error) {
	case ENODATA:
		return STATUS_EMPTY;
	case EMSGSIZE:
		return STATUS_TOO_LONG;
	case EAGAIN:
		return STATUS_FULL;
	case EACCES:
	case EPERM:
		return STATUS_DENIED;
	case ENOSYS:
	case ENXIO:
	case ENODEV:
	case ENOENT:		/* the server's socket */
	case ENOTSOCK:
	case ECONNREFUSED:
	case ECONNRESET:
	case ECONNABORTED:
	case ENOTCONN:
	case EPIPE:
	case ETIMEDOUT:
	case EHOSTDOWN:
	case EHOSTUNREACH:
	case ENETDOWN:
	case ENETUNREACH:
		return STATUS_UNREACHABLE;
	default:
		return STATUS_ERROR;
	}
}

enum status status_of_wait(int error)
{
	return error == ETIMEDOUT ? STATUS_EMPTY : status_of(error);
}

enum status flush_output(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return STATUS_OK;
	complain("cannot write to standard output: %s", strerror(errno));
	return STATUS_ERROR;
}

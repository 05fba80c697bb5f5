// SPDX-License-Identifier: GPL-2.0

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "progress.h"

#define FIRST_MS	2000
#define INTERVAL_MS	500

static bool on, shown;
static deadline_t next;
static uint64_t messages, bytes;

void progress_begin(void)
{
	on = isatty(STDERR_FILENO);
	next = deadline_in(FIRST_MS);
}

void progress_add(size_t length)
{
	messages++;
	bytes += length;
	if (!on || deadline_left(next))
		return;
	next = deadline_in(INTERVAL_MS);
	shown = true;
	fprintf(stderr, "\r\033[K%llu messages, %llu bytes", (unsigned long long)messages,
		(unsigned long long)bytes);
	fflush(stderr);
}

void progress_clear(void)
{
	if (!shown)
		return;
	shown = false;
	fputs("\r\033[K", stderr);
}

// SPDX-License-Identifier: GPL-2.0
/* msgbox drain: empties the box. */

#include <stdio.h>

#include "command.h"
#include "progress.h"
#include "taking.h"

static const char help[] =
"usage: msgbox drain [--count]\n"
"\n"
"Takes all messages out of the box, discards them and prints how many there were.\n"
"\n"
"      --count  print only the number\n";

static const struct option options[] = {
	{ "count", no_argument, NULL, OPTION_COUNT },
	{ NULL, 0, NULL, 0 }
};

static struct outcome discard(const void *message, size_t length, void *context)
{
	uint64_t *count = context;

	(void)message;
	(*count)++;
	progress_add(length);
	return (struct outcome){ STATUS_OK, false, false };
}

static int run(int argc, char **argv)
{
	struct taking taking = { .all = true };
	bool only_count = false;
	uint64_t count = 0;
	int status, printed;

	while (next_option(argc, argv, "h", options, help) != -1)
		only_count = true;
	no_more_arguments(argc, argv);
	taking.box = open_box();
	progress_begin();
	status = take_each(&taking, discard, &count);
	progress_clear();
	msgbox_close(taking.box);
	printf("%llu%s\n", (unsigned long long)count,
	       only_count ? "" : count == 1 ? " message discarded" : " messages discarded");
	printed = flush_output();
	return status ? status : printed;
}

const struct command drain_command = { "drain", help, run };

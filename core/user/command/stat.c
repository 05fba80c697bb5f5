// SPDX-License-Identifier: GPL-2.0
/* msgbox stat: prints the figures and limits of the box. */

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "signals.h"

static const char help[] =
"usage: msgbox stat [--json] [--watch[=SECONDS]]\n"
"\n"
"Prints the figures and limits of the box, and - for those that it does not have.\n"
"\n"
"  -j, --json   as JSON, with null for those that the box does not have\n"
"      --watch  print the figures again every second, or every SECONDS, a line each time\n";

static const struct option options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "watch", optional_argument, NULL, OPTION_WATCH },
	{ NULL, 0, NULL, 0 }
};

static const struct figure {
	const char *name, *meaning;
	size_t offset;
	bool is_limit;
} all_figures[] = {
#define FIGURE(name, meaning) { #name, meaning, offsetof(struct msgbox_figures, name), false }
#define LIMIT(name, meaning) { #name, meaning, offsetof(struct msgbox_figures, name), true }
	FIGURE(count, "messages in the box"),
	FIGURE(bytes, "length of these messages together"),
	FIGURE(memory, "bytes of memory that the box holds"),
	FIGURE(pending, "bytes that puts in progress hold"),
	FIGURE(puts, "messages put so far"),
	FIGURE(gets, "messages taken so far"),
	FIGURE(waiting, "readers that wait for a message"),
	LIMIT(max_message_bytes, "limit: bytes of a message"),
	LIMIT(max_bytes, "limit: bytes that the box may hold"),
	LIMIT(max_pending_bytes, "limit: bytes that puts in progress may hold"),
};

/* The value as text, or unknown if the box does not have the figure. */
static const char *value(const struct msgbox_figures *figures, size_t i, const char *unknown)
{
	static char text[24];
	uint64_t number;

	memcpy(&number, (const char *)figures + all_figures[i].offset, sizeof(number));
	if (number == MSGBOX_UNKNOWN)
		return unknown;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	return text;
}

static void print_table(const struct msgbox_figures *figures)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all_figures); i++)
		printf("%-17s  %12s  %s\n", all_figures[i].name, value(figures, i, "-"),
		       all_figures[i].meaning);
}

static void print_json(const struct msgbox_figures *figures)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all_figures); i++)
		printf("%s\"%s\":%s", i ? "," : "{", all_figures[i].name,
		       value(figures, i, "null"));
	puts("}");
}

/* A line of figures without limits, with a heading now and then. */
static void print_line(const struct msgbox_figures *figures)
{
	static unsigned int lines;
	size_t i;

	if (lines++ % 20 == 0) {
		for (i = 0; i < ARRAY_SIZE(all_figures) && !all_figures[i].is_limit; i++)
			printf("%s%12s", i ? " " : "", all_figures[i].name);
		putchar('\n');
	}
	for (i = 0; i < ARRAY_SIZE(all_figures) && !all_figures[i].is_limit; i++)
		printf("%s%12s", i ? " " : "", value(figures, i, "-"));
	putchar('\n');
}

/* Returns false if a signal that ends the command came. */
static bool sleep_ms(int ms)
{
	signals_allow();
	if (!signal_caught())
		poll(NULL, 0, ms);
	signals_hold();
	return !signal_caught();
}

static int print(struct msgbox *box, void (*form)(const struct msgbox_figures *figures))
{
	struct msgbox_figures figures;
	int status;

	if (msgbox_read_figures(box, &figures)) {
		complain("%s", msgbox_error());
		return status_of(errno);
	}
	signals_allow();
	form(&figures);
	status = flush_output();
	signals_hold();
	return status;
}

static int run(int argc, char **argv)
{
	int option, status, watch_ms = 0;
	struct msgbox *box;
	bool json = false;

	while ((option = next_option(argc, argv, "jh", options, help)) != -1) {
		if (option == 'j')
			json = true;
		else
			watch_ms = optarg ? read_seconds_as_ms("--watch", optarg) : 1000;
		if (option == OPTION_WATCH && !watch_ms)
			usage_error("--watch takes more than 0 seconds");
	}
	no_more_arguments(argc, argv);
	box = open_box();
	do {
		status = print(box, json ? print_json : watch_ms ? print_line : print_table);
	} while (!status && watch_ms && sleep_ms(watch_ms));
	msgbox_close(box);
	return status || !watch_ms ? status : STATUS_ERROR;
}

const struct command stat_command = { "stat", help, run };

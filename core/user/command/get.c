// SPDX-License-Identifier: GPL-2.0
/* msgbox get and msgbox wait: take messages and print them. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "output.h"
#include "progress.h"
#include "taking.h"

#define FORM_HELP \
"  -r, --raw      print only the bytes of the message\n" \
"  -0, --null     print a NUL byte instead of a newline after each message\n" \
"  -L, --lengths  print the length in bytes and a newline before each message\n" \
"  -j, --json     print {\"length\":5,\"text\":\"hello\"}, or \"base64\" instead of \"text\" if\n" \
"                 the message is not valid UTF-8; a line for each message\n" \
"\n" \
"A message that cannot be printed goes back on top of the box (exit status 1).\n"

static const char get_help[] =
"usage: msgbox get [-n NUMBER | --all] [--raw | --null | --lengths | --json]\n"
"\n"
"Takes the newest message out of the box and prints it, with a newline.\n"
"\n"
"  -n NUMBER      take that many messages, the newest first\n"
"      --all      take messages until the box is empty; it may be empty already\n"
FORM_HELP
"Exit status: 3 if the box is empty, or does not have NUMBER messages; see\n"
"msgbox --help.\n";

static const char wait_help[] =
"usage: msgbox wait [--timeout SECONDS] [-n NUMBER] [--raw | --null | --lengths | --json]\n"
"\n"
"Like msgbox get, but waits for a message while the box is empty.\n"
"\n"
"      --timeout SECONDS\n"
"                 how long to wait for each message, such as 5 or 0.25; the default is\n"
"                 to wait as long as it takes\n"
"  -n NUMBER      take that many messages\n"
FORM_HELP
"Exit status: 3 if the time is over; see msgbox --help.\n";

static const struct option get_options[] = {
	{ "all", no_argument, NULL, OPTION_ALL },
	{ "raw", no_argument, NULL, 'r' },
	{ "null", no_argument, NULL, '0' },
	{ "lengths", no_argument, NULL, 'L' },
	{ "json", no_argument, NULL, 'j' },
	{ NULL, 0, NULL, 0 }
};

static const struct option wait_options[] = {
	{ "timeout", required_argument, NULL, OPTION_TIMEOUT },
	{ "raw", no_argument, NULL, 'r' },
	{ "null", no_argument, NULL, '0' },
	{ "lengths", no_argument, NULL, 'L' },
	{ "json", no_argument, NULL, 'j' },
	{ NULL, 0, NULL, 0 }
};

/* Changes the form to what an option chooses. */
static void choose_form(int *chosen, int option)
{
	if (*chosen && *chosen != option)
		usage_error("only one of --raw, --null, --lengths and --json is possible");
	*chosen = option;
}

static enum form form_of(int chosen)
{
	switch (chosen) {
	case 'r':
		return FORM_RAW;
	case '0':
		return FORM_NULL;
	case 'L':
		return FORM_LENGTH;
	case 'j':
		return FORM_JSON;
	default:
		return FORM_LINE;
	}
}

static struct outcome print(const void *message, size_t length, void *context)
{
	const enum form *form = context;

	if (output_message(*form, message, length)) {
		complain("cannot write the message: %s",
			 errno == EINTR ? "interrupted" : strerror(errno));
		return (struct outcome){ STATUS_ERROR, true, true };
	}
	progress_add(length);
	return (struct outcome){ STATUS_OK, false, false };
}

static int take_and_print(struct taking *taking, int chosen_form)
{
	enum form form = form_of(chosen_form);
	int status;

	taking->box = open_box();
	/* Messages on the terminal show how far the command is. */
	if (!isatty(STDOUT_FILENO))
		progress_begin();
	status = take_each(taking, print, &form);
	progress_clear();
	msgbox_close(taking->box);
	if (close(STDOUT_FILENO) && !status) {
		complain("cannot write all messages: %s", strerror(errno));
		return STATUS_ERROR;
	}
	return status;
}

static int run_get(int argc, char **argv)
{
	struct taking taking = { 0 };
	int option, form = 0;

	while ((option = next_option(argc, argv, "n:r0Ljh", get_options, get_help)) != -1) {
		if (option == 'n')
			taking.count = read_count("-n", optarg);
		else if (option == OPTION_ALL)
			taking.all = true;
		else
			choose_form(&form, option);
	}
	no_more_arguments(argc, argv);
	if (taking.all && taking.count)
		usage_error("-n and --all cannot be used together");
	if (!taking.count)
		taking.count = 1;
	return take_and_print(&taking, form);
}

static int run_wait(int argc, char **argv)
{
	struct taking taking = { .count = 1, .timeout_ms = MSGBOX_FOREVER };
	int option, form = 0;

	while ((option = next_option(argc, argv, "n:r0Ljh", wait_options, wait_help)) != -1) {
		if (option == 'n')
			taking.count = read_count("-n", optarg);
		else if (option == OPTION_TIMEOUT)
			taking.timeout_ms = read_seconds_as_ms("--timeout", optarg);
		else
			choose_form(&form, option);
	}
	no_more_arguments(argc, argv);
	return take_and_print(&taking, form);
}

const struct command get_command = { "get", get_help, run_get };
const struct command wait_command = { "wait", wait_help, run_wait };

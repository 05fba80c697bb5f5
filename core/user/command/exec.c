// SPDX-License-Identifier: GPL-2.0
/* msgbox exec: runs a program for each message. */

#include <stdio.h>
#include <string.h>

#include "child.h"
#include "command.h"
#include "taking.h"

static const char help[] =
"usage: msgbox exec [-n NUMBER | --all] [--timeout SECONDS | --wait]\n"
"                   [--on-failure put-back|drop|stop] COMMAND [ARGUMENT...]\n"
"\n"
"Takes the newest message out of the box and runs COMMAND with the message on its standard\n"
"input. COMMAND succeeds if its exit status is 0, whether or not it reads its input.\n"
"\n"
"  -n NUMBER     do so for that many messages, one after the other\n"
"      --all     do so until the box is empty, or for ever with --wait\n"
"      --wait    wait for messages while the box is empty\n"
"      --timeout SECONDS\n"
"                the same, but SECONDS at most for each message\n"
"      --on-failure ACTION\n"
"                what to do with the message when COMMAND fails:\n"
"                  put-back  put it back on top of the box, and end (the default)\n"
"                  stop      drop it, and end\n"
"                  drop      drop it, and go on with the next\n"
"\n"
"A message always goes back if COMMAND cannot be run (exit status 127: not found, 126).\n"
"Exit status: that of the last COMMAND that failed, 128 + N if signal N ended it. If none\n"
"failed: 3 if there are not enough messages; see msgbox --help.\n";

static const struct option options[] = {
	{ "all", no_argument, NULL, OPTION_ALL },
	{ "wait", no_argument, NULL, OPTION_WAIT },
	{ "timeout", required_argument, NULL, OPTION_TIMEOUT },
	{ "on-failure", required_argument, NULL, OPTION_ON_FAILURE },
	{ NULL, 0, NULL, 0 }
};

enum action { PUT_BACK, STOP, DROP };

struct executing {
	char **argv;
	enum action on_failure;
};

static struct outcome execute(const void *message, size_t length, void *context)
{
	const struct executing *executing = context;
	struct outcome outcome = { 0 };
	bool started;

	outcome.status = run_child(executing->argv, message, length, &started);
	if (!outcome.status)
		return outcome;
	outcome.put_back = !started || executing->on_failure == PUT_BACK;
	outcome.stop = !started || executing->on_failure != DROP;
	if (started)
		complain("%s failed with status %d%s", executing->argv[0], outcome.status,
			 outcome.put_back ? "" : "; the message is dropped");
	return outcome;
}

static enum action read_action(const char *text)
{
	static const char *const names[] = {
		[PUT_BACK] = "put-back", [STOP] = "stop", [DROP] = "drop",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(text, names[i]))
			return (enum action)i;
	}
	usage_error("--on-failure is put-back, drop or stop, not '%s'", text);
}

/* Reads all but the common options. wait counts the options that say how long to wait. */
static void read_option(int option, struct taking *taking, struct executing *executing, int *wait)
{
	switch (option) {
	case 'n':
		taking->count = read_count("-n", optarg);
		break;
	case OPTION_ALL:
		taking->all = true;
		break;
	case OPTION_WAIT:
		taking->timeout_ms = MSGBOX_FOREVER;
		*wait |= 1;
		break;
	case OPTION_TIMEOUT:
		taking->timeout_ms = read_seconds_as_ms("--timeout", optarg);
		*wait |= 2;
		break;
	case OPTION_ON_FAILURE:
		executing->on_failure = read_action(optarg);
		break;
	}
}

static int run(int argc, char **argv)
{
	struct executing executing = { .on_failure = PUT_BACK };
	struct taking taking = { 0 };
	int option, status, wait = 0;

	/* The first argument that is no option is COMMAND. What follows is for COMMAND. */
	while ((option = next_option(argc, argv, "+n:h", options, help)) != -1)
		read_option(option, &taking, &executing, &wait);
	if (optind == argc)
		usage_error("the program is missing");
	if (taking.all && taking.count)
		usage_error("-n and --all cannot be used together");
	if (wait == 3)
		usage_error("--timeout and --wait cannot be used together");
	if (!taking.count)
		taking.count = 1;
	executing.argv = argv + optind;
	taking.box = open_box();
	status = take_each(&taking, execute, &executing);
	msgbox_close(taking.box);
	return status;
}

const struct command exec_command = { "exec", help, run };

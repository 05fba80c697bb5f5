// SPDX-License-Identifier: GPL-2.0
/* msgbox put: puts arguments or files into the box. */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "input.h"
#include "progress.h"
#include "signals.h"

static const char help[] =
"usage: msgbox put [MESSAGE...]\n"
"       msgbox put [--file FILE]... [--lines | --null]\n"
"\n"
"Puts messages on top of the box. Each MESSAGE is one. Without MESSAGE and --file,\n"
"standard input is one message.\n"
"\n"
"  -f, --file FILE  the file is one message; - is standard input; can be repeated\n"
"  -l, --lines      each line is a message, without its newline\n"
"  -0, --null       messages are separated by NUL bytes\n"
"\n"
"Put -- before a MESSAGE that begins with -. An incomplete last line is a message too.\n"
"The first failure ends the command, which says how many messages it has put before.\n"
"Exit status: 4 if a message is too long, 5 if the box is full; see msgbox --help.\n";

static const struct option options[] = {
	{ "file", required_argument, NULL, 'f' },
	{ "lines", no_argument, NULL, 'l' },
	{ "null", no_argument, NULL, '0' },
	{ NULL, 0, NULL, 0 }
};

struct putting {
	struct msgbox *box;
	int delimiter;
	bool several;		/* there can be more than one message */
	uint64_t done;		/* messages put so far */
};

/* Complains about the message at a place, and says what was put before it. */
static void complain_at(const struct putting *putting, const char *place, const char *why)
{
	const char *colon = *place ? ": " : "";

	if (putting->several)
		complain("%s%s%s; messages put before: %llu", place, colon, why,
			 (unsigned long long)putting->done);
	else
		complain("%s%s%s", place, colon, why);
}

static int put_one(struct putting *putting, const char *message, size_t length, const char *place)
{
	int error;

	if (signal_came()) {
		complain_at(putting, place, "interrupted");
		return STATUS_ERROR;
	}
	if (msgbox_put(putting->box, message, length)) {
		error = errno;
		complain_at(putting, place, msgbox_error());
		return status_of(error);
	}
	putting->done++;
	progress_add(length);
	return STATUS_OK;
}

static int put_arguments(struct putting *putting, char **messages, int count)
{
	char place[40] = "";
	int i, status = STATUS_OK;

	for (i = 0; i < count && !status; i++) {
		if (putting->several)
			snprintf(place, sizeof(place), "argument %d", i + 1);
		status = put_one(putting, messages[i], strlen(messages[i]), place);
	}
	return status;
}

/* The input cannot be read, or its next message is too long. */
static int input_failed(const struct putting *putting, const struct input *input,
			const char *place)
{
	char why[80];
	int error = errno;

	if (error == EMSGSIZE)
		snprintf(why, sizeof(why), "longer than the limit of %zu bytes", input->limit);
	else if (error == EINTR)
		snprintf(why, sizeof(why), "interrupted");
	else
		snprintf(why, sizeof(why), "%s", strerror(error));
	complain_at(putting, place, why);
	return error == EMSGSIZE ? STATUS_TOO_LONG : STATUS_ERROR;
}

static void name_place(char *place, size_t size, const struct input *input, uint64_t number)
{
	if (input->delimiter == WHOLE)
		snprintf(place, size, "%s", input->name);
	else
		snprintf(place, size, "%s, %s %llu", input->name,
			 input->delimiter == '\n' ? "line" : "message", (unsigned long long)number);
}

static int put_input(struct putting *putting, struct input *input)
{
	char place[PATH_MAX + 40];
	const char *message;
	uint64_t number;
	size_t length;
	int next, status;

	for (number = 1; ; number++) {
		name_place(place, sizeof(place), input, number);
		next = input_next(input, &message, &length);
		if (next < 0)
			return input_failed(putting, input, place);
		if (!next)
			return STATUS_OK;
		status = put_one(putting, message, length, place);
		if (status)
			return status;
	}
}

static int put_files(struct putting *putting, char **files, int count)
{
	struct input input;
	int i, status = STATUS_OK;

	for (i = 0; i < count && !status; i++) {
		if (input_open(&input, putting->box, files[i], putting->delimiter))
			return input_failed(putting, &input, input.name);
		status = put_input(putting, &input);
		input_close(&input);
	}
	return status;
}

/* Standard input can be read once. */
static void check_files(char **files, int count)
{
	int i, standard = 0;

	for (i = 0; i < count; i++)
		standard += !strcmp(files[i], "-");
	if (standard > 1)
		usage_error("standard input (-) can be given only once");
}

static int choose_delimiter(int delimiter, int chosen)
{
	if (delimiter != WHOLE && delimiter != chosen)
		usage_error("--lines and --null cannot be used together");
	return chosen;
}

/* Reads the options. Returns the number of files, whose names go to files. */
static int read_options(int argc, char **argv, struct putting *putting, char **files)
{
	int option, count = 0;

	while ((option = next_option(argc, argv, "f:l0h", options, help)) != -1) {
		if (option == 'f')
			files[count++] = optarg;
		else
			putting->delimiter = choose_delimiter(putting->delimiter,
							      option == 'l' ? '\n' : '\0');
	}
	if (optind < argc && (count || putting->delimiter != WHOLE))
		usage_error("--file, --lines and --null are for files, but '%s' is a message",
			    argv[optind]);
	check_files(files, count);
	return count;
}

static int run(int argc, char **argv)
{
	struct putting putting = { .delimiter = WHOLE };
	char *standard = "-", *files[argc];
	int messages, status, count = read_options(argc, argv, &putting, files);

	messages = argc - optind;
	putting.several = messages > 1 || count > 1 || putting.delimiter != WHOLE;
	putting.box = open_box();
	progress_begin();
	if (messages)
		status = put_arguments(&putting, argv + optind, messages);
	else
		status = put_files(&putting, count ? files : &standard, count ? count : 1);
	progress_clear();
	msgbox_close(putting.box);
	return status;
}

const struct command put_command = { "put", help, run };

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of msgbox(1) share: the commands, exit statuses, complaints, options and
 * the box.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include <msgbox.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

enum status {
	STATUS_OK,
	STATUS_ERROR,
	STATUS_USAGE,		/* the arguments are wrong, or the URL */
	STATUS_EMPTY,		/* the box is empty, or the time is over */
	STATUS_TOO_LONG,
	STATUS_FULL,
	STATUS_UNREACHABLE,	/* the module is not loaded, or there is no answer */
	STATUS_DENIED,
};

struct command {
	const char *name;
	const char *help;
	int (*run)(int argc, char **argv);
};

extern const struct command put_command, get_command, wait_command, exec_command;
extern const struct command stat_command, drain_command;

/* The command that runs. Complaints begin with its name. NULL: none yet. */
extern const struct command *running;

/* report.c */

/* Prints "msgbox: COMMAND: TEXT" to standard error. Keeps errno. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Tells how to learn about the usage. */
void suggest_help(void);

/* Complains about the arguments, names --help and exits. */
noreturn void usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The exit status for an errno that the library has set. */
enum status status_of(int error);

/* The same after a wait: its ETIMEDOUT means that the box was empty for so long. */
enum status status_of_wait(int error);

/* Flushes standard output. Complains and returns STATUS_ERROR if it cannot be written. */
enum status flush_output(void);

/* options.c */

/* Options without a letter. */
enum {
	OPTION_BOX = 256,
	OPTION_ALL,
	OPTION_TIMEOUT,
	OPTION_WAIT,
	OPTION_ON_FAILURE,
	OPTION_WATCH,
	OPTION_COUNT,
	OPTION_VERSION,
};

/*
 * getopt_long(3) for a command's options and those of all commands: --box, and --help, which
 * prints help. It exits if an option is wrong.
 */
int next_option(int argc, char **argv, const char *letters, const struct option *options,
		const char *help);

/* Exits with a usage error unless all arguments were options. */
void no_more_arguments(int argc, char **argv);

/* Each reads an option's value, or exits with a usage error. */
uint64_t read_count(const char *option, const char *text);
int read_seconds_as_ms(const char *option, const char *text);

/* Opens the box of --box or MSGBOX_URL, and catches signals. Exits if that fails. */
struct msgbox *open_box(void);

#endif

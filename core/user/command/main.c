// SPDX-License-Identifier: GPL-2.0
/* msgbox(1): puts messages into a box and takes them out, from a shell. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "signals.h"

static const char help[] =
"usage: msgbox [--box URL] COMMAND ...\n"
"\n"
"Passes messages between processes through a box: last in, first out.\n"
"\n"
"  put    put messages into the box\n"
"  get    take the newest message and print it\n"
"  wait   the same, and wait for it while the box is empty\n"
"  exec   run a command for a message\n"
"  stat   print the figures and limits of the box\n"
"  drain  take all messages and discard them\n"
"\n"
"'msgbox COMMAND --help' explains each of them, msgbox(1) all.\n"
"\n"
"      --box URL  the box; default: the environment's MSGBOX_URL, or else kernel:\n"
"                   kernel:                   of the kernel module dm510_msgbox\n"
"                   redis://HOST:PORT/KEY     a list on a Redis or Valkey server\n"
"                   redis+unix:///SOCKET?key=KEY\n"
"                 libmsgbox(3) has more kinds, and their options\n"
"      --help     print this\n"
"      --version  print the version\n"
"\n"
"Exit status:\n"
"  0  success\n"
"  1  another error\n"
"  2  wrong usage\n"
"  3  the box is empty, or the time is over\n"
"  4  a message is too long\n"
"  5  the box is full\n"
"  6  the kernel module is not loaded, or the server cannot be reached\n"
"  7  not allowed\n";

static const struct option options[] = {
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ NULL, 0, NULL, 0 }
};

static const struct command *const commands[] = {
	&put_command, &get_command, &wait_command, &exec_command, &stat_command, &drain_command,
};

const struct command *running;

/*
 * A file that the command opens must not become standard output or input. A descriptor that
 * is closed is replaced by one that cannot be used the way it should be: that still fails.
 */
static void open_standard_files(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDONLY);
		if (fd == STDIN_FILENO) {
			close(fd);
			fd = open("/dev/null", O_WRONLY);
		}
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	}
	usage_error("there is no command '%s'", name);
}

static int print_version(void)
{
	printf("msgbox %s\n", msgbox_version());
	return flush_output();
}

static int run(int argc, char **argv)
{
	char name[40];

	running = find_command(argv[0]);
	/* getopt_long() complains with argv[0] as the program's name. */
	snprintf(name, sizeof(name), "msgbox: %s", running->name);
	argv[0] = name;
	/*
	 * It would make messages of the options after the first message. exec needs no such
	 * help, and COMMAND may need the variable.
	 */
	if (running != &exec_command)
		unsetenv("POSIXLY_CORRECT");
	optind = 0;
	return running->run(argc, argv);
}

int main(int argc, char **argv)
{
	int status;

	open_standard_files();
	signals_ignore_write_errors();
	if (argc)
		argv[0] = "msgbox";
	if (next_option(argc, argv, "+h", options, help) == OPTION_VERSION)
		return print_version();
	if (optind >= argc)
		usage_error("the command is missing");
	status = run(argc - optind, argv + optind);
	if (status && signal_caught())
		die_of_signal();
	return status;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * For scripts: opens the box that MSGBOX_URL names, prints "open" or the error, and then
 * does what each line of standard input says:
 *
 *	put TEXT	prints 0
 *	get		prints the message
 *	wait MS		the same; MS can be -1
 *	count		prints the figure
 *	close, open	the handle
 *
 * Instead of the result it prints the error's name, and the text after it.
 */
#include <errno.h>
#include <msgbox.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct msgbox *box;

static void print_error(void)
{
	/* The text first: it is valid until the next call. */
	const char *text = msgbox_error();

	printf("%s %s\n", strerrorname_np(errno), text);
}

static void print_message(const char *buffer, ssize_t length)
{
	if (length < 0)
		print_error();
	else
		printf("%.*s\n", (int)length, buffer);
}

static void open_handle(void)
{
	box = msgbox_open(getenv("MSGBOX_URL"));
	if (box)
		puts("open");
	else
		print_error();
}

static void print_count(void)
{
	struct msgbox_figures figures;

	if (msgbox_read_figures(box, &figures))
		print_error();
	else
		printf("%llu\n", (unsigned long long)figures.count);
}

static bool run(char *line)
{
	char buffer[256];

	if (!strncmp(line, "put ", 4)) {
		if (msgbox_put(box, line + 4, strlen(line + 4)))
			print_error();
		else
			puts("0");
	} else if (!strcmp(line, "get")) {
		print_message(buffer, msgbox_get(box, buffer, sizeof(buffer)));
	} else if (!strncmp(line, "wait ", 5)) {
		print_message(buffer, msgbox_wait(box, buffer, sizeof(buffer), atoi(line + 5)));
	} else if (!strcmp(line, "count")) {
		print_count();
	} else if (!strcmp(line, "close")) {
		msgbox_close(box);
		box = NULL;
		puts("closed");
	} else if (!strcmp(line, "open")) {
		open_handle();
	} else {
		return false;
	}
	return true;
}

int main(void)
{
	char line[256];

	setvbuf(stdout, NULL, _IOLBF, 0);
	open_handle();
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (!run(line)) {
			fprintf(stderr, "unknown line: %s\n", line);
			return 2;
		}
	}
	msgbox_close(box);
	return 0;
}

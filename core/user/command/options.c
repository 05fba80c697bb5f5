// SPDX-License-Identifier: GPL-2.0
/* Reads what the commands' options have in common, and opens the box that they name. */

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "signals.h"

static const char *box_url;

static const struct option common[] = {
	{ "box", required_argument, NULL, OPTION_BOX },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

#define MOST_OPTIONS	20

/* Joins a command's options and the common ones. */
static void join(struct option all[MOST_OPTIONS], const struct option *options)
{
	size_t count = 0;

	while (options[count].name)
		count++;
	assert(count + ARRAY_SIZE(common) <= MOST_OPTIONS);
	memcpy(all, options, count * sizeof(*options));
	memcpy(all + count, common, sizeof(common));
}

int next_option(int argc, char **argv, const char *letters, const struct option *options,
		const char *help)
{
	struct option all[MOST_OPTIONS];
	int option;

	join(all, options);
	while ((option = getopt_long(argc, argv, letters, all, NULL)) == OPTION_BOX)
		box_url = optarg;
	if (option == 'h') {
		fputs(help, stdout);
		exit(flush_output());
	}
	/* getopt_long() has said what is wrong, with argv[0] before it. */
	if (option == '?') {
		suggest_help();
		exit(STATUS_USAGE);
	}
	return option;
}

void no_more_arguments(int argc, char **argv)
{
	if (optind < argc)
		usage_error("unexpected argument '%s'", argv[optind]);
}

uint64_t read_count(const char *option, const char *text)
{
	uint64_t count = 0;
	const char *digit;

	for (digit = text; *digit >= '0' && *digit <= '9'; digit++) {
		if (count > (UINT64_MAX - 9) / 10)
			usage_error("the number of %s is too large: %s", option, text);
		count = count * 10 + (uint64_t)(*digit - '0');
	}
	if (*digit || !count)
		usage_error("%s takes a number of messages, 1 or more, not '%s'", option, text);
	return count;
}

/* Rounds up, so that only 0 means not to wait at all. */
int read_seconds_as_ms(const char *option, const char *text)
{
	const char *digit = text;
	int64_t us = 0, unit = 1000000;
	bool point = false, any = false, rest = false;

	for (; (*digit >= '0' && *digit <= '9') || (*digit == '.' && !point); digit++) {
		if (*digit == '.') {
			point = true;
			continue;
		}
		any = true;
		if (!point) {
			us = us * 10 + (*digit - '0') * unit;
		} else {
			unit /= 10;
			us += (*digit - '0') * unit;
			rest |= !unit && *digit != '0';
		}
		if (us / 1000 >= INT_MAX)
			usage_error("the time of %s is too long: at most %d seconds, not %s",
				    option, INT_MAX / 1000, text);
	}
	if (*digit || !any)
		usage_error("%s takes seconds, such as 5 or 0.25, not '%s'", option, text);
	return (int)((us + 999 + rest) / 1000);
}

struct msgbox *open_box(void)
{
	const char *url = box_url ? box_url : getenv("MSGBOX_URL");
	struct msgbox *box = msgbox_open(url);

	if (!box) {
		complain("%s", msgbox_error());
		exit((int)(errno == EINVAL ? STATUS_USAGE : status_of(errno)));
	}
	signals_catch();
	return box;
}

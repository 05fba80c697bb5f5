// SPDX-License-Identifier: GPL-2.0

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "input.h"
#include "signals.h"

/* No box takes longer messages, and most take these. */
#define LONGEST		((size_t)INT_MAX)
#define SHORT		((size_t)65536)

int input_open(struct input *input, struct msgbox *box, const char *file, int delimiter)
{
	bool standard = !strcmp(file, "-");

	*input = (struct input){
		.name = standard ? "standard input" : file,
		.fd = standard ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY),
		.delimiter = delimiter,
		.box = box,
	};
	return input->fd < 0 ? -1 : 0;
}

/* The figures of a box can take long, so the limit is read only for long messages. */
static size_t longest(struct input *input)
{
	struct msgbox_figures figures;

	if (input->end - input->start < SHORT)
		return SHORT;
	if (!input->limit) {
		input->limit = LONGEST;
		if (!msgbox_read_figures(input->box, &figures) &&
		    figures.max_message_bytes < LONGEST)
			input->limit = figures.max_message_bytes;
	}
	return input->limit;
}

/* Makes room behind end. One byte more than the limit shows that it is exceeded. */
static int make_room(struct input *input)
{
	size_t held = input->end - input->start, limit = longest(input), size;
	char *larger;

	if (held > limit) {
		errno = EMSGSIZE;
		return -1;
	}
	if (input->end < input->size)
		return 0;
	if (input->start) {
		memmove(input->buffer, input->buffer + input->start, held);
		input->start = 0;
		input->end = held;
		return 0;
	}
	size = input->size ? input->size * 2 : SHORT;
	if (size > limit + 1)
		size = limit + 1;
	larger = realloc(input->buffer, size);
	if (!larger)
		return -1;
	input->buffer = larger;
	input->size = size;
	return 0;
}

static int read_more(struct input *input)
{
	ssize_t got = -1;
	int error = EINTR;

	if (make_room(input))
		return -1;
	while (got < 0 && error == EINTR && !signal_came()) {
		signals_allow();
		got = read(input->fd, input->buffer + input->end, input->size - input->end);
		error = errno;
		signals_hold();
	}
	errno = error;
	if (got < 0)
		return -1;
	input->end += (size_t)got;
	input->ended = !got;
	return 0;
}

/* Looks for the end of the next message in the buffer. */
static bool find(struct input *input, size_t *length)
{
	const char *from, *delimiter = NULL;
	size_t held = input->end - input->start;

	if (input->delimiter != WHOLE && held > input->searched) {
		from = input->buffer + input->start + input->searched;
		delimiter = memchr(from, input->delimiter, held - input->searched);
	}
	input->searched = held;
	if (!delimiter)
		return false;
	*length = (size_t)(delimiter - (input->buffer + input->start));
	return true;
}

int input_next(struct input *input, const char **message, size_t *length)
{
	bool found;

	while (!(found = find(input, length)) && !input->ended) {
		if (read_more(input))
			return -1;
	}
	if (!found) {
		*length = input->end - input->start;
		if (!*length && (input->delimiter != WHOLE || input->any))
			return 0;
	}
	*message = input->buffer + input->start;
	input->start += *length + found;
	input->searched = 0;
	input->any = true;
	return 1;
}

void input_close(struct input *input)
{
	if (input->fd > STDERR_FILENO)
		close(input->fd);
	free(input->buffer);
}

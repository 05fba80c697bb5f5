// SPDX-License-Identifier: GPL-2.0

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "output.h"
#include "signals.h"
#include "write.h"

static int output_parts(struct iovec *parts, int count)
{
	int result, error;

	signals_allow();
	result = write_all(STDOUT_FILENO, parts, count);
	error = errno;
	signals_hold();
	errno = error;
	return result;
}

static int output_json(const void *message, size_t length)
{
	struct iovec part = { NULL, 0 };
	char *text = NULL;
	int result = -1;
	FILE *memory = open_memstream(&text, &part.iov_len);

	if (!memory)
		return -1;
	json_message(memory, message, length);
	if (ferror(memory) | fclose(memory)) {
		errno = ENOMEM;
	} else {
		part.iov_base = text;
		result = output_parts(&part, 1);
	}
	free(text);
	return result;
}

int output_message(enum form form, const void *message, size_t length)
{
	char before[sizeof("18446744073709551615\n")] = "";
	struct iovec parts[] = {
		{ before, 0 },
		{ (void *)message, length },
		{ form == FORM_NULL ? "" : "\n", form != FORM_RAW },
	};

	if (form == FORM_JSON)
		return output_json(message, length);
	if (form == FORM_LENGTH)
		parts[0].iov_len = (size_t)snprintf(before, sizeof(before), "%zu\n", length);
	return output_parts(parts, 3);
}

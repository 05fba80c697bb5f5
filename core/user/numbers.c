// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "numbers.h"

uint64_t read_number(const char *path)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	unsigned long long number;
	char text[32], *end;
	ssize_t length;

	if (file < 0)
		return UINT64_MAX;
	length = read(file, text, sizeof(text) - 1);
	close(file);
	if (length <= 0)
		return UINT64_MAX;
	text[length] = '\0';
	errno = 0;
	number = strtoull(text, &end, 10);
	return errno || end == text || *end != '\n' ? UINT64_MAX : number;
}

/*
 * The first number is read twice: between the reads the module can have been loaded anew
 * with other numbers, and a put must never be made with the number of get.
 */
numbers_t numbers_find(void)
{
	int tries;

	for (tries = 0; tries < 10; tries++) {
		uint64_t put = read_number(PARAMETERS "put_nr");
		uint64_t get = read_number(PARAMETERS "get_nr");

		if (put > INT32_MAX || get > INT32_MAX)
			return NO_NUMBERS;
		if (put != get && read_number(PARAMETERS "put_nr") == put)
			return get << 32 | put;
	}
	return NO_NUMBERS;
}

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Wrappers for the two calls, and helpers that state an expectation in one line.
 * Nothing here needs the harness, so the scripts' helper programs use it, too.
 */
#ifndef SELFTESTS_CALLS_H
#define SELFTESTS_CALLS_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "numbers.h"

#define MODULE_FOLDER	"/sys/module/dm510_msgbox"

#define KIB		1024
#define MIB		(1024 * 1024)

/* The kernel decides about the page size; on arm64 it can also be 16 or 64 KiB. */
#define PAGE		getpagesize()
#define PAGE_MAX	(64 * KIB)

/* Nothing is mapped here: it is below what programs may map. */
#define BAD_ADDRESS		((char *)4096)

/* Each byte of a buffer before a get, to detect which bytes the get writes. */
#define POISON		0xa5
/* Bytes of poison before and after a message. */
#define CANARY		64

/* Returns 0, or the error as a negative number. */
static inline long put(const void *buf, int len)
{
	long ret = syscall(put_nr, buf, len);

	return ret == -1 ? -errno : ret;
}

/* Returns the message's length, or the error as a negative number. */
static inline long get(void *buf, int len)
{
	long ret = syscall(get_nr, buf, len);

	return ret == -1 ? -errno : ret;
}

/* Prints a result for scripts, as a number or as the error's name. */
static inline void print_reply(long ret)
{
	if (ret < 0)
		puts(strerrorname_np(-ret));
	else
		printf("%ld\n", ret);
}

static inline void poison(void *buf, size_t len)
{
	memset(buf, POISON, len);
}

static inline bool is_poison(const void *buf, size_t len)
{
	const unsigned char *byte = buf;

	/* The first byte is poison, and each other byte equals the one before it. */
	return !len || (byte[0] == POISON && !memcmp(byte, byte + 1, len - 1));
}

/*
 * Takes the message on top, which must have these bytes, into a poisoned buffer that
 * is longer. Returns what get returned, or
 *   -EILSEQ    if the length is right and the bytes are wrong,
 *   -EOVERFLOW if a byte outside the message was written.
 */
static inline long get_expecting(const void *expected, int len)
{
	size_t size = CANARY + (size_t)len + CANARY;
	unsigned char *buf = malloc(size);
	size_t written;
	long ret;

	if (!buf)
		return -ENOMEM;
	poison(buf, size);
	ret = get(buf + CANARY, len + CANARY);
	written = ret > 0 ? ret : 0;
	if (!is_poison(buf, CANARY) ||
	    !is_poison(buf + CANARY + written, size - CANARY - written))
		ret = -EOVERFLOW;
	else if (ret == len && memcmp(buf + CANARY, expected, len))
		ret = -EILSEQ;
	free(buf);
	return ret;
}

/* Expects an empty box: returns -ENODATA if it is empty. */
static inline long get_nothing(void)
{
	return get_expecting("", 0);
}

/*
 * Pseudorandom bytes from a seed. They make each message unique, and reveal a byte in
 * the wrong place.
 */
static inline unsigned long next_random(unsigned long *state)
{
	/* splitmix64 works with any seed, including 0. */
	unsigned long z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static inline void fill(void *buf, size_t len, unsigned long seed)
{
	char *at = buf;

	while (len) {
		unsigned long bytes = next_random(&seed);
		size_t part = len < sizeof(bytes) ? len : sizeof(bytes);

		memcpy(at, &bytes, part);
		at += part;
		len -= part;
	}
}

static inline bool is_filled(const void *buf, size_t len, unsigned long seed)
{
	const char *at = buf;

	while (len) {
		unsigned long bytes = next_random(&seed);
		size_t part = len < sizeof(bytes) ? len : sizeof(bytes);

		if (memcmp(at, &bytes, part))
			return false;
		at += part;
		len -= part;
	}
	return true;
}

/* Allocates a message and fills it from the seed; aborts if there is no memory. */
static inline char *new_message(size_t len, unsigned long seed)
{
	char *message = malloc(len ? len : 1);

	if (!message)
		abort();
	fill(message, len, seed);
	return message;
}

/* Maps anonymous memory, of which no page is present yet. */
static inline char *map(size_t len, int prot)
{
	char *at = mmap(NULL, len, prot,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		abort();
	return at;
}

/* Returns the number in a sysfs file, or the error as a negative number. */
static inline long read_number(const char *folder, const char *name)
{
	char path[128];
	long value;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "r");
	if (!file)
		return -errno;
	if (fscanf(file, "%ld", &value) != 1)
		value = -EINVAL;
	fclose(file);
	return value;
}

/* Returns the value of a module parameter, or the error as a negative number. */
static inline long parameter(const char *name)
{
	return read_number(MODULE_FOLDER "/parameters", name);
}

/* Returns 0, or the error as a negative number. */
static inline long write_text(const char *folder, const char *name, const char *text)
{
	char path[160];
	long ret;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return -errno;
	ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

/* Returns 0, or the error as a negative number. */
static inline long set_parameter(const char *name, long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld\n", value);
	return write_text(MODULE_FOLDER "/parameters", name, text);
}

/* Returns the number in this environment variable, or the default. */
static inline unsigned long number_from(const char *variable, unsigned long default_value)
{
	const char *value = getenv(variable);

	return value ? strtoul(value, NULL, 0) : default_value;
}

/*
 * Empties the box. Returns the number of messages, an error, or -EBUSY if there are so
 * many that another process must be putting.
 */
static inline long drain(void)
{
	static const long most = 20 * 1000 * 1000;
	static const int len = 256 * MIB;
	char *buf = map(len, PROT_READ | PROT_WRITE);
	long count, ret;

	for (count = 0; count < most; count++) {
		ret = get(buf, len);
		if (ret < 0)
			break;
	}
	munmap(buf, len);
	if (count == most)
		return -EBUSY;
	return ret == -ENODATA ? count : ret;
}

#endif

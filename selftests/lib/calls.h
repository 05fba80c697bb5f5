/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The two calls under their own names, and the few helpers that let a test
 * say in one line what it expects of them. Nothing here needs the harness:
 * the helper programs of lifecycle.sh use it too.
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

#define PAGE		4096
#define KIB		1024
#define MIB		(1024 * 1024)

/* What a buffer holds before a get, so that every byte written shows. */
#define POISON		0xa5
/* Bytes of poison on either side of the place a message is expected in. */
#define CANARY		64

/* 0, or the error as a negative number, as the kernel returns it. */
static inline long put(const void *buf, int len)
{
	long ret = syscall(put_nr, buf, len);

	return ret == -1 ? -errno : ret;
}

/* The message's length, or the error as a negative number. */
static inline long get(void *buf, int len)
{
	long ret = syscall(get_nr, buf, len);

	return ret == -1 ? -errno : ret;
}

/* As scripts read it: a number, or the error's name. */
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

	/* The first byte is, and each of the others is as the one before it. */
	return !len || (byte[0] == POISON && !memcmp(byte, byte + 1, len - 1));
}

/*
 * Takes the message on top, which should be these bytes, into a poisoned
 * buffer with room for more. Returns what get returned, or
 *   -EILSEQ    when the length is right but the bytes are not,
 *   -EOVERFLOW when a byte was written that is not the message's.
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

/* What is on top when nothing is. */
static inline long get_nothing(void)
{
	return get_expecting("", 0);
}

/*
 * Bytes that follow from a seed: no two messages alike, no byte that could
 * stand one place further along unnoticed.
 */
static inline unsigned long next_random(unsigned long *state)
{
	/* splitmix64: any seed will do, also 0. */
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

/* A message of bytes that follow from the seed; there is no way to fail. */
static inline char *new_message(size_t len, unsigned long seed)
{
	char *message = malloc(len ? len : 1);

	if (!message)
		abort();
	fill(message, len, seed);
	return message;
}

/* Fresh memory, none of it there yet. */
static inline char *map(size_t len, int prot)
{
	char *at = mmap(NULL, len, prot,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		abort();
	return at;
}

/* The number in a file of sysfs, or the error as a negative number. */
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

/* The value of a module parameter, or the error as a negative number. */
static inline long parameter(const char *name)
{
	return read_number(MODULE_FOLDER "/parameters", name);
}

/* 0, or the error as a negative number. */
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

/* 0, or the error as a negative number. */
static inline long set_parameter(const char *name, long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld\n", value);
	return write_text(MODULE_FOLDER "/parameters", name, text);
}

/* A number that whoever runs the test may set in the environment. */
static inline unsigned long number_from(const char *variable, unsigned long otherwise)
{
	const char *value = getenv(variable);

	return value ? strtoul(value, NULL, 0) : otherwise;
}

/*
 * Empties the box. Returns how many messages there were, or -EBUSY when they
 * do not come to an end: someone else is putting.
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

// SPDX-License-Identifier: GPL-2.0
/* Output, time, figures of the kernel and buffers for all measures. */
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "report.h"

/* In pages. */
#define MAX_SHIFT 16

/*
 * stdout is a serial line. Wait until it is drained, so that its interrupts do not
 * disturb the next measure.
 */
static void drain_output(void)
{
	fflush(stdout);
	tcdrain(STDOUT_FILENO);
}

void report(const char *measure, const char *peer, const char *x, double value)
{
	printf("%s,%s,%s,%.1f,\n", measure, peer, x, value);
	drain_output();
}

void report_missing(const char *measure, const char *peer, const char *x,
		    const char *why)
{
	printf("%s,%s,%s,-,%s\n", measure, peer, x, why);
	drain_output();
}

void progress(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("# ");
	vprintf(format, args);
	printf("\n");
	va_end(args);
	drain_output();
}

void die(const char *format, ...)
{
	const char *reason = strerror(errno);
	va_list args;

	va_start(args, format);
	printf("# bench: ");
	vprintf(format, args);
	printf(": %s\n", reason);
	va_end(args);
	drain_output();
	exit(1);
}

/* In nanoseconds. */
double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

double numbers_in(const char *path, const char *format)
{
	FILE *file = fopen(path, "r");
	double number, sum = 0;
	bool found = false;
	char line[256];

	if (!file)
		die("%s", path);
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, format, &number) == 1) {
			sum += number;
			found = true;
		}
	}
	fclose(file);
	if (!found)
		die("nothing like '%s' in %s", format, path);
	return sum;
}

/*
 * QEMU keeps the addresses of a processor's pages in a table with a slot for every 64th
 * page or so. If a buffer and the kernel's page share a slot, an emulated copy between
 * them takes ten times as long, at any size and in every round. So each new buffer begins
 * one page further: with new buffers in each round, the best round is one without that.
 */
static char *map_shifted(size_t size)
{
	static atomic_uint buffers;
	size_t page = sysconf(_SC_PAGESIZE);
	size_t before = atomic_fetch_add(&buffers, 1) % MAX_SHIFT * page;
	size_t after = MAX_SHIFT * page - before;
	char *memory = mmap(NULL, before + size + after, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		die("no memory for a buffer of %zu bytes", size);
	if (before)
		munmap(memory, before);
	munmap(memory + before + size, after);
	return memory + before;
}

static size_t whole_pages(size_t size)
{
	size_t page = sysconf(_SC_PAGESIZE);

	return (size + page - 1) / page * page;
}

/*
 * A buffer begins at a page boundary and consists of small pages, so that the cost
 * of a copy does not depend on its address. There is a page before it, since
 * msgsnd() needs the type in front of the message.
 */
char *new_buffer(size_t size, int byte)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *memory = map_shifted(page + whole_pages(size));

	/* Fails on kernels without huge pages, which does not matter. */
	madvise(memory, page + size, MADV_NOHUGEPAGE);
	memset(memory, 0, page);
	memset(memory + page, byte, size);
	return memory + page;
}

void free_buffer(char *buffer, size_t size)
{
	size_t page = sysconf(_SC_PAGESIZE);

	munmap(buffer - page, page + whole_pages(size));
}

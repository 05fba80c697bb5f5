// SPDX-License-Identifier: GPL-2.0
/*
 * boxes URL SIZE...: prints for each size what a put and a get through the library cost, in
 * nanoseconds of the machine's clock. `make bench-boxes` runs it where that clock counts
 * instructions.
 */
#include <msgbox.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS	100

static void stop(const char *what)
{
	fprintf(stderr, "boxes: %s: %s\n", what, msgbox_error());
	exit(EXIT_FAILURE);
}

static void put_and_get(struct msgbox *box, char *message, size_t size)
{
	if (msgbox_put(box, message, size))
		stop("put");
	if (msgbox_get(box, message, size) != (ssize_t)size)
		stop("get");
}

static double clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

static double cost(struct msgbox *box, size_t size)
{
	char *message = calloc(1, size);
	double start;
	int i;

	if (!message)
		stop("no memory");
	for (i = 0; i < 5; i++)
		put_and_get(box, message, size);
	start = clock_ns();
	for (i = 0; i < ROUNDS; i++)
		put_and_get(box, message, size);
	free(message);
	return (clock_ns() - start) / ROUNDS;
}

int main(int argc, char **argv)
{
	struct msgbox *box;

	if (argc < 3) {
		fprintf(stderr, "usage: boxes URL SIZE...\n");
		return EXIT_FAILURE;
	}
	box = msgbox_open(argv[1]);
	if (!box)
		stop("open");
	for (argv += 2; *argv; argv++)
		printf(" %.0f", cost(box, strtoul(*argv, NULL, 0)));
	printf("\n");
	msgbox_close(box);
	return 0;
}

// SPDX-License-Identifier: MIT
/*
 * bare: puts a message into the kernel's box, takes it out again and prints it, with the
 * two system calls alone.
 *
 *	cc bare.c -o bare
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PARAMETERS	"/sys/module/dm510_msgbox/parameters/"

/*
 * The numbers differ between kernels. A number that is not looked up may belong to another
 * system call.
 */
static long number_of(const char *file)
{
	FILE *stream = fopen(file, "r");
	long number;

	if (!stream || fscanf(stream, "%ld", &number) != 1) {
		fprintf(stderr, "bare: cannot read %s: load the module dm510_msgbox first\n",
			file);
		exit(EXIT_FAILURE);
	}
	fclose(stream);
	return number;
}

static int fail(const char *what)
{
	fprintf(stderr, "bare: ");
	perror(what);
	return EXIT_FAILURE;
}

int main(void)
{
	long put_nr = number_of(PARAMETERS "put_nr");
	long get_nr = number_of(PARAMETERS "get_nr");
	char message[64];
	long length;

	/* The kernel takes the length as an int. */
	if (syscall(put_nr, "hello", 5))
		return fail("put");
	length = syscall(get_nr, message, (int)sizeof(message));
	if (length < 0)
		return fail("get");
	printf("%.*s\n", (int)length, message);
	return EXIT_SUCCESS;
}

// SPDX-License-Identifier: MIT
/*
 * hello [URL]: puts a message into the box, takes it out again and prints it.
 *
 *	cc hello.c -o hello -lmsgbox
 *	./hello					the box of the kernel module
 *	./hello redis://localhost/letters	the list "letters" on a Redis server
 */
#include <msgbox.h>
#include <stdio.h>
#include <stdlib.h>

static int fail(const char *what)
{
	fprintf(stderr, "hello: %s: %s\n", what, msgbox_error());
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct msgbox *box = msgbox_open(argc > 1 ? argv[1] : getenv("MSGBOX_URL"));
	char message[64];
	ssize_t length;

	if (!box)
		return fail("open");
	if (msgbox_put(box, "hello", 5))
		return fail("put");
	length = msgbox_get(box, message, sizeof(message));
	if (length < 0)
		return fail("get");
	printf("%.*s\n", (int)length, message);
	msgbox_close(box);
	return EXIT_SUCCESS;
}

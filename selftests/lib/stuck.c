// SPDX-License-Identifier: GPL-2.0
/*
 * For scripts: makes a call that waits in the kernel for a page until a line comes from
 * standard input.
 *
 *	stuck put LEN | stuck get LEN
 *
 * Prints "stuck" once the call waits, and at the end what the call returned.
 */
#include <pthread.h>

#include "calls.h"
#include "stuck_page.h"

static bool is_put;
static char *buf;
static int len;
static long ret;

static void *make_call(void *unused)
{
	(void)unused;
	ret = is_put ? put(buf, len) : get(buf, len);
	return NULL;
}

int main(int argc, char **argv)
{
	static char content[PAGE_MAX] = "stuck";
	struct stuck_page stuck;
	pthread_t thread;
	char line[16];
	int error;

	if (argc != 3 || (strcmp(argv[1], "put") && strcmp(argv[1], "get"))) {
		fprintf(stderr, "usage: stuck put LEN | stuck get LEN\n");
		return 2;
	}
	is_put = !strcmp(argv[1], "put");
	len = atoi(argv[2]);
	/* The first page is missing. */
	buf = map(len + PAGE, PROT_READ | PROT_WRITE);
	error = stuck_page_begin(&stuck, buf);
	if (error) {
		printf("userfaultfd: %s\n", strerrorname_np(-error));
		return 1;
	}
	if (pthread_create(&thread, NULL, make_call, NULL))
		return 1;
	if (!stuck_page_wait(&stuck)) {
		puts("the call does not wait for the page");
		return 1;
	}
	puts("stuck");
	fflush(stdout);

	if (!fgets(line, sizeof(line), stdin))
		puts("end of input");
	if (stuck_page_arrive(&stuck, content) || pthread_join(thread, NULL))
		return 1;
	print_reply(ret);
	return 0;
}

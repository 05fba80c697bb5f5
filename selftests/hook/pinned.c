// SPDX-License-Identifier: GPL-2.0
/*
 * For races.sh, which delays gets after they have pinned pages. Gets that have pinned
 * pages for one message find a longer one, and wait for a page that never comes. They
 * must unpin their pages before they wait. The exit status is 0 if they have.
 */
#include <pthread.h>

#include "calls.h"
#include "stuck_page.h"

#define GETS	20
#define SHORTER	(64 * KIB)
#define LONGER	MIB

/* The number of pages of user memory that the kernel has pinned now. */
static long count_pinned(void)
{
	long pages = 0, value;
	char name[64];
	FILE *file;

	/* This adds the counters of each CPU to the totals. */
	if (write_text("/proc/sys/vm", "stat_refresh", "1"))
		abort();
	file = fopen("/proc/vmstat", "r");
	if (!file)
		abort();
	while (fscanf(file, "%63s %ld", name, &value) == 2) {
		if (!strcmp(name, "nr_foll_pin_acquired"))
			pages += value;
		if (!strcmp(name, "nr_foll_pin_released"))
			pages -= value;
	}
	fclose(file);
	return pages;
}

/* Waits ten seconds at most. */
static bool wait_until_pinned(long pages)
{
	for (int i = 0; i < 100 && count_pinned() != pages; i++)
		usleep(100 * 1000);
	return count_pinned() == pages;
}

static void *get_longer(void *buf)
{
	get(buf, LONGER);
	return NULL;
}

static char *buffer_without_a_page(struct stuck_page *stuck)
{
	char *buf = map(LONGER, PROT_READ | PROT_WRITE);

	madvise(buf, LONGER, MADV_NOHUGEPAGE);
	poison(buf, LONGER);
	if (stuck_page_begin(stuck, buf + LONGER / 2))
		abort();
	return buf;
}

static void put_message(int len)
{
	char *message = new_message(len, len);

	if (put(message, len))
		abort();
	free(message);
}

int main(void)
{
	long before = count_pinned(), left;
	struct stuck_page stuck[GETS];
	pthread_t thread;

	put_message(SHORTER);
	for (int i = 0; i < GETS; i++)
		if (pthread_create(&thread, NULL, get_longer, buffer_without_a_page(&stuck[i])))
			abort();
	if (!wait_until_pinned(before + GETS * (SHORTER / PAGE))) {
		printf("# %ld pages pinned, the gets were not delayed\n", count_pinned() - before);
		return 1;
	}
	put_message(LONGER);
	for (int i = 0; i < GETS; i++)
		if (!stuck_page_wait(&stuck[i]))
			abort();
	left = count_pinned() - before;
	printf("# %d gets wait for a page, %ld pages pinned\n", GETS, left);
	return left != 0;
}

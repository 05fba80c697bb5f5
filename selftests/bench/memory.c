// SPDX-License-Identifier: GPL-2.0
/* The kernel memory that many messages use. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "bench.h"
#include "namespaces.h"
#include "peers.h"

#define BOX_MEMORY "/sys/kernel/dm510_msgbox/memory"

static const size_t sizes[] = { 8, 64, 256 };

/* Makes the kernel add up the counters that each CPU keeps. */
static void refresh_counts(void)
{
	int fd = open("/proc/sys/vm/stat_refresh", O_WRONLY);

	if (fd < 0 || write(fd, "1", 1) != 1)
		die("stat_refresh");
	close(fd);
}

/*
 * MemAvailable, and the free pages in the lists of each CPU (many MB), which
 * MemAvailable leaves out.
 */
static double available(void)
{
	refresh_counts();
	return numbers_in("/proc/meminfo", "MemAvailable: %lf kB") * KIB +
	       numbers_in("/proc/zoneinfo", " count: %lf") * sysconf(_SC_PAGESIZE);
}

static void measure_one(const struct plan *plan, const struct peer *peer,
			size_t size)
{
	char *message = new_buffer(size, MESSAGE_BYTE);
	double before, used;
	unsigned long i;
	char x[32];

	snprintf(x, sizeof(x), "%zu", size);
	enter_namespace_of(peer);
	peer->open(size, plan->messages);
	/* Allocations made once and kept do not count. */
	send_one(peer, message, size);
	receive_one(peer, message, size);

	before = available();
	/* The empty box keeps some memory, which the messages will use. */
	if (peer == peers)
		before += numbers_in(BOX_MEMORY, "%lf");
	for (i = 0; i < plan->messages; i++)
		send_one(peer, message, size);
	used = before - available();
	report("memory", peer->name, x, used / plan->messages);
	if (peer == peers)
		report("memory", "box (sysfs)", x,
		       numbers_in(BOX_MEMORY, "%lf") / plan->messages);

	for (i = 0; i < plan->messages; i++)
		receive_one(peer, message, size);
	note_puts(peer, plan->messages + 1);
	peer->close();
	free_buffer(message, size);
}

void measure_memory(const struct plan *plan)
{
	const struct peer *peer;
	char x[32];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		progress("memory of %lu messages of %zu bytes",
			 plan->messages, sizes[i]);
		snprintf(x, sizeof(x), "%zu", sizes[i]);
		for (peer = peers; peer->name; peer++) {
			if (!is_wanted(peer, plan->only))
				continue;
			if (plan->messages > peer->max_depth)
				report_missing("memory", peer->name, x,
					       peer->why_depth);
			else
				measure_one(plan, peer, sizes[i]);
		}
	}
}

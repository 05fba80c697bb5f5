// SPDX-License-Identifier: GPL-2.0
/* The cost of sending and receiving one message, by size. */
#include <float.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"
#include "peers.h"

#define MAX_PEERS 8

static const size_t sizes[] = {
	0, 1, 8, 64, KIB, 4 * KIB, 8 * KIB, 64 * KIB, MIB,
};

/* Two calls that only enter the kernel and leave it: the minimum. */
static double getppid_pairs(unsigned long count)
{
	double start = now();
	unsigned long i;

	for (i = 0; i < count; i++) {
		syscall(SYS_getppid);
		syscall(SYS_getppid);
	}
	return (now() - start) / count;
}

static double pairs(const struct peer *peer, const char *message, char *buffer,
		    size_t size, unsigned long count)
{
	double start = now();
	unsigned long i;

	for (i = 0; i < count; i++) {
		send_one(peer, message, size);
		receive_one(peer, buffer, size);
	}
	return (now() - start) / count;
}

void measure_getppid(const struct plan *plan, const char *when)
{
	double best = DBL_MAX;
	int round;

	getppid_pairs(plan->batch);
	for (round = 0; round < plan->rounds; round++) {
		double cost = getppid_pairs(plan->batch);

		if (cost < best)
			best = cost;
	}
	report("getppid", when, "2", best);
}

/* Faults in what the first calls need, and checks that the bytes arrive. */
static void warm_up(const struct peer *peer, const char *message, char *buffer,
		    size_t size)
{
	memset(buffer, 0, size);
	pairs(peer, message, buffer, size, 3);
	if (memcmp(message, buffer, size)) {
		progress("%s changes a message of %zu bytes", peer->name, size);
		die("this is no way to pass messages");
	}
}

/*
 * The peers take turns, one round each, so that disturbances of the machine affect
 * all of them.
 */
static void measure_size(const struct plan *plan, size_t size)
{
	unsigned long count = 2 * MIB / (size + 1);
	double best[MAX_PEERS];
	char *message = new_buffer(size, 0x5a);
	char *buffer = new_buffer(size, 0);
	const struct peer *peer;
	char x[32];
	int round;

	if (count > plan->batch)
		count = plan->batch;
	if (count < 4)
		count = 4;

	for (peer = peers; peer->name; peer++) {
		best[peer - peers] = DBL_MAX;
		if (is_wanted(peer, plan->only) && takes_size(peer, size))
			peer->open(size, 1);
	}
	for (round = 0; round < plan->rounds; round++) {
		for (peer = peers; peer->name; peer++) {
			double cost;

			if (!is_wanted(peer, plan->only) || !takes_size(peer, size))
				continue;
			warm_up(peer, message, buffer, size);
			cost = pairs(peer, message, buffer, size, count);
			if (cost < best[peer - peers])
				best[peer - peers] = cost;
		}
	}
	snprintf(x, sizeof(x), "%zu", size);
	for (peer = peers; peer->name; peer++) {
		if (!is_wanted(peer, plan->only))
			continue;
		if (takes_size(peer, size)) {
			report("pair", peer->name, x, best[peer - peers]);
			peer->close();
		} else {
			report_missing("pair", peer->name, x, peer->why_size);
		}
	}
	free_buffer(message, size);
	free_buffer(buffer, size);
}

void measure_pairs(const struct plan *plan)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		progress("one put and get of %zu bytes", sizes[i]);
		measure_size(plan, sizes[i]);
	}
}

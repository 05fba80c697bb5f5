// SPDX-License-Identifier: GPL-2.0
/* The cost of sending and receiving one message, by size. */
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"
#include "cost.h"
#include "namespaces.h"
#include "peers.h"

#define MAX_PEERS 8

static const size_t sizes[] = {
	0, 1, 8, 64, KIB, 4 * KIB, 8 * KIB, 64 * KIB, MAX_MESSAGE,
};

/* Two calls that only enter the kernel and leave it: the minimum. */
static struct cost getppid_pairs(unsigned long count)
{
	struct cost cost;
	unsigned long i;

	begin_cost(&cost);
	for (i = 0; i < count; i++) {
		syscall(SYS_getppid);
		syscall(SYS_getppid);
	}
	end_cost(&cost, count);
	return cost;
}

static struct cost pairs(const struct peer *peer, const char *message, char *buffer,
			 size_t size, unsigned long count)
{
	struct cost cost;
	unsigned long i;

	begin_cost(&cost);
	for (i = 0; i < count; i++) {
		send_one(peer, message, size);
		receive_one(peer, buffer, size);
	}
	end_cost(&cost, count);
	note_puts(peer, count);
	return cost;
}

void measure_getppid(const struct plan *plan, const char *when)
{
	struct cost best = most;
	int round;

	begin_to_count(plan);
	getppid_pairs(plan->batch);
	for (round = 0; round < plan->rounds; round++) {
		struct cost cost = getppid_pairs(plan->batch);

		keep_best(&best, &cost);
	}
	report_cost("getppid", when, "2", &best);
	end_to_count();
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

/* The number of pairs in a round. */
static unsigned long count_for(const struct plan *plan, size_t size)
{
	unsigned long count = 2 * MIB / (size + 1);

	if (count > plan->batch)
		count = plan->batch;
	return count < 4 ? 4 : count;
}

static bool is_measured(const struct plan *plan, const struct peer *peer, size_t size)
{
	return is_wanted(peer, plan->only) && takes_size(peer, size);
}

/* A round has new buffers; new_buffer() says why. */
static void run_round(const struct plan *plan, size_t size, struct cost *best)
{
	char *message = new_buffer(size, MESSAGE_BYTE);
	char *buffer = new_buffer(size, 0);
	const struct peer *peer;

	for (peer = peers; peer->name; peer++) {
		struct cost cost;

		if (!is_measured(plan, peer, size))
			continue;
		enter_namespace_of(peer);
		warm_up(peer, message, buffer, size);
		cost = pairs(peer, message, buffer, size, count_for(plan, size));
		keep_best(&best[peer - peers], &cost);
	}
	free_buffer(message, size);
	free_buffer(buffer, size);
}

static void report_size(const struct plan *plan, size_t size, const struct cost *best)
{
	const struct peer *peer;
	char x[32];

	snprintf(x, sizeof(x), "%zu", size);
	for (peer = peers; peer->name; peer++) {
		if (is_measured(plan, peer, size))
			report_cost("pair", peer->name, x, &best[peer - peers]);
		else if (is_wanted(peer, plan->only))
			report_missing("pair", peer->name, x, peer->why_size);
	}
}

/*
 * The peers take turns, one round each, so that disturbances of the machine affect
 * all of them.
 */
static void measure_size(const struct plan *plan, size_t size)
{
	struct cost best[MAX_PEERS];
	const struct peer *peer;
	int round;

	for (peer = peers; peer->name; peer++) {
		best[peer - peers] = most;
		if (!is_measured(plan, peer, size))
			continue;
		enter_namespace_of(peer);
		peer->open(size, 1);
	}
	for (round = 0; round < plan->rounds; round++)
		run_round(plan, size, best);
	report_size(plan, size, best);
	for (peer = peers; peer->name; peer++) {
		if (!is_measured(plan, peer, size))
			continue;
		enter_namespace_of(peer);
		peer->close();
	}
}

void measure_pairs(const struct plan *plan)
{
	size_t i;

	begin_to_count(plan);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		progress("one put and get of %zu bytes", sizes[i]);
		measure_size(plan, sizes[i]);
	}
	end_to_count();
}

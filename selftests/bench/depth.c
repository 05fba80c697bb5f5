// SPDX-License-Identifier: GPL-2.0
/* The cost of a put and a get with many messages in the queue. */
#include <float.h>
#include <stdio.h>

#include "bench.h"
#include "namespaces.h"
#include "peers.h"

#define SIZE 16

struct costs {
	double put;
	double get;
};

static struct costs fill_and_drain(const struct peer *peer, unsigned long depth)
{
	char *message = new_buffer(SIZE, MESSAGE_BYTE);
	double start, full, end;
	unsigned long i;

	/* A new buffer empties the processor's caches of pages; these calls fill them. */
	send_one(peer, message, SIZE);
	receive_one(peer, message, SIZE);
	now();
	start = now();
	for (i = 0; i < depth; i++)
		send_one(peer, message, SIZE);
	full = now();
	for (i = 0; i < depth; i++)
		receive_one(peer, message, SIZE);
	end = now();
	note_puts(peer, depth + 1);
	free_buffer(message, SIZE);
	return (struct costs) { (full - start) / depth, (end - full) / depth };
}

/* With many messages one round is long enough. */
static struct costs best_of(const struct plan *plan, const struct peer *peer,
			    unsigned long depth)
{
	unsigned long rounds = depth < 10000 ? plan->rounds : 1;
	struct costs best = { DBL_MAX, DBL_MAX };

	if (rounds > 1)
		fill_and_drain(peer, depth);
	while (rounds--) {
		struct costs costs = fill_and_drain(peer, depth);

		if (costs.put < best.put)
			best.put = costs.put;
		if (costs.get < best.get)
			best.get = costs.get;
	}
	return best;
}

static void measure_one(const struct plan *plan, const struct peer *peer,
			unsigned long depth)
{
	struct costs best;
	char x[32];

	snprintf(x, sizeof(x), "%lu", depth);
	if (!takes_size(peer, SIZE) || depth > peer->max_depth) {
		report_missing("depth_put", peer->name, x, peer->why_depth);
		report_missing("depth_get", peer->name, x, peer->why_depth);
		return;
	}
	enter_namespace_of(peer);
	peer->open(SIZE, depth);
	best = best_of(plan, peer, depth);
	peer->close();
	report("depth_put", peer->name, x, best.put);
	report("depth_get", peer->name, x, best.get);
}

void measure_depth(const struct plan *plan)
{
	const struct peer *peer;
	unsigned long depth;

	for (depth = 1; depth <= plan->depth; depth *= 10) {
		progress("%lu messages of %d bytes in the queue", depth, SIZE);
		for (peer = peers; peer->name; peer++)
			if (is_wanted(peer, plan->only))
				measure_one(plan, peer, depth);
	}
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Several threads put and as many get, all in one queue. No call blocks: a thread
 * that finds the queue full or empty yields and retries. This is the same for all
 * peers.
 */
#include <errno.h>
#include <float.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "namespaces.h"
#include "peers.h"

#define SIZE 64
/* Length of the queue, in messages; the box needs none. */
#define ROOM 8192

struct work {
	const struct peer *peer;
	unsigned long messages;
	pthread_barrier_t *start;
};

static void yield_before_retry(const struct peer *peer, const char *what)
{
	if (errno != EAGAIN && errno != ENOMSG && errno != ENODATA)
		die("%s: %s in a thread", peer->name, what);
	sched_yield();
}

static void *putter(void *argument)
{
	struct work *work = argument;
	char *message = new_buffer(SIZE, MESSAGE_BYTE);
	unsigned long i;

	pthread_barrier_wait(work->start);
	for (i = 0; i < work->messages; i++)
		while (work->peer->send(message, SIZE) < 0)
			yield_before_retry(work->peer, "send");
	free_buffer(message, SIZE);
	return NULL;
}

static void *getter(void *argument)
{
	struct work *work = argument;
	char *buffer = new_buffer(SIZE, 0);
	unsigned long i;

	pthread_barrier_wait(work->start);
	for (i = 0; i < work->messages; i++)
		while (work->peer->receive(buffer, SIZE) < 0)
			yield_before_retry(work->peer, "receive");
	free_buffer(buffer, SIZE);
	return NULL;
}

static void new_thread(pthread_t *thread, void *(*function)(void *), struct work *work)
{
	errno = pthread_create(thread, NULL, function, work);
	if (errno)
		die("a thread");
}

static pthread_t *new_array(unsigned int count)
{
	pthread_t *threads = calloc(count, sizeof(*threads));

	if (!threads)
		die("%u threads", count);
	return threads;
}

/* Measures from when all threads are ready until the last one is done. */
static double run(const struct peer *peer, unsigned int count, unsigned long messages)
{
	pthread_t *putters = new_array(count), *getters = new_array(count);
	pthread_barrier_t barrier;
	struct work work = {
		.peer = peer,
		.messages = messages / count,
		.start = &barrier,
	};
	unsigned int i;
	double start, end;

	pthread_barrier_init(&barrier, NULL, 2 * count + 1);
	for (i = 0; i < count; i++) {
		new_thread(&putters[i], putter, &work);
		new_thread(&getters[i], getter, &work);
	}
	start = now();
	pthread_barrier_wait(&barrier);
	for (i = 0; i < count; i++) {
		pthread_join(putters[i], NULL);
		pthread_join(getters[i], NULL);
	}
	end = now();
	pthread_barrier_destroy(&barrier);
	free(putters);
	free(getters);
	note_puts(peer, work.messages * count);
	return (end - start) / (work.messages * count);
}

static void measure_one(const struct plan *plan, const struct peer *peer,
			unsigned int count)
{
	double best = DBL_MAX;
	int round;
	char x[32];

	snprintf(x, sizeof(x), "%u+%u", count, count);
	if (peer->max_depth < ROOM) {
		report_missing("threads", peer->name, x, peer->why_depth);
		return;
	}
	enter_namespace_of(peer);
	peer->open(SIZE, ROOM);
	/* A round is long, so few are enough. */
	for (round = 0; round < (plan->rounds + 3) / 4; round++) {
		double cost = run(peer, count, plan->messages);

		if (cost < best)
			best = cost;
	}
	peer->close();
	report("threads", peer->name, x, best);
}

/* 1, 2, 4 and so on; the last one is the largest. */
static unsigned int next_count(unsigned int count, unsigned int largest)
{
	if (count == largest)
		return largest + 1;
	return 2 * count < largest ? 2 * count : largest;
}

void measure_threads(const struct plan *plan)
{
	const struct peer *peer;
	unsigned int count;

	for (count = 1; count <= plan->threads; count = next_count(count, plan->threads)) {
		progress("%u putters and %u getters", count, count);
		for (peer = peers; peer->name; peer++)
			if (is_wanted(peer, plan->only))
				measure_one(plan, peer, count);
	}
}

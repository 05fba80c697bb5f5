/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The box and what else the kernel has to pass messages with, all behind the
 * same few functions. No call blocks: the box has none that does.
 */
#ifndef BENCH_PEERS_H
#define BENCH_PEERS_H

#include <stdbool.h>
#include <stddef.h>

#include "report.h"

/**
 * struct peer - a way to pass messages; there is one queue of each
 * @name: as in the output
 * @min_size: shortest message, in bytes
 * @max_size: longest message, in bytes
 * @max_depth: how many messages a queue can hold
 * @why_size: why none shorter or longer
 * @why_depth: why no more
 * @open: make a queue for so many messages of that size; ends the program if
 *        that cannot be
 * @send: negative on failure, EAGAIN if the queue is full
 * @receive: the message's length; or negative, EAGAIN if there is none
 * @close: undo open
 */
struct peer {
	const char *name;
	size_t min_size;
	size_t max_size;
	unsigned long max_depth;
	const char *why_size;
	const char *why_depth;
	void (*open)(size_t size, unsigned long depth);
	long (*send)(const void *message, size_t size);
	long (*receive)(void *buffer, size_t size);
	void (*close)(void);
};

/* Ends with one that has no name. */
extern const struct peer peers[];

static inline bool takes_size(const struct peer *peer, size_t size)
{
	return size >= peer->min_size && size <= peer->max_size;
}

/* They end the program unless they succeed. */
static inline void send_one(const struct peer *peer, const void *message, size_t size)
{
	if (peer->send(message, size) < 0)
		die("%s: sending %zu bytes", peer->name, size);
}

static inline void receive_one(const struct peer *peer, void *buffer, size_t size)
{
	if (peer->receive(buffer, size) != (long)size)
		die("%s: receiving %zu bytes", peer->name, size);
}

#endif

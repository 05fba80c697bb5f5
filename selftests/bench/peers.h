/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The box and the kernel's own ways to pass messages, behind one interface. There are
 * two lists: no call of the first one blocks, since the two system calls of the box do
 * not block either.
 */
#ifndef BENCH_PEERS_H
#define BENCH_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "report.h"

/**
 * struct peer - a way to pass messages; there is one queue of each
 * @name: as in the output
 * @min_size: shortest message, in bytes
 * @max_size: longest message, in bytes
 * @max_depth: largest number of messages in a queue
 * @why_size: reason for @min_size and @max_size
 * @why_depth: reason for @max_depth
 * @open: make a queue for @depth messages of @size bytes; ends the program on
 *        failure
 * @send: returns a negative number on failure; errno is EAGAIN if the queue is
 *        full
 * @receive: returns the message's length in bytes, or a negative number on
 *           failure; errno is EAGAIN, ENOMSG or ENODATA if the queue is empty
 * @close: undo @open
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

/* The last one has no name. */
extern const struct peer peers[];
/* Here receive() sleeps until there is a message. Again, the last one has no name. */
extern const struct peer waited_for_peers[];

static inline bool takes_size(const struct peer *peer, size_t size)
{
	return size >= peer->min_size && size <= peer->max_size;
}

/* By the system calls, or by the device. */
static inline bool is_box(const struct peer *peer)
{
	return !strncmp(peer->name, "box", 3);
}

/* @only: how the names of the peers to measure begin; NULL for all peers. */
static inline bool is_wanted(const struct peer *peer, const char *only)
{
	return !only || !strncmp(only, peer->name, strlen(only));
}

/*
 * The measures tell how many messages they have sent, so that messages of others in the
 * box are noticed. Not where they are sent, as that is measured.
 */
void note_puts(const struct peer *peer, unsigned long count);

/* Takes what an interrupted benchmark has left in the box, and nothing else. */
void empty_box(void);

noreturn void die_receiving(const struct peer *peer, size_t size);

/* These two end the program on failure. */
static inline void send_one(const struct peer *peer, const void *message, size_t size)
{
	if (peer->send(message, size) < 0)
		die("%s: sending %zu bytes", peer->name, size);
}

static inline void receive_one(const struct peer *peer, void *buffer, size_t size)
{
	if (peer->receive(buffer, size) != (long)size)
		die_receiving(peer, size);
}

#endif

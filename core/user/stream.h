/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes to and from a server: a socket, with TLS or without. */
#ifndef MSGBOX_STREAM_H
#define MSGBOX_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "clock.h"
#include "url.h"

struct lookup;
struct tls;
struct tls_settings;

struct stream {
	int socket;		/* -1: not connected */
	struct tls *tls;	/* or NULL */
	struct lookup *lookup;	/* that stream_open() has begun; or NULL */
	bool interruptible;	/* whether a signal ends what waits, with EINTR */
	bool interrupted;	/* a signal came */
};

/*
 * Connects before the deadline. name is that of the server, for texts. Returns 0, or -1 as
 * failed() does.
 */
int stream_open(struct stream *stream, const struct url *url, struct tls_settings *settings,
		const char *name, deadline_t deadline);
void stream_close(struct stream *stream);

/* The next stream_open() will not wait for the lookup of one that failed. */
void stream_drop_lookup(struct stream *stream);

/* Whether the server has closed the stream, or has sent what it was not asked for. */
bool stream_is_stale(struct stream *stream);

/*
 * Send or receive at least one byte, and return their number. Return 0 if the server has
 * closed the stream, or -1 with errno: ETIMEDOUT after the deadline, EINTR.
 */
ssize_t stream_send(struct stream *stream, const char *bytes, size_t size, deadline_t deadline);
ssize_t stream_receive(struct stream *stream, char *bytes, size_t size, deadline_t deadline);

/* The bytes that were sent and that the other side does not have, or 0 if that is not known. */
int stream_queued(const struct stream *stream);

/* Waits until the socket has one of the events of poll(2). Returns 0, or -1 with errno. */
int stream_poll(struct stream *stream, short events, deadline_t deadline);

#endif

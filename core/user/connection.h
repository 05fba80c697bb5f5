/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A connection to a server: sends a request, and receives the answer, in the server's protocol.
 * What is lost with a connection, and whether to send it again, is the caller's business.
 */
#ifndef MSGBOX_CONNECTION_H
#define MSGBOX_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hiredis/hiredis.h>

#include "clock.h"
#include "stream.h"
#include "url.h"

/* What all connections of a box share, and do not change. */
struct place {
	struct url url;
	struct tls_settings *tls;
	char *name;		/* of the server, for texts */
	char *figures_key;	/* KEY:msgbox */
};

struct connection {
	const struct place *place;
	struct stream stream;
	redisReader *reader;
#if HIREDIS_MAJOR < 1
	redisReplyObjectFunctions functions;	/* of the reader */
#endif
	int64_t sent;		/* bytes of the last request, or 0 if it cannot be sent */
	int64_t taken;		/* of these, what was seen to be no longer on this side */
	/* An answer was lost, on this or an earlier one: a copy may still be on its way. */
	bool has_lost;
};

#define MAX_WORDS	12

struct request {
	const char *words[MAX_WORDS];
	size_t lengths[MAX_WORDS];
	int count;
	size_t message;		/* length of the longest message that the answer can have */
	bool drops_message;	/* only whether there is one matters */
};

/* The bytes are not copied. */
void request_add(struct request *request, const char *bytes, size_t length);
void request_add_text(struct request *request, const char *text);

/* Does not connect. */
void connection_init(struct connection *connection, const struct place *place);

static inline bool connection_is_open(const struct connection *connection)
{
	return connection->stream.socket >= 0;
}

/* Connects, and logs in. Returns 0, or -1 as failed() does. */
int connection_begin(struct connection *connection, deadline_t deadline);

/* Closes it, if it is open. It can begin again. Keeps errno. */
void connection_end(struct connection *connection);

/*
 * Sends the request, and does not receive an answer. *deadline moves with what is sent. Returns
 * 0, or -1 with errno.
 */
int connection_send(struct connection *connection, const struct request *request,
		    deadline_t *deadline);

/* What became of a request; errno has the reason. */
enum outcome {
	ANSWERED,
	NOT_SENT,	/* not completely, so the server cannot execute it */
	NOT_ANSWERED,	/* it may have been executed */
};

/*
 * Sends a request and receives the answer. Without one, or with more than one, the connection
 * is closed. The caller frees *reply. EMSGSIZE: drops_message, and the message is longer than
 * the longest.
 */
enum outcome connection_exchange(struct connection *connection, const struct request *request,
				 redisReply **reply, deadline_t deadline);

/* As failed(), with the text for errno after connection_exchange(). */
int connection_failed(const struct connection *connection);

/*
 * For a request that can be repeated without harm, and must be answered with "OK" or 0; refused
 * is called for a refusal. Returns 0; or -1 as failed() does, and then the connection is closed.
 */
int connection_demand(struct connection *connection, const struct request *request,
		      deadline_t deadline,
		      int (*refused)(const redisReply *reply, const char *name));

#endif

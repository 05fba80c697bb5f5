// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ctype.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "connection.h"
#include "reply.h"

/* What else an answer has: numbers, or the server's words. */
#define MOST_WORDS	65536

/*
 * In bytes a second. A slow connection is not a silent one: what it has carried extends the
 * deadline by the time that it needs at this speed, but not beyond the time that the server
 * may be silent.
 */
#define SLOWEST		65536

static void extend(const struct connection *connection, deadline_t *deadline, int64_t bytes)
{
	deadline_t silence = deadline_in(connection->place->url.timeout);

	*deadline += bytes * INT64_C(1000000000) / SLOWEST;
	if (*deadline > silence)
		*deadline = silence;
}

void request_add(struct request *request, const char *bytes, size_t length)
{
	request->words[request->count] = bytes;
	request->lengths[request->count++] = length;
}

void request_add_text(struct request *request, const char *text)
{
	request_add(request, text, strlen(text));
}

/* The other side has so much of the request. */
static void note_taken(struct connection *connection, int64_t taken, deadline_t *deadline)
{
	if (taken <= connection->taken)
		return;
	extend(connection, deadline, taken - connection->taken);
	connection->taken = taken;
}

/*
 * After the deadline: whether the other side has taken more of the request, and there is time
 * left for that reason. What is in the kernel's buffers here would also be so if it hung.
 */
static bool is_taking(struct connection *connection, deadline_t *deadline)
{
	if (errno != ETIMEDOUT)
		return false;
	note_taken(connection, connection->sent - stream_queued(&connection->stream), deadline);
	return deadline_left(*deadline);
}

/* So that a socket in the file system, which counts whole parts, shows that they are taken. */
#define MOST_AT_ONCE	16384

static int send_all(struct connection *connection, const char *bytes, size_t length,
		    deadline_t *deadline)
{
	connection->sent = 0;
	connection->taken = 0;
	while (length) {
		size_t size = length < MOST_AT_ONCE ? length : MOST_AT_ONCE;
		ssize_t sent = stream_send(&connection->stream, bytes, size, *deadline);

		if (sent < 0 && is_taking(connection, deadline))
			continue;
		if (!sent)
			errno = ECONNRESET;
		if (sent <= 0)
			return -1;
		connection->sent += sent;
		bytes += sent;
		length -= (size_t)sent;
	}
	return 0;
}

int connection_send(struct connection *connection, const struct request *request,
		    deadline_t *deadline)
{
	char *bytes = NULL;
	long long length = redisFormatCommandArgv(&bytes, request->count,
						  (const char **)request->words, request->lengths);
	int result;

	if (length < 0) {
		errno = ENOMEM;
		return -1;
	}
	result = send_all(connection, bytes, (size_t)length, deadline);
	redisFreeCommand(bytes);
	return result;
}

/* Returns the number of bytes that came, or -1 with errno. Extends the deadline for more. */
static ssize_t receive(struct connection *connection, char *bytes, size_t size,
		       deadline_t *deadline)
{
	ssize_t received;

	do
		received = stream_receive(&connection->stream, bytes, size, *deadline);
	while (received < 0 && is_taking(connection, deadline));
	if (!received)
		errno = ECONNRESET;
	if (received <= 0)
		return -1;
	/* The request is no longer on its way. */
	note_taken(connection, connection->sent, deadline);
	extend(connection, deadline, received);
	return received;
}

static int feed(struct connection *connection, const char *bytes, size_t length)
{
	if (redisReaderFeed(connection->reader, bytes, length) == REDIS_OK)
		return 0;
	errno = ENOMEM;
	return -1;
}

/* Receives what is not wanted. */
static int skip(struct connection *connection, size_t length, deadline_t *deadline)
{
	char bytes[16384];

	while (length) {
		size_t size = length < sizeof(bytes) ? length : sizeof(bytes);
		ssize_t received = receive(connection, bytes, size, deadline);

		if (received < 0)
			return -1;
		length -= (size_t)received;
		if (length && !deadline_left(*deadline)) {
			errno = ETIMEDOUT;
			return -1;
		}
	}
	return 0;
}

/*
 * For an answer that has a message or not, where that is all that matters: drops the message,
 * and the reader finds a 1. It finds other answers as they are. EMSGSIZE: there is a message
 * that is longer than the longest, which is not worth receiving.
 */
static int drop_message(struct connection *connection, deadline_t *deadline)
{
	char line[24];
	size_t length = 0, message;

	while (!length || (line[length - 1] != '\n' && length < sizeof(line) - 1)) {
		if (receive(connection, line + length, 1, deadline) < 0)
			return -1;
		length++;
	}
	line[length] = '\0';
	if (line[0] != '$' || !isdigit((unsigned char)line[1]) || line[length - 1] != '\n')
		return feed(connection, line, length);
	message = strtoul(line + 1, NULL, 10);
	if (message > LONGEST_MESSAGE) {
		errno = EMSGSIZE;
		return -1;
	}
	return skip(connection, message + 2, deadline) ? -1 : feed(connection, ":1\r\n", 4);
}

/* Whether an answer that is not complete is too long, or has taken too long. Sets errno. */
static bool is_over(const struct request *request, size_t received, deadline_t deadline)
{
	errno = EPROTO;
	if (received > request->message + MOST_WORDS)
		return true;
	errno = ETIMEDOUT;
	return received && !deadline_left(deadline);
}

/*
 * Sets *reply, or returns -1 with errno. EPROTO: that was not the protocol, or is longer than
 * any answer to the request.
 */
static int receive_reply(struct connection *connection, const struct request *request,
			 redisReply **reply, deadline_t deadline)
{
	size_t received = 0;
	char bytes[16384];
	ssize_t part;

	*reply = NULL;
	if (request->drops_message && drop_message(connection, &deadline))
		return -1;
	for (;;) {
		if (redisReaderGetReply(connection->reader, (void **)reply) != REDIS_OK) {
			errno = connection->reader->err == REDIS_ERR_OOM ? ENOMEM : EPROTO;
			return -1;
		}
		if (*reply)
			return 0;
		if (is_over(request, received, deadline))
			return -1;
		part = receive(connection, bytes, sizeof(bytes), &deadline);
		if (part < 0 || feed(connection, bytes, (size_t)part))
			return -1;
		received += (size_t)part;
	}
}

void connection_end(struct connection *connection)
{
	int error = errno;

	stream_close(&connection->stream);
	if (connection->reader)
		redisReaderFree(connection->reader);
	connection->reader = NULL;
	errno = error;
}

/*
 * A server that refuses a client says why before it closes the connection, so there can be an
 * answer to a request that was not sent.
 */
enum outcome connection_exchange(struct connection *connection, const struct request *request,
				 redisReply **reply, deadline_t deadline)
{
	int error = 0;

	if (connection_send(connection, request, &deadline)) {
		error = errno;
		deadline = clock_now();
		connection->sent = 0;
	}
	if (!receive_reply(connection, request, reply, deadline)) {
		/* More than an answer must not be taken for that to the next request. */
		if (error || connection->reader->pos != connection->reader->len)
			connection_end(connection);
		return ANSWERED;
	}
	if (error)
		errno = error;
	else
		connection->has_lost = true;
	connection_end(connection);
	return error ? NOT_SENT : NOT_ANSWERED;
}

int connection_failed(const struct connection *connection)
{
	const char *name = connection->place->name;

	switch (errno) {
	case ETIMEDOUT:
		return failed(ETIMEDOUT,
			      "%s did not answer within %d ms (the URL's option timeout)",
			      name, connection->place->url.timeout);
	case EPROTO:
		return reply_unexpected(name);
	case ENOMEM:
		return failed_text(ENOMEM, "out of memory");
	case EPIPE:
	case ECONNRESET:
		return failed(ECONNRESET, "%s closed the connection", name);
	default:
		return failed(errno, "the connection to %s broke: %m", name);
	}
}

int connection_demand(struct connection *connection, const struct request *request,
		      deadline_t deadline,
		      int (*refused)(const redisReply *reply, const char *name))
{
	redisReply *reply;
	int result = 0;

	if (connection_exchange(connection, request, &reply, deadline) != ANSWERED)
		return connection_failed(connection);
	if (reply->type == REDIS_REPLY_ERROR)
		result = refused(reply, connection->place->name);
	else if (reply->type != REDIS_REPLY_STATUS && reply->type != REDIS_REPLY_INTEGER)
		result = reply_unexpected(connection->place->name);
	else if (!connection->reader)
		result = reply_unexpected(connection->place->name);
	freeReplyObject(reply);
	if (result)
		connection_end(connection);
	return result;
}

static int authenticate(struct connection *connection, deadline_t deadline)
{
	const struct url *url = &connection->place->url;
	struct request request = {};

	if (!url->password)
		return 0;
	request_add_text(&request, "AUTH");
	if (url->user)
		request_add_text(&request, url->user);
	request_add_text(&request, url->password);
	return connection_demand(connection, &request, deadline, reply_failed_secretly);
}

static int select_db(struct connection *connection, deadline_t deadline)
{
	struct request request = {};
	char number[12];

	if (!connection->place->url.db)
		return 0;
	snprintf(number, sizeof(number), "%d", connection->place->url.db);
	request_add_text(&request, "SELECT");
	request_add_text(&request, number);
	return connection_demand(connection, &request, deadline, reply_failed);
}

/* The longest array is that of the figures. hiredis visits each element to free it. */
#define MAX_ELEMENTS	16

#if HIREDIS_MAJOR < 1
/* The same for all readers. Atomic, because each thread that connects sets it. */
static void *(*_Atomic create_any_array)(const redisReadTask *, int);

static void *create_array(const redisReadTask *task, int elements)
{
	return elements > MAX_ELEMENTS ? NULL : atomic_load(&create_any_array)(task, elements);
}
#endif

static void limit_arrays(struct connection *connection)
{
#if HIREDIS_MAJOR < 1
	atomic_store(&create_any_array, connection->reader->fn->createArray);
	connection->functions = *connection->reader->fn;
	connection->functions.createArray = create_array;
	connection->reader->fn = &connection->functions;
#else
	connection->reader->maxelements = MAX_ELEMENTS;
#endif
}

void connection_init(struct connection *connection, const struct place *place)
{
	*connection = (struct connection){ .place = place, .stream.socket = -1 };
}

int connection_begin(struct connection *connection, deadline_t deadline)
{
	const struct place *place = connection->place;

	if (stream_open(&connection->stream, &place->url, place->tls, place->name, deadline))
		return -1;
	connection->reader = redisReaderCreate();
	if (!connection->reader) {
		connection_end(connection);
		return failed_text(ENOMEM, "out of memory");
	}
	limit_arrays(connection);
	if (authenticate(connection, deadline) || select_db(connection, deadline))
		return -1;
	return 0;
}

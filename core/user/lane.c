// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "backend.h"
#include "lane.h"
#include "reply.h"
#include "scripts.h"

/* What became of one request on one connection; errno has the reason. */
enum outcome {
	ANSWERED,
	NOT_SENT,	/* not completely, so the server cannot execute it */
	NOT_ANSWERED,	/* it may have been executed */
};

#define MAX_WORDS	12

struct request {
	const char *words[MAX_WORDS];
	size_t lengths[MAX_WORDS];
	int count;
	size_t message;	/* length of the longest message that the answer can have */
	bool drops_message;	/* only whether there is one matters */
};

/* What else an answer has: numbers, or the server's words. */
#define MOST_WORDS	65536

/*
 * In bytes a second. A slow connection is not a silent one: what it has carried extends the
 * deadline by the time that it needs at this speed, but not beyond the time that the server
 * may be silent.
 */
#define SLOWEST		65536

static void extend(const struct lane *lane, deadline_t *deadline, int64_t bytes)
{
	deadline_t silence = deadline_in(lane->place->url.timeout);

	*deadline += bytes * INT64_C(1000000000) / SLOWEST;
	if (*deadline > silence)
		*deadline = silence;
}

static void add(struct request *request, const char *bytes, size_t length)
{
	request->words[request->count] = bytes;
	request->lengths[request->count++] = length;
}

static void add_text(struct request *request, const char *text)
{
	add(request, text, strlen(text));
}

static struct request script_request(const struct lane *lane, const char *script)
{
	struct request request = {};

	add_text(&request, "EVAL");
	add_text(&request, script);
	add_text(&request, "3");
	add_text(&request, lane->place->url.key);
	add_text(&request, lane->place->figures_key);
	add_text(&request, lane->key);
	return request;
}

/* The other side has so much of the request. */
static void note_taken(struct lane *lane, int64_t taken, deadline_t *deadline)
{
	if (taken <= lane->taken)
		return;
	extend(lane, deadline, taken - lane->taken);
	lane->taken = taken;
}

/*
 * After the deadline: whether the other side has taken more of the request, and there is time
 * left for that reason. What is in the kernel's buffers here would also be so if it hung.
 */
static bool is_taking(struct lane *lane, deadline_t *deadline)
{
	if (errno != ETIMEDOUT)
		return false;
	note_taken(lane, lane->sent - stream_queued(&lane->stream), deadline);
	return deadline_left(*deadline);
}

/* So that a socket in the file system, which counts whole parts, shows that they are taken. */
#define MOST_AT_ONCE	16384

static int send_all(struct lane *lane, const char *bytes, size_t length, deadline_t *deadline)
{
	lane->sent = 0;
	lane->taken = 0;
	while (length) {
		size_t size = length < MOST_AT_ONCE ? length : MOST_AT_ONCE;
		ssize_t sent = stream_send(&lane->stream, bytes, size, *deadline);

		if (sent < 0 && is_taking(lane, deadline))
			continue;
		if (!sent)
			errno = ECONNRESET;
		if (sent <= 0)
			return -1;
		lane->sent += sent;
		bytes += sent;
		length -= (size_t)sent;
	}
	return 0;
}

static int send_request(struct lane *lane, const struct request *request, deadline_t *deadline)
{
	char *bytes = NULL;
	long long length = redisFormatCommandArgv(&bytes, request->count,
						  (const char **)request->words, request->lengths);
	int result;

	if (length < 0) {
		errno = ENOMEM;
		return -1;
	}
	result = send_all(lane, bytes, (size_t)length, deadline);
	redisFreeCommand(bytes);
	return result;
}

/* Returns the number of bytes that came, or -1 with errno. Extends the deadline for more. */
static ssize_t receive(struct lane *lane, char *bytes, size_t size, deadline_t *deadline)
{
	ssize_t received;

	do
		received = stream_receive(&lane->stream, bytes, size, *deadline);
	while (received < 0 && is_taking(lane, deadline));
	if (!received)
		errno = ECONNRESET;
	if (received <= 0)
		return -1;
	/* The request is no longer on its way. */
	note_taken(lane, lane->sent, deadline);
	extend(lane, deadline, received);
	return received;
}

static int feed(struct lane *lane, const char *bytes, size_t length)
{
	if (redisReaderFeed(lane->reader, bytes, length) == REDIS_OK)
		return 0;
	errno = ENOMEM;
	return -1;
}

/* Receives what is not wanted. */
static int skip(struct lane *lane, size_t length, deadline_t *deadline)
{
	char bytes[16384];

	while (length) {
		size_t size = length < sizeof(bytes) ? length : sizeof(bytes);
		ssize_t received = receive(lane, bytes, size, deadline);

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
static int drop_message(struct lane *lane, deadline_t *deadline)
{
	char line[24];
	size_t length = 0, message;

	while (!length || (line[length - 1] != '\n' && length < sizeof(line) - 1)) {
		if (receive(lane, line + length, 1, deadline) < 0)
			return -1;
		length++;
	}
	line[length] = '\0';
	if (line[0] != '$' || !isdigit((unsigned char)line[1]) || line[length - 1] != '\n')
		return feed(lane, line, length);
	message = strtoul(line + 1, NULL, 10);
	if (message > LONGEST_MESSAGE) {
		errno = EMSGSIZE;
		return -1;
	}
	return skip(lane, message + 2, deadline) ? -1 : feed(lane, ":1\r\n", 4);
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
static int receive_reply(struct lane *lane, const struct request *request, redisReply **reply,
			 deadline_t deadline)
{
	size_t received = 0;
	char bytes[16384];
	ssize_t part;

	*reply = NULL;
	if (request->drops_message && drop_message(lane, &deadline))
		return -1;
	for (;;) {
		if (redisReaderGetReply(lane->reader, (void **)reply) != REDIS_OK) {
			errno = lane->reader->err == REDIS_ERR_OOM ? ENOMEM : EPROTO;
			return -1;
		}
		if (*reply)
			return 0;
		if (is_over(request, received, deadline))
			return -1;
		part = receive(lane, bytes, sizeof(bytes), &deadline);
		if (part < 0 || feed(lane, bytes, (size_t)part))
			return -1;
		received += (size_t)part;
	}
}

static void disconnect(struct lane *lane)
{
	int error = errno;

	stream_close(&lane->stream);
	if (lane->reader)
		redisReaderFree(lane->reader);
	lane->reader = NULL;
	errno = error;
}

/*
 * On a connection that has been made. Without an answer, or with more than one, it is closed.
 * A server that refuses a client says why before it closes the connection, so there can be an
 * answer to a request that was not sent.
 */
static enum outcome exchange(struct lane *lane, const struct request *request, redisReply **reply,
			     deadline_t deadline)
{
	int error = 0;

	if (send_request(lane, request, &deadline)) {
		error = errno;
		deadline = clock_now();
		lane->sent = 0;
	}
	if (!receive_reply(lane, request, reply, deadline)) {
		/* More than an answer must not be taken for that to the next request. */
		if (error || lane->reader->pos != lane->reader->len)
			disconnect(lane);
		return ANSWERED;
	}
	if (error)
		errno = error;
	else
		lane->has_lost = true;
	disconnect(lane);
	return error ? NOT_SENT : NOT_ANSWERED;
}

/* The text for errno after exchange(). */
static int exchange_failed(const struct lane *lane)
{
	const char *name = lane->place->name;

	switch (errno) {
	case ETIMEDOUT:
		return failed(ETIMEDOUT,
			      "%s did not answer within %d ms (the URL's option timeout)",
			      name, lane->place->url.timeout);
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

/* For requests that can be repeated without harm, and must be answered with "OK" or 0. */
static int demand(struct lane *lane, const struct request *request, deadline_t deadline,
		  int (*refused)(const redisReply *reply, const char *name))
{
	redisReply *reply;
	int result = 0;

	if (exchange(lane, request, &reply, deadline) != ANSWERED)
		return exchange_failed(lane);
	if (reply->type == REDIS_REPLY_ERROR)
		result = refused(reply, lane->place->name);
	else if (reply->type != REDIS_REPLY_STATUS && reply->type != REDIS_REPLY_INTEGER)
		result = reply_unexpected(lane->place->name);
	else if (!lane->reader)
		result = reply_unexpected(lane->place->name);
	freeReplyObject(reply);
	if (result)
		disconnect(lane);
	return result;
}

static int authenticate(struct lane *lane, deadline_t deadline)
{
	const struct url *url = &lane->place->url;
	struct request request = {};

	if (!url->password)
		return 0;
	add_text(&request, "AUTH");
	if (url->user)
		add_text(&request, url->user);
	add_text(&request, url->password);
	return demand(lane, &request, deadline, reply_failed_secretly);
}

static int select_db(struct lane *lane, deadline_t deadline)
{
	struct request request = {};
	char number[12];

	if (!lane->place->url.db)
		return 0;
	snprintf(number, sizeof(number), "%d", lane->place->url.db);
	add_text(&request, "SELECT");
	add_text(&request, number);
	return demand(lane, &request, deadline, reply_failed);
}

static int register_lane(struct lane *lane, deadline_t deadline)
{
	struct request request = script_request(lane, SCRIPT_REGISTER);
	char number[24], life[12];

	snprintf(number, sizeof(number), "%" PRIu64, lane->number);
	snprintf(life, sizeof(life), "%d", lane_life_ms(&lane->place->url));
	add_text(&request, number);
	add_text(&request, life);
	if (demand(lane, &request, deadline, reply_failed))
		return -1;
	lane->registered = clock_now();
	return 0;
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

static void limit_arrays(struct lane *lane)
{
#if HIREDIS_MAJOR < 1
	atomic_store(&create_any_array, lane->reader->fn->createArray);
	lane->functions = *lane->reader->fn;
	lane->functions.createArray = create_array;
	lane->reader->fn = &lane->functions;
#else
	lane->reader->maxelements = MAX_ELEMENTS;
#endif
}

static int connect_lane(struct lane *lane, deadline_t deadline)
{
	const struct place *place = lane->place;

	if (stream_open(&lane->stream, &place->url, place->tls, place->name, deadline))
		return -1;
	lane->reader = redisReaderCreate();
	if (!lane->reader) {
		disconnect(lane);
		return failed_text(ENOMEM, "out of memory");
	}
	limit_arrays(lane);
	if (authenticate(lane, deadline) || select_db(lane, deadline))
		return -1;
	return 0;
}

static bool is_old(const struct lane *lane)
{
	int64_t limit = lane_life_ms(&lane->place->url) / 2 * INT64_C(1000000);

	return !lane->registered || clock_now() - lane->registered > limit;
}

/*
 * Makes a connection that works, and the lane known to the server. Not while a request is
 * to be repeated: that would erase the answer.
 */
static int make_ready(struct lane *lane, bool again, deadline_t deadline)
{
	bool is_new = false;
	int result;

	if (lane->stream.socket >= 0 && stream_is_stale(&lane->stream))
		disconnect(lane);
	if (lane->stream.socket < 0) {
		/* A get that is repeated may have a message, which is worth the time. */
		lane->stream.interruptible = lane->waits && !again;
		result = connect_lane(lane, deadline);
		lane->stream.interruptible = false;
		if (result)
			return -1;
		is_new = true;
	}
	if (!again && (is_new || is_old(lane)))
		return register_lane(lane, deadline);
	return 0;
}

bool lane_error_is_temporary(int error)
{
	switch (error) {
	case ECONNREFUSED:
	case ECONNRESET:
	case ECONNABORTED:
	case EPIPE:
	case ETIMEDOUT:
	case EHOSTUNREACH:
	case EHOSTDOWN:
	case ENETUNREACH:
	case ENETDOWN:
	case ENETRESET:
	case ENOENT:	/* a socket in the file system, while its server is starting */
	case EROFS:	/* a server that was another one's copy at the start would not be open */
		return true;
	default:
		return false;
	}
}

bool lane_pause(struct lane *lane, int pause_ms, deadline_t deadline)
{
	int left = deadline_left(deadline), error = errno;

	if (!left)
		return false;
	if (left > 0 && left < pause_ms)
		pause_ms = left;
	if (poll(NULL, 0, pause_ms) < 0)
		lane->stream.interrupted = true;
	errno = error;
	return true;
}

/* The server has forgotten the lane, so that the request had no effect. */
static redisReply *unknown(struct lane *lane, redisReply *reply)
{
	freeReplyObject(reply);
	lane->registered = 0;
	failed(ETIMEDOUT, "%s forgets at once who has connected: it is out of memory, or loses it",
	       lane->place->name);
	return NULL;
}

/* One attempt. Without a result, *outcome tells what became of the request. */
static redisReply *attempt(struct lane *lane, const struct request *request, bool again,
			   enum outcome *outcome)
{
	deadline_t deadline = deadline_in(lane->place->url.timeout);
	redisReply *reply = NULL;

	*outcome = ANSWERED;
	if (make_ready(lane, again, deadline))
		return NULL;
	*outcome = exchange(lane, request, &reply, deadline);
	if (*outcome != ANSWERED) {
		exchange_failed(lane);
		return NULL;
	}
	if (reply->type == REDIS_REPLY_INTEGER && reply->integer == SCRIPT_UNKNOWN && !again)
		return unknown(lane, reply);
	if (reply->type != REDIS_REPLY_ERROR)
		return reply;
	reply_failed(reply, lane->place->name);
	freeReplyObject(reply);
	return NULL;
}

/*
 * Whether there is hope after a failure. A server that cannot be reached is an error at once,
 * but not if the request may have been executed; ETIMEDOUT is also a server that is starting.
 */
static bool is_hopeful(bool again, enum outcome outcome)
{
	if (errno == ENOMEM || errno == EPROTO)
		return false;
	if (again)
		return outcome != ANSWERED || lane_error_is_temporary(errno);
	return outcome != ANSWERED || errno == ETIMEDOUT;
}

/*
 * Until the request is answered or the time is over; that begins anew, once, when a connection
 * breaks, as a slow one can have used it all. The last attempt may begin just before the end,
 * and still gets all the time that an answer may take: otherwise it would often be sent and
 * not answered, which is worse than late. again_word is the word of the request
 * that says "again", or NULL if the request can be repeated without harm.
 */
static redisReply *repeat(struct lane *lane, struct request *request, const char **again_word)
{
	deadline_t deadline = deadline_in(lane->place->url.timeout);
	bool again = lane->unsettled, has_broken = false;
	enum outcome outcome;
	redisReply *reply;
	int tries;

	lane->repeated = again;
	for (tries = 0;; tries++) {
		if (again_word)
			*again_word = again ? "1" : "0";
		reply = attempt(lane, request, again, &outcome);
		if (reply)
			return reply;
		if (outcome == NOT_ANSWERED && again_word)
			again = true;
		lane->repeated = again;
		if (outcome != ANSWERED && errno != ETIMEDOUT && !has_broken) {
			has_broken = true;
			deadline = deadline_in(lane->place->url.timeout);
		}
		if (!is_hopeful(again, outcome) || !lane_pause(lane, tries ? 100 : 1, deadline))
			break;
	}
	/* The text stays that of the last reason. */
	if (again)
		errno = EINPROGRESS;
	return NULL;
}

/* lane->number changes only afterwards: until then register_lane() leaves the one before. */
redisReply *lane_run(struct lane *lane, const char *script, const struct argument *arguments,
		     int count, size_t message)
{
	uint64_t number = lane->unsettled ? lane->number : lane->number + 1;
	struct request request = script_request(lane, script);
	const char **again_word;
	redisReply *reply;
	char text[24];

	request.message = message;
	snprintf(text, sizeof(text), "%" PRIu64, number);
	add_text(&request, text);
	again_word = &request.words[request.count];
	add_text(&request, "0");
	while (count--) {
		add(&request, arguments->bytes, arguments->length);
		arguments++;
	}
	reply = repeat(lane, &request, again_word);
	lane->number = number;
	return reply;
}

redisReply *lane_ask(struct lane *lane, const char *script)
{
	struct request request = script_request(lane, script);

	return repeat(lane, &request, NULL);
}

/*
 * The server is asked again after this time, so that one that has vanished without closing
 * the connection is noticed.
 */
#define LONGEST_WAIT_MS	30000
/* A server's timers are not exact. */
#define LENIENCY_MS	200

/* A move from the list's head to its head, which waits until there is one. */
static int block(struct lane *lane, int wait_ms, int patience_ms)
{
	deadline_t deadline = deadline_in(wait_ms);
	const char *key = lane->place->url.key;
	struct request request = { .drops_message = true };
	redisReply *reply;
	char seconds[24];
	int result;

	/* 0 would be for ever. */
	snprintf(seconds, sizeof(seconds), "%d.%03d", wait_ms / 1000, wait_ms % 1000);
	add_text(&request, "BLMOVE");
	add_text(&request, key);
	add_text(&request, key);
	add_text(&request, "LEFT");
	add_text(&request, "LEFT");
	add_text(&request, seconds);
	if (exchange(lane, &request, &reply, deadline_in(patience_ms)) != ANSWERED)
		return errno == EMSGSIZE ? 1 : exchange_failed(lane);
	if (reply->type == REDIS_REPLY_ERROR)
		result = reply_failed(reply, lane->place->name);
	else
		result = reply->type != REDIS_REPLY_NIL;
	freeReplyObject(reply);
	/* A server that is out of memory, or busy, does not move, but can be asked again. */
	if (result < 0 && (errno == ENOMEM || errno == ETIMEDOUT))
		result = 0;
	/* The time is not over if the server did not wait. */
	if (!result)
		lane_pause(lane, 100, deadline);
	return result;
}

int lane_wait(struct lane *lane, int timeout_ms)
{
	const struct url *url = &lane->place->url;
	bool is_last = timeout_ms != MSGBOX_FOREVER && timeout_ms <= LONGEST_WAIT_MS;
	int wait_ms = is_last ? timeout_ms : LONGEST_WAIT_MS;
	int result;

	if (make_ready(lane, lane->unsettled, deadline_in(url->timeout)))
		return -1;
	lane->stream.interruptible = true;
	result = block(lane, wait_ms, wait_ms + (is_last ? LENIENCY_MS : url->timeout));
	lane->stream.interruptible = false;
	return result < 0 && errno == ETIMEDOUT && is_last ? 0 : result;
}

static char *new_key(const struct place *place)
{
	unsigned char name[12];
	char text[2 * sizeof(name) + 1], *key;
	size_t i;

	if (getentropy(name, sizeof(name)))
		return NULL;
	for (i = 0; i < sizeof(name); i++)
		sprintf(&text[2 * i], "%02x", name[i]);
	return asprintf(&key, "%s:%s", place->figures_key, text) < 0 ? NULL : key;
}

struct lane *lane_new(const struct place *place)
{
	struct lane *lane = calloc(1, sizeof(*lane));

	if (lane)
		lane->key = new_key(place);
	if (!lane || !lane->key) {
		free(lane);
		failed_text(ENOMEM, "out of memory");
		return NULL;
	}
	lane->place = place;
	lane->stream.socket = -1;
	return lane;
}

void lane_free(struct lane *lane)
{
	disconnect(lane);
	stream_drop_lookup(&lane->stream);
	free(lane->key);
	free(lane);
}

void lane_forget(struct lane *lane)
{
	struct request request = script_request(lane, SCRIPT_FORGET);
	deadline_t deadline = clock_now();

	/* A late copy must still find its number; the server then forgets the lane in time. */
	if (lane->stream.socket >= 0 && !lane->has_lost)
		send_request(lane, &request, &deadline);
}

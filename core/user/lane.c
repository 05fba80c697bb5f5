// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "backend.h"
#include "lane.h"
#include "reply.h"
#include "scripts.h"

static struct request script_request(const struct lane *lane, const char *script)
{
	struct request request = {};

	request_add_text(&request, "EVAL");
	request_add_text(&request, script);
	request_add_text(&request, "3");
	request_add_text(&request, lane->place->url.key);
	request_add_text(&request, lane->place->figures_key);
	request_add_text(&request, lane->key);
	return request;
}

static int register_lane(struct lane *lane, deadline_t deadline)
{
	struct request request = script_request(lane, SCRIPT_REGISTER);
	char number[24], life[12];

	snprintf(number, sizeof(number), "%" PRIu64, lane->number);
	snprintf(life, sizeof(life), "%d", lane_life_ms(&lane->place->url));
	request_add_text(&request, number);
	request_add_text(&request, life);
	if (connection_demand(&lane->connection, &request, deadline, reply_failed))
		return -1;
	lane->registered = clock_now();
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
	struct connection *connection = &lane->connection;
	bool is_new = false;
	int result;

	if (connection_is_open(connection) && stream_is_stale(&connection->stream))
		connection_end(connection);
	if (!connection_is_open(connection)) {
		/* A get that is repeated may have a message, which is worth the time. */
		connection->stream.interruptible = lane->waits && !again;
		result = connection_begin(connection, deadline);
		connection->stream.interruptible = false;
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
		lane->connection.stream.interrupted = true;
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
	*outcome = connection_exchange(&lane->connection, request, &reply, deadline);
	if (*outcome != ANSWERED) {
		connection_failed(&lane->connection);
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
	request_add_text(&request, text);
	again_word = &request.words[request.count];
	request_add_text(&request, "0");
	while (count--) {
		request_add(&request, arguments->bytes, arguments->length);
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
	struct connection *connection = &lane->connection;
	deadline_t deadline = deadline_in(wait_ms);
	const char *key = lane->place->url.key;
	struct request request = { .drops_message = true };
	redisReply *reply;
	char seconds[24];
	int result;

	/* 0 would be for ever. */
	snprintf(seconds, sizeof(seconds), "%d.%03d", wait_ms / 1000, wait_ms % 1000);
	request_add_text(&request, "BLMOVE");
	request_add_text(&request, key);
	request_add_text(&request, key);
	request_add_text(&request, "LEFT");
	request_add_text(&request, "LEFT");
	request_add_text(&request, seconds);
	if (connection_exchange(connection, &request, &reply, deadline_in(patience_ms)) != ANSWERED)
		return errno == EMSGSIZE ? 1 : connection_failed(connection);
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
	lane->connection.stream.interruptible = true;
	result = block(lane, wait_ms, wait_ms + (is_last ? LENIENCY_MS : url->timeout));
	lane->connection.stream.interruptible = false;
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
	connection_init(&lane->connection, place);
	return lane;
}

void lane_free(struct lane *lane)
{
	connection_end(&lane->connection);
	stream_drop_lookup(&lane->connection.stream);
	free(lane->key);
	free(lane);
}

void lane_forget(struct lane *lane)
{
	struct request request = script_request(lane, SCRIPT_FORGET);
	deadline_t deadline = clock_now();

	/* A late copy must still find its number; the server then forgets the lane in time. */
	if (connection_is_open(&lane->connection) && !lane->connection.has_lost)
		connection_send(&lane->connection, &request, &deadline);
}

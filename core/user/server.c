// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A box on a server that speaks the protocol of Redis. Each call uses a lane of its own, so
 * that threads do not wait for each other; lanes are used again.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend.h"
#include "lane.h"
#include "lookup.h"
#include "reply.h"
#include "scripts.h"
#include "tls.h"

/* More are closed after their call. */
#define MAX_IDLE_LANES	32

struct server_box {
	struct msgbox box;
	struct place place;
	unsigned int forks;	/* the same: in another PID namespace a child can have its number */
	pid_t owner;		/* a child shares the connections, and must not use them */
	pthread_mutex_t lock;	/* of the next two */
	struct lane *idle;
	int idle_count;
};

static atomic_uint forks;

static void count_fork(void)
{
	atomic_fetch_add(&forks, 1);
	lookup_after_fork();
}

static void watch_forks(void)
{
	pthread_atfork(NULL, NULL, count_fork);
}

static struct server_box *server_of(struct msgbox *box)
{
	return (struct server_box *)box;
}

/* Takes an idle lane that is unsettled, or is not, out of the list. */
static struct lane *find_idle(struct server_box *server, bool unsettled)
{
	struct lane **link = &server->idle, *lane;

	while (*link && (*link)->unsettled != unsettled)
		link = &(*link)->next;
	lane = *link;
	if (lane) {
		*link = lane->next;
		server->idle_count--;
	}
	return lane;
}

enum use { FOR_GET, FOR_OTHERS };

/* A get first settles what the last one has left open. Returns NULL as failed() does. */
static struct lane *take_lane(struct server_box *server, enum use use)
{
	struct lane *lane = NULL;

	if (server->owner != getpid() || server->forks != atomic_load(&forks)) {
		failed_text(EINVAL,
			    "the box was opened before fork(): the child must open it again");
		return NULL;
	}
	pthread_mutex_lock(&server->lock);
	if (use == FOR_GET)
		lane = find_idle(server, true);
	if (!lane)
		lane = find_idle(server, false);
	pthread_mutex_unlock(&server->lock);
	return lane ? lane : lane_new(&server->place);
}

static void give_back(struct server_box *server, struct lane *lane)
{
	int error = errno;

	pthread_mutex_lock(&server->lock);
	if (server->idle_count < MAX_IDLE_LANES || lane->unsettled) {
		lane->next = server->idle;
		server->idle = lane;
		server->idle_count++;
		lane = NULL;
	}
	pthread_mutex_unlock(&server->lock);
	if (lane) {
		lane_forget(lane);
		lane_free(lane);
	}
	errno = error;
}

#define FORGOTTEN "%s has forgotten what it did before the connection broke"

/* Keeps the text of the error and adds to it. */
static int not_known(const char *what)
{
	char reason[300];

	snprintf(reason, sizeof(reason), "%s", msgbox_error());
	return failed(EINPROGRESS, "%s; %s", reason, what);
}

static int put_failed(void)
{
	if (errno != EINPROGRESS)
		return -1;
	return not_known("it is not known whether the message was put");
}

static int put_on(struct lane *lane, const void *message, size_t length)
{
	const struct url *url = &lane->place->url;
	char limit[24];
	const struct argument arguments[] = {
		{ message, length },
		{ limit, (size_t)snprintf(limit, sizeof(limit), "%" PRIu64, url->max_bytes) },
	};
	redisReply *reply = lane_run(lane, SCRIPT_PUT, arguments, 2, 0);
	long long result;

	if (!reply)
		return put_failed();
	result = reply->type == REDIS_REPLY_INTEGER ? reply->integer : LLONG_MIN;
	freeReplyObject(reply);
	switch (result) {
	case SCRIPT_DONE:
		return 0;
	case SCRIPT_NOTHING:
		return failed(EAGAIN, "the box is full: take messages out, or raise the URL's "
			      "option max_bytes (%" PRIu64 ")", url->max_bytes);
	case SCRIPT_UNKNOWN:
		failed(EINPROGRESS, FORGOTTEN, lane->place->name);
		return put_failed();
	default:
		return reply_unexpected(lane->place->name);
	}
}

static int server_put(struct msgbox *box, const void *message, size_t length)
{
	struct server_box *server = server_of(box);
	const struct url *url = &server->place.url;
	struct lane *lane;
	int result;

	if (!message)
		return failed_text(EINVAL, "the message is NULL");
	if (length > url->max_message_bytes || length > url->max_bytes)
		return failed(EMSGSIZE, "the message has %zu bytes, more than the URL's options "
			      "max_message_bytes (%" PRIu64 ") and max_bytes (%" PRIu64 ") allow",
			      length, url->max_message_bytes, url->max_bytes);
	lane = take_lane(server, FOR_OTHERS);
	if (!lane)
		return -1;
	result = put_on(lane, message, length);
	give_back(server, lane);
	return result;
}

static ssize_t copy_message(struct lane *lane, const redisReply *reply, void *buffer, size_t size)
{
	/* The script has compared them; but the server may be another kind of server. */
	if (reply->len > size)
		return reply_unexpected(lane->place->name);
	memcpy(buffer, reply->str, reply->len);
	return (ssize_t)reply->len;
}

static int forgotten(const struct lane *lane)
{
	failed(EINPROGRESS, FORGOTTEN, lane->place->name);
	return not_known("a message may have been taken, and is lost then");
}

/*
 * What the answer to a get means that is no message. If the message is too long for a request
 * that was repeated, the first copy can still come and take another message, so the lane stays
 * unsettled.
 */
static int no_message(struct lane *lane, const redisReply *reply, size_t size)
{
	if (reply->type != REDIS_REPLY_INTEGER)
		return reply_unexpected(lane->place->name);
	if (reply->integer == SCRIPT_NOTHING)
		return failed_text(ENODATA, "the box is empty");
	if (reply->integer == SCRIPT_UNKNOWN)
		return forgotten(lane);
	if (reply->integer < 0 || (uint64_t)reply->integer <= size)
		return reply_unexpected(lane->place->name);
	lane->unsettled = lane->repeated;
	return failed(EMSGSIZE, "the newest message has %lld bytes and is longer than the buffer; "
		      "it stays in the box", reply->integer);
}

static int get_failed(void)
{
	if (errno != EINPROGRESS)
		return -1;
	return not_known("if a message was taken, the next get or wait gives it");
}

static ssize_t get_on(struct lane *lane, void *buffer, size_t size)
{
	int life_ms = lane_life_ms(&lane->place->url);
	char limit[24], life[12];
	const struct argument arguments[] = {
		{ limit, (size_t)snprintf(limit, sizeof(limit), "%zu", size) },
		{ life, (size_t)snprintf(life, sizeof(life), "%d", life_ms) },
	};
	redisReply *reply = lane_run(lane, SCRIPT_GET, arguments, 2, size);
	ssize_t length;

	if (!reply) {
		lane->unsettled = errno == EINPROGRESS;
		return get_failed();
	}
	lane->unsettled = false;
	if (reply->type == REDIS_REPLY_STRING)
		length = copy_message(lane, reply, buffer, size);
	else
		length = no_message(lane, reply, size);
	freeReplyObject(reply);
	return length;
}

/* For get and wait. */
static struct lane *take_lane_for(struct server_box *server, const void *buffer)
{
	if (!buffer) {
		failed_text(EINVAL, "the buffer is NULL");
		return NULL;
	}
	return take_lane(server, FOR_GET);
}

/* A message that is longer, which other programs may have put, stays in the box. */
static size_t at_most_longest(size_t size)
{
	return size > LONGEST_MESSAGE ? LONGEST_MESSAGE : size;
}

static ssize_t server_get(struct msgbox *box, void *buffer, size_t size)
{
	struct server_box *server = server_of(box);
	struct lane *lane = take_lane_for(server, buffer);
	ssize_t length;

	if (!lane)
		return -1;
	length = get_on(lane, buffer, at_most_longest(size));
	give_back(server, lane);
	return length;
}

static int timed_out(void)
{
	return failed_text(ETIMEDOUT, "no message came in time");
}

/* EINPROGRESS on a lane that is settled: a message may be lost, which the caller must know. */
static bool may_go_on(const struct lane *lane, int error)
{
	if (error == EINPROGRESS)
		return lane->unsettled;
	return error == ENODATA || error == EINTR || lane_error_is_temporary(error);
}

/*
 * Waits for the next message, or until the server can be reached again. errno is that of a
 * get. Returns 0 if it is time for another get, or -1 as failed() does.
 */
static int wait_for_next(struct lane *lane, deadline_t deadline)
{
	int came, left = deadline_left(deadline);

	if (errno == ENODATA && !lane->connection.stream.interrupted) {
		if (!left)
			return timed_out();
		came = lane_wait(lane, left);
		if (!came && !deadline_left(deadline))
			return timed_out();
		if (came >= 0)
			return 0;
	}
	if (!may_go_on(lane, errno))
		return -1;
	if (lane->connection.stream.interrupted)
		return failed_text(EINTR, "a signal ended the wait");
	return lane_pause(lane, 100, deadline) ? 0 : -1;
}

static ssize_t server_wait(struct msgbox *box, void *buffer, size_t size, int timeout_ms)
{
	deadline_t deadline = deadline_in(timeout_ms);
	struct server_box *server = server_of(box);
	struct lane *lane = take_lane_for(server, buffer);
	ssize_t length;

	if (!lane)
		return -1;
	lane->connection.stream.interrupted = false;
	lane->waits = true;
	do
		length = get_on(lane, buffer, at_most_longest(size));
	while (length < 0 && !wait_for_next(lane, deadline));
	lane->waits = false;
	give_back(server, lane);
	return length;
}

static bool is_figures(const redisReply *reply)
{
	size_t i;

	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 4)
		return false;
	for (i = 0; i < 4; i++) {
		const redisReply *figure = reply->element[i];

		if (figure->type != REDIS_REPLY_INTEGER || figure->integer < 0)
			return false;
	}
	return true;
}

static int read_figures_on(struct lane *lane, struct msgbox_figures *figures)
{
	redisReply *reply = lane_ask(lane, SCRIPT_FIGURES);
	int result = 0;

	if (!reply)
		return -1;
	if (is_figures(reply)) {
		figures->count = (uint64_t)reply->element[0]->integer;
		figures->bytes = (uint64_t)reply->element[1]->integer;
		figures->puts = (uint64_t)reply->element[2]->integer;
		figures->gets = (uint64_t)reply->element[3]->integer;
	} else {
		result = reply_unexpected(lane->place->name);
	}
	freeReplyObject(reply);
	return result;
}

static int server_read_figures(struct msgbox *box, struct msgbox_figures *figures)
{
	struct server_box *server = server_of(box);
	struct lane *lane = take_lane(server, FOR_OTHERS);
	int result;

	if (!lane)
		return -1;
	figures->max_message_bytes = server->place.url.max_message_bytes;
	figures->max_bytes = server->place.url.max_bytes;
	result = read_figures_on(lane, figures);
	give_back(server, lane);
	return result;
}

static void server_close(struct msgbox *box)
{
	struct server_box *server = server_of(box);
	bool is_owner = server->owner == getpid() && server->forks == atomic_load(&forks);
	struct lane *lane;

	while ((lane = server->idle)) {
		server->idle = lane->next;
		if (is_owner)
			lane_forget(lane);
		lane_free(lane);
	}
	pthread_mutex_destroy(&server->lock);
	tls_settings_free(server->place.tls);
	url_free(&server->place.url);
	free(server->place.name);
	free(server->place.figures_key);
	free(server);
}

static const struct backend server_backend = {
	.longest_message = LONGEST_MESSAGE,
	.close = server_close,
	.put = server_put,
	.get = server_get,
	.wait = server_wait,
	.read_figures = server_read_figures,
};

static int set_names(struct place *place)
{
	const struct url *url = &place->url;
	bool is_ipv6 = url->host && strchr(url->host, ':');
	int result;

	if (url->socket)
		result = asprintf(&place->name, "%s", url->socket);
	else
		result = asprintf(&place->name, is_ipv6 ? "[%s]:%d" : "%s:%d",
				  url->host, url->port);
	if (result < 0)
		place->name = NULL;
	if (asprintf(&place->figures_key, "%s:msgbox", url->key) < 0)
		place->figures_key = NULL;
	if (!place->name || !place->figures_key)
		return failed_text(ENOMEM, "out of memory");
	return 0;
}

/* The first request shows whether the server can be reached and the key be used. */
static int try_server(struct server_box *server)
{
	struct msgbox_figures figures;

	if (set_names(&server->place))
		return -1;
	if (server->place.url.tls) {
		server->place.tls = tls_settings_new(&server->place.url);
		if (!server->place.tls)
			return -1;
	}
	return server_read_figures(&server->box, &figures);
}

struct msgbox *server_open(struct url *url)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct server_box *server = calloc(1, sizeof(*server));

	if (!server) {
		failed_text(ENOMEM, "out of memory");
		return NULL;
	}
	server->box.backend = &server_backend;
	server->place.url = *url;
	*url = (struct url) {};
	pthread_once(&once, watch_forks);
	server->forks = atomic_load(&forks);
	server->owner = getpid();
	pthread_mutex_init(&server->lock, NULL);
	if (try_server(server)) {
		msgbox_close(&server->box);
		return NULL;
	}
	return &server->box;
}

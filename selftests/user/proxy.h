/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between the library and a server: passes on what both say, until a test tells it to
 * break the connection after so many bytes, to say nothing more, or to answer itself.
 */
#ifndef SELFTESTS_USER_PROXY_H
#define SELFTESTS_USER_PROXY_H

#include <pthread.h>
#include <stdatomic.h>

#include "server.h"

enum fault {
	FAULT_NONE,
	/* After so many bytes of the requests, or of the replies: */
	FAULT_CUT_REQUESTS,
	FAULT_CUT_REPLIES,
	/* The same, but the connection stays open and silent. */
	FAULT_STALL_REQUESTS,
	FAULT_STALL_REPLIES,
	/* Requests are not passed on; each gets this answer. */
	FAULT_ANSWER,
	/* The same, and then the connection ends. */
	FAULT_ANSWER_AND_END,
	/* The same, but only requests to wait get it, at once; all others are passed on. */
	FAULT_ANSWER_WAITS,
	/* At once, on each connection, though nobody asked: the answer. */
	FAULT_UNASKED,
	/* All passes, but SLOW_PART bytes in SLOW_PAUSE at most. */
	FAULT_SLOW_REQUESTS,
	FAULT_SLOW_REPLIES,
};

#define PAIRS	32
/* Much more than any answer has. */
#define ENDLESS		(256L * MIB)
#define SLOW_PART	4096
/* In microseconds. */
#define SLOW_PAUSE	20000

/**
 * struct reading - how much of a request has come: "*2\r\n$3\r\nGET\r\n$1\r\nx\r\n"
 * @words: how many words are still missing; 0 between requests
 * @bytes: how many bytes of a word and its end are still missing; 0 in a line
 * @number: the number in the line so far
 */
struct reading {
	long words;
	long bytes;
	long number;
};

/* Returns how many requests end with these bytes. */
static inline int count_requests(struct reading *reading, const char *data, size_t length)
{
	int count = 0;

	for (; length--; data++) {
		if (reading->bytes) {
			if (!--reading->bytes && !--reading->words)
				count++;
		} else if (*data >= '0' && *data <= '9') {
			reading->number = reading->number * 10 + *data - '0';
		} else if (*data == '\n') {
			if (reading->words)
				reading->bytes = reading->number + 2;
			else
				reading->words = reading->number;
			reading->number = 0;
		}
	}
	return count;
}

/**
 * struct proxy - the thread that passes on
 * @socket: the path of its socket
 * @url: the URL of a box, through it
 * @target: the path of the server's socket
 * @fault: what it does wrong; each fault happens once, answers excepted
 * @left: the number of bytes until then
 * @answer: for FAULT_ANSWER
 * @answer_length: its length
 * @fired: how often it has done wrong
 * @accepted: how many connections there have been
 * @answers_endlessly: whether ENDLESS bytes more follow, as fast as they are read
 * @endless: how many of them were read
 */
struct proxy {
	char socket[80];
	char url[128];
	const char *target;
	atomic_int fault;
	atomic_long left;
	const char *answer;
	size_t answer_length;
	atomic_int fired;
	atomic_int accepted;
	atomic_bool answers_endlessly;
	atomic_long endless;
	atomic_bool stop;
	int listener;
	/* The ends of each connection: the library's, the server's. A silent one is -1. */
	struct pollfd ends[PAIRS][2];
	bool silent[PAIRS];
	struct reading readings[PAIRS];
	pthread_t thread;
};

static inline void proxy_close(struct proxy *proxy, int pair)
{
	for (int end = 0; end < 2; end++) {
		if (proxy->ends[pair][end].fd >= 0)
			close(proxy->ends[pair][end].fd);
		proxy->ends[pair][end].fd = -1;
	}
	proxy->silent[pair] = false;
	proxy->readings[pair] = (struct reading){};
}

static inline void proxy_accept(struct proxy *proxy)
{
	int client = accept4(proxy->listener, NULL, NULL, SOCK_CLOEXEC);

	if (client < 0)
		return;
	atomic_fetch_add(&proxy->accepted, 1);
	for (int pair = 0; pair < PAIRS; pair++) {
		if (proxy->ends[pair][0].fd >= 0)
			continue;
		proxy->ends[pair][0].fd = client;
		/* Without a server the connection ends at once. */
		proxy->ends[pair][1].fd = connect_unix(proxy->target);
		if (proxy->ends[pair][1].fd < 0)
			proxy_close(proxy, pair);
		return;
	}
	close(client);
}

static inline void send_all(int fd, const char *data, size_t length)
{
	while (length) {
		ssize_t part = send(fd, data, length, MSG_NOSIGNAL);

		if (part <= 0)
			return;
		data += part;
		length -= part;
	}
}

/* Does the fault concern what comes from this end? */
static inline bool concerns(int fault, int end)
{
	bool of_replies = fault == FAULT_CUT_REPLIES || fault == FAULT_STALL_REPLIES ||
			  fault == FAULT_SLOW_REPLIES;

	return fault != FAULT_NONE && of_replies == end;
}

static inline void answer_endlessly(struct proxy *proxy, int pair)
{
	static const char part[64 * KIB];
	ssize_t sent = 1;

	while (sent > 0 && atomic_load(&proxy->endless) < ENDLESS) {
		sent = send(proxy->ends[pair][0].fd, part, sizeof(part), MSG_NOSIGNAL);
		atomic_fetch_add(&proxy->endless, sent > 0 ? sent : 0);
	}
}

static inline void answer_requests(struct proxy *proxy, int pair, int fault, int count)
{
	while (count--) {
		send_all(proxy->ends[pair][0].fd, proxy->answer, proxy->answer_length);
		atomic_fetch_add(&proxy->fired, 1);
		if (atomic_load(&proxy->answers_endlessly))
			answer_endlessly(proxy, pair);
		if (fault == FAULT_ANSWER_AND_END) {
			proxy_close(proxy, pair);
			return;
		}
	}
}

/* Passes on what still may pass, and ends the connection or falls silent. */
static inline void break_off(struct proxy *proxy, int pair, int end, int fault, const char *data)
{
	send_all(proxy->ends[pair][!end].fd, data, atomic_load(&proxy->left));
	if (fault == FAULT_CUT_REQUESTS || fault == FAULT_CUT_REPLIES)
		proxy_close(proxy, pair);
	else
		proxy->silent[pair] = true;
	atomic_store(&proxy->fault, FAULT_NONE);
	atomic_fetch_add(&proxy->fired, 1);
}

static inline void pass_on(struct proxy *proxy, int pair, int end)
{
	static char data[64 * KIB];
	int fault = atomic_load(&proxy->fault), count = 0;
	bool slow = fault >= FAULT_SLOW_REQUESTS && concerns(fault, end);
	ssize_t length = read(proxy->ends[pair][end].fd, data, slow ? SLOW_PART : sizeof(data));

	if (length > 0 && !end)
		count = count_requests(&proxy->readings[pair], data, length);
	if (length <= 0) {
		proxy_close(proxy, pair);
	} else if (proxy->silent[pair]) {
		return;
	} else if (slow) {
		usleep(SLOW_PAUSE);
		send_all(proxy->ends[pair][!end].fd, data, length);
	} else if (fault == FAULT_ANSWER_WAITS && !memmem(data, length, "BLMOVE", 6)) {
		send_all(proxy->ends[pair][!end].fd, data, length);
	} else if (concerns(fault, end) && fault >= FAULT_ANSWER) {
		answer_requests(proxy, pair, fault, count);
	} else if (concerns(fault, end) && length > atomic_load(&proxy->left)) {
		break_off(proxy, pair, end, fault, data);
	} else {
		if (concerns(fault, end))
			atomic_fetch_sub(&proxy->left, length);
		send_all(proxy->ends[pair][!end].fd, data, length);
	}
}

static inline void answer_unasked(struct proxy *proxy)
{
	for (int pair = 0; pair < PAIRS; pair++)
		if (proxy->ends[pair][0].fd >= 0)
			send_all(proxy->ends[pair][0].fd, proxy->answer, proxy->answer_length);
	atomic_store(&proxy->fault, FAULT_NONE);
	atomic_fetch_add(&proxy->fired, 1);
}

static inline void *run_proxy(void *data)
{
	struct proxy *proxy = data;

	while (!atomic_load(&proxy->stop)) {
		struct pollfd all[2 * PAIRS + 1];

		if (atomic_load(&proxy->fault) == FAULT_UNASKED)
			answer_unasked(proxy);
		memcpy(all, proxy->ends, sizeof(proxy->ends));
		all[2 * PAIRS] = (struct pollfd){ .fd = proxy->listener, .events = POLLIN };
		if (poll(all, 2 * PAIRS + 1, 20) <= 0)
			continue;
		for (int i = 0; i < 2 * PAIRS; i++)
			/* The other end may have closed this one. */
			if (all[i].revents && proxy->ends[i / 2][i % 2].fd == all[i].fd)
				pass_on(proxy, i / 2, i % 2);
		if (all[2 * PAIRS].revents)
			proxy_accept(proxy);
	}
	for (int pair = 0; pair < PAIRS; pair++)
		proxy_close(proxy, pair);
	return NULL;
}

static inline int listen_unix(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd >= 0 && !bind(fd, (struct sockaddr *)&address, sizeof(address)) && !listen(fd, 64))
		return fd;
	close(fd);
	return -1;
}

/* The socket is in the server's folder, which is removed with it. */
static inline bool proxy_begin(struct proxy *proxy, struct server *server)
{
	snprintf(proxy->socket, sizeof(proxy->socket), "%s/proxy", server->folder);
	snprintf(proxy->url, sizeof(proxy->url), "redis+unix://%s?key=box", proxy->socket);
	proxy->target = server->socket;
	proxy->listener = listen_unix(proxy->socket);
	for (int pair = 0; pair < PAIRS; pair++)
		for (int end = 0; end < 2; end++)
			proxy->ends[pair][end] = (struct pollfd){ .fd = -1, .events = POLLIN };
	return proxy->listener >= 0 && !pthread_create(&proxy->thread, NULL, run_proxy, proxy);
}

static inline void proxy_end(struct proxy *proxy)
{
	atomic_store(&proxy->stop, true);
	pthread_join(proxy->thread, NULL);
	close(proxy->listener);
}

/* From now on: this fault, after so many bytes. */
static inline void proxy_fault(struct proxy *proxy, enum fault fault, long bytes)
{
	atomic_store(&proxy->fired, 0);
	atomic_store(&proxy->answers_endlessly, false);
	atomic_store(&proxy->endless, 0);
	atomic_store(&proxy->left, bytes);
	atomic_store(&proxy->fault, fault);
}

static inline void proxy_answer(struct proxy *proxy, enum fault fault, const char *answer,
				size_t length)
{
	proxy->answer = answer;
	proxy->answer_length = length;
	proxy_fault(proxy, fault, 0);
}

#endif

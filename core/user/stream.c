// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend.h"
#include "lookup.h"
#include "stream.h"
#include "tls.h"

static int poll_file(struct stream *stream, int file, short events, deadline_t deadline)
{
	struct pollfd poll_for = { .fd = file, .events = events };
	int ready;

	for (;;) {
		ready = poll(&poll_for, 1, deadline_left(deadline));
		if (ready > 0)
			return 0;
		if (!ready) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (errno != EINTR)
			return -1;
		stream->interrupted = true;
		if (stream->interruptible)
			return -1;
	}
}

int stream_poll(struct stream *stream, short events, deadline_t deadline)
{
	return poll_file(stream, stream->socket, events, deadline);
}

/* A connection to a server that has lost its power would otherwise never end. */
static void set_options(int file, int family)
{
	int one = 1, idle = 15, interval = 5, probes = 3;

	if (family == AF_UNIX)
		return;
	setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(file, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	setsockopt(file, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(file, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	setsockopt(file, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
}

/* After connect(2) has begun. */
static int finish_connect(struct stream *stream, deadline_t deadline)
{
	socklen_t size = sizeof(int);
	int error;

	if (stream_poll(stream, POLLOUT, deadline))
		return -1;
	if (getsockopt(stream->socket, SOL_SOCKET, SO_ERROR, &error, &size))
		return -1;
	errno = error;
	return error ? -1 : 0;
}

static int try_connect(struct stream *stream, const struct sockaddr *address, socklen_t size,
		       deadline_t deadline)
{
	int error;

	stream->socket = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (stream->socket < 0)
		return -1;
	set_options(stream->socket, address->sa_family);
	if (!connect(stream->socket, address, size))
		return 0;
	/* EINTR: it goes on. EAGAIN: the queue of a socket in the file system is full. */
	if (errno == EINPROGRESS || errno == EINTR) {
		if (!finish_connect(stream, deadline))
			return 0;
	}
	error = errno;
	close(stream->socket);
	stream->socket = -1;
	errno = error;
	return -1;
}

static int connect_socket(struct stream *stream, const char *path, deadline_t deadline)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	/* url_parse() has checked the length. */
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	while (try_connect(stream, (struct sockaddr *)&address, sizeof(address), deadline)) {
		if (errno != EAGAIN)
			return -1;
		if (!deadline_left(deadline)) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (poll_file(stream, -1, 0, deadline_in(10)) && errno == EINTR)
			return -1;
	}
	return 0;
}

/*
 * Tries one address after the other, and gives each an equal share of the time left. If none
 * can be reached, the reason is that of the first: the others may be of a kind that this
 * machine does not have.
 */
static int connect_addresses(struct stream *stream, const struct addrinfo *addresses,
			     deadline_t deadline)
{
	const struct addrinfo *address;
	int count = 0, error = 0;

	for (address = addresses; address; address = address->ai_next)
		count++;
	for (address = addresses; address; address = address->ai_next) {
		int share = deadline_left(deadline) / count--;

		if (!try_connect(stream, address->ai_addr, address->ai_addrlen, deadline_in(share)))
			return 0;
		if (errno == EINTR)
			return -1;
		error = error ? error : errno;
	}
	errno = error;
	return -1;
}

static int resolve_failed(const char *host, int status)
{
	if (status == EAI_SYSTEM)
		return failed(errno, "cannot look up the host %s: %m", host);
	return failed(status == EAI_MEMORY ? ENOMEM : EHOSTUNREACH,
		      "cannot look up the host %s: %s", host, gai_strerror(status));
}

static int lookup_failed(const struct url *url)
{
	if (errno == ETIMEDOUT)
		return failed(ETIMEDOUT,
			      "looking up the host %s takes longer than %d ms (the URL's option "
			      "timeout)", url->host, url->timeout);
	if (errno == EBUSY)
		return failed(ETIMEDOUT,
			      "cannot look up the host %s: %d lookups of this process wait for the "
			      "name server", url->host, MOST_LOOKUPS);
	return failed(errno, "cannot look up the host %s: %m", url->host);
}

/* A lookup that takes too long goes on, and the next attempt waits for the same one. */
static int look_up(struct stream *stream, const struct url *url, const char *port,
		   const struct addrinfo **addresses, deadline_t deadline)
{
	int status;

	if (stream->lookup && lookup_is_old(stream->lookup))
		stream_drop_lookup(stream);
	if (!stream->lookup)
		stream->lookup = lookup_begin(url->host, port);
	if (!stream->lookup ||
	    poll_file(stream, lookup_file(stream->lookup), POLLIN, deadline))
		return lookup_failed(url);
	status = lookup_result(stream->lookup, addresses);
	if (!status)
		return 0;
	resolve_failed(url->host, status);
	stream_drop_lookup(stream);
	return -1;
}

static int connect_name(struct stream *stream, const struct url *url, const char *port,
			const char *name, deadline_t deadline)
{
	const struct addrinfo *addresses;
	int result;

	if (look_up(stream, url, port, &addresses, deadline))
		return -1;
	result = connect_addresses(stream, addresses, deadline);
	stream_drop_lookup(stream);
	return result ? failed(errno, "cannot connect to %s: %m", name) : 0;
}

/* An address need not be looked up. */
static int connect_host(struct stream *stream, const struct url *url, const char *name,
			deadline_t deadline)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST };
	struct addrinfo *address;
	char port[12];
	int result;

	snprintf(port, sizeof(port), "%d", url->port);
	if (getaddrinfo(url->host, port, &hints, &address))
		return connect_name(stream, url, port, name, deadline);
	result = connect_addresses(stream, address, deadline);
	freeaddrinfo(address);
	return result ? failed(errno, "cannot connect to %s: %m", name) : 0;
}

int stream_open(struct stream *stream, const struct url *url, struct tls_settings *settings,
		const char *name, deadline_t deadline)
{
	stream->socket = -1;
	if (url->socket) {
		if (connect_socket(stream, url->socket, deadline))
			return failed(errno, "cannot connect to %s: %m", name);
		return 0;
	}
	if (connect_host(stream, url, name, deadline))
		return -1;
	if (url->tls && tls_start(stream, url, settings, name, deadline)) {
		stream_close(stream);
		return -1;
	}
	return 0;
}

void stream_close(struct stream *stream)
{
	int error = errno;

	if (stream->socket < 0)
		return;
	if (stream->tls)
		tls_end(stream->tls);
	stream->tls = NULL;
	close(stream->socket);
	stream->socket = -1;
	errno = error;
}

void stream_drop_lookup(struct stream *stream)
{
	lookup_drop(stream->lookup);
	stream->lookup = NULL;
}

bool stream_is_stale(struct stream *stream)
{
	struct pollfd now = { .fd = stream->socket, .events = POLLIN | POLLRDHUP };

	/* The rest of a TLS record is no longer in the socket. */
	if (!poll(&now, 1, 0))
		return stream->tls && tls_has_more(stream->tls);
	/* A TLS server can send tickets, which are not part of the stream. */
	return now.revents != POLLIN || !stream->tls || tls_is_stale(stream->tls);
}

ssize_t stream_send(struct stream *stream, const char *bytes, size_t size, deadline_t deadline)
{
	for (;;) {
		short events = POLLOUT;
		ssize_t sent;

		if (stream->tls)
			sent = tls_send(stream->tls, bytes, size, &events);
		else
			sent = send(stream->socket, bytes, size, MSG_NOSIGNAL);
		if (sent >= 0)
			return sent;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN || stream_poll(stream, events, deadline))
			return -1;
	}
}

ssize_t stream_receive(struct stream *stream, char *bytes, size_t size, deadline_t deadline)
{
	for (;;) {
		short events = POLLIN;
		ssize_t received;

		if (stream->tls)
			received = tls_receive(stream->tls, bytes, size, &events);
		else
			received = recv(stream->socket, bytes, size, 0);
		if (received >= 0)
			return received;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN || stream_poll(stream, events, deadline))
			return -1;
	}
}

int stream_queued(const struct stream *stream)
{
	int error = errno, queued;

	/* With TLS, and in the file system, it counts a little more than was sent. */
	if (ioctl(stream->socket, SIOCOUTQ, &queued))
		queued = 0;
	errno = error;
	return queued;
}

// SPDX-License-Identifier: GPL-2.0

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "signals.h"
#include "write.h"

/* Returns whether it makes sense to try again after an error. Waits if the file is full. */
static bool try_again(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLOUT };

	if (errno == EAGAIN || errno == EWOULDBLOCK) {
		if (poll(&ready, 1, signal_caught() ? 0 : -1) > 0)
			return true;
		errno = EINTR;
	}
	return errno == EINTR && !signal_caught();
}

/* Moves parts past what was written, and past empty parts. */
static void advance(struct iovec **parts, int *count, size_t written)
{
	while (*count && written >= (*parts)->iov_len) {
		written -= (*parts)->iov_len;
		(*parts)++;
		(*count)--;
	}
	if (!*count)
		return;
	(*parts)->iov_base = (char *)(*parts)->iov_base + written;
	(*parts)->iov_len -= written;
}

int write_all(int fd, struct iovec *parts, int count)
{
	ssize_t written;

	advance(&parts, &count, 0);
	while (count) {
		written = writev(fd, parts, count);
		if (written >= 0)
			advance(&parts, &count, (size_t)written);
		else if (!try_again(fd))
			return -1;
	}
	return 0;
}

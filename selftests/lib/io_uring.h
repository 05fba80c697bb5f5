/* SPDX-License-Identifier: GPL-2.0 */
/* An io_uring for one request at a time, by its system calls: no library is needed. */
#ifndef SELFTESTS_IO_URING_H
#define SELFTESTS_IO_URING_H

#include <linux/io_uring.h>
#include <signal.h>
#include <stdatomic.h>

#include "calls.h"

struct ring {
	int fd;
	struct io_uring_params params;
	char *rings;
	struct io_uring_sqe *sqe;
	unsigned int submitted;
};

static inline atomic_uint *ring_word(struct ring *ring, unsigned int offset)
{
	return (atomic_uint *)(ring->rings + offset);
}

static inline void *ring_map(struct ring *ring, size_t len, off_t what)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd, what);
}

/* Returns 0, or the error as a negative number. */
static inline int ring_begin(struct ring *ring)
{
	memset(ring, 0, sizeof(*ring));
	ring->fd = syscall(SYS_io_uring_setup, 1, &ring->params);
	if (ring->fd < 0)
		return -errno;
	ring->rings = ring_map(ring, 2 * PAGE, IORING_OFF_SQ_RING);
	ring->sqe = ring_map(ring, PAGE, IORING_OFF_SQES);
	return ring->rings == MAP_FAILED || (void *)ring->sqe == MAP_FAILED ? -ENOMEM : 0;
}

/* Submits a request. Returns 1, or the error as a negative number. */
static inline int ring_submit(struct ring *ring, const struct io_uring_sqe *sqe)
{
	const struct io_sqring_offsets *sq = &ring->params.sq_off;
	int ret;

	*ring->sqe = *sqe;
	*ring_word(ring, sq->array) = 0;
	*ring_word(ring, sq->tail) = ++ring->submitted;
	ret = syscall(SYS_io_uring_enter, ring->fd, 1, 0, 0, NULL, _NSIG / 8);
	return ret < 0 ? -errno : ret;
}

/* Takes a result. Returns whether there was one. */
static inline bool ring_result(struct ring *ring, int *result)
{
	const struct io_cqring_offsets *cq = &ring->params.cq_off;
	struct io_uring_cqe *cqes = (struct io_uring_cqe *)(ring->rings + cq->cqes);
	unsigned int head = *ring_word(ring, cq->head);

	if (head == *ring_word(ring, cq->tail))
		return false;
	*result = cqes[head & *ring_word(ring, cq->ring_mask)].res;
	*ring_word(ring, cq->head) = head + 1;
	return true;
}

static inline void ring_end(struct ring *ring)
{
	munmap(ring->rings, 2 * PAGE);
	munmap(ring->sqe, PAGE);
	close(ring->fd);
}

#endif

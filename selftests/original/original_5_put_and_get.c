// SPDX-License-Identifier: GPL-2.0
/*
 * The fifth of the original system's five tests, the one that it failed: three
 * threads put while three threads get. Each message is delivered exactly once
 * and whole; none is lost.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "msgbox.h"

#define PUTTERS		3
#define GETTERS		3
#define PER_PUTTER	4000
#define LARGEST		(256 * KIB)

/* The start of a message; its other bytes are derived from this. */
struct header {
	unsigned int putter;
	unsigned int number;
	unsigned int len;
};

static pthread_barrier_t all_started;
static atomic_int putters_left;
static atomic_int taken;
static atomic_uchar seen[PUTTERS][PER_PUTTER];

static unsigned long seed_of(const struct header *header)
{
	return (unsigned long)header->putter << 32 | header->number;
}

/*
 * Mostly small, some of several pages, a few large ones. All messages together
 * stay far below the box's limit, so no put may fail even if no getter runs.
 */
static unsigned int len_of(unsigned long seed)
{
	unsigned long dice = next_random(&seed);
	unsigned int most = dice % 512 == 0 ? LARGEST : dice % 16 == 0 ? 20 * KIB : 800;

	return sizeof(struct header) + next_random(&seed) % (most - sizeof(struct header));
}

/* Returns NULL or what went wrong: the harness sees no EXPECT in a thread. */
static void *putter(void *which)
{
	struct header *message = malloc(LARGEST);
	struct header header = { .putter = (long)which };
	const char *failure = NULL;

	pthread_barrier_wait(&all_started);
	for (header.number = 0; header.number < PER_PUTTER; header.number++) {
		header.len = len_of(seed_of(&header));
		*message = header;
		fill(message + 1, header.len - sizeof(header), seed_of(&header));
		if (put(message, header.len)) {
			failure = "a put failed";
			break;
		}
	}
	atomic_fetch_sub(&putters_left, 1);
	free(message);
	return (void *)failure;
}

static const char *check(const struct header *message, long len)
{
	if (len < (long)sizeof(*message) || len != message->len)
		return "a message does not have the length that was put";
	if (message->putter >= PUTTERS || message->number >= PER_PUTTER)
		return "a message that no thread put";
	if (!is_filled(message + 1, len - sizeof(*message), seed_of(message)))
		return "a message is torn";
	if (!is_poison((const char *)message + len, LARGEST + CANARY - len))
		return "a get wrote beyond the message";
	if (atomic_fetch_add(&seen[message->putter][message->number], 1))
		return "a message was delivered twice";
	return NULL;
}

static void *getter(void *unused)
{
	struct header *message = malloc(LARGEST + CANARY);
	const char *failure = NULL;

	(void)unused;
	poison(message, LARGEST + CANARY);
	pthread_barrier_wait(&all_started);
	while (!failure) {
		/*
		 * Read before the get: once the last put has returned, an
		 * empty box stays empty.
		 */
		bool last = !atomic_load(&putters_left);
		long len = get(message, LARGEST);

		if (len == -ENODATA && last)
			break;
		if (len == -ENODATA) {
			sched_yield();
			continue;
		}
		if (len < 0) {
			failure = "a get failed";
			break;
		}
		failure = check(message, len);
		poison(message, len);
		atomic_fetch_add(&taken, 1);
	}
	free(message);
	return (void *)failure;
}

TEST_F(msgbox, three_put_while_three_get)
{
	pthread_t threads[PUTTERS + GETTERS];
	void *failure;

	atomic_store(&putters_left, PUTTERS);
	ASSERT_EQ(0, pthread_barrier_init(&all_started, NULL, PUTTERS + GETTERS));
	for (long i = 0; i < PUTTERS + GETTERS; i++) {
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, i < PUTTERS ? putter : getter,
					    (void *)i)) {
			TH_LOG("thread %ld", i);
		}
	}

	for (int i = 0; i < PUTTERS + GETTERS; i++) {
		ASSERT_EQ(0, pthread_join(threads[i], &failure));
		EXPECT_EQ(NULL, failure) {
			TH_LOG("%s", (char *)failure);
		}
	}

	EXPECT_EQ(PUTTERS * PER_PUTTER, atomic_load(&taken));
	for (int i = 0; i < PUTTERS; i++) {
		for (int j = 0; j < PER_PUTTER; j++) {
			ASSERT_EQ(1, seen[i][j]) {
				TH_LOG("message %d of putter %d", j, i);
			}
		}
	}
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_HARNESS_MAIN

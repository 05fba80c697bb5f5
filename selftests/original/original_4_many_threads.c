// SPDX-License-Identifier: GPL-2.0
/*
 * The fourth of the original system's five tests: 200 threads put 1000
 * messages each, then one thread gets them all. Then one thread does both.
 */
#include <pthread.h>

#include "msgbox.h"

#define THREADS		200
#define PER_THREAD	1000
#define TOTAL		(THREADS * PER_THREAD)

struct message {
	int thread;
	int number;
};

static pthread_barrier_t all_started;

/*
 * Returns NULL, or the error of the put that failed: the harness does not see
 * an EXPECT that fails in a thread.
 */
static void *put_a_thousand(void *thread)
{
	struct message message = { .thread = (long)thread };
	long ret;

	pthread_barrier_wait(&all_started);
	for (message.number = 0; message.number < PER_THREAD; message.number++) {
		ret = put(&message, sizeof(message));
		if (ret)
			return (void *)ret;
	}
	return NULL;
}

TEST_F(msgbox, two_hundred_threads)
{
	int left[THREADS];
	pthread_t threads[THREADS];
	struct message message;
	void *error;

	ASSERT_EQ(0, pthread_barrier_init(&all_started, NULL, THREADS));
	for (long i = 0; i < THREADS; i++) {
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, put_a_thousand, (void *)i)) {
			TH_LOG("thread %ld", i);
		}
	}
	for (int i = 0; i < THREADS; i++) {
		ASSERT_EQ(0, pthread_join(threads[i], &error));
		ASSERT_EQ(NULL, error);
		left[i] = PER_THREAD;
	}

	/*
	 * The messages of each thread come back in reverse order, none missing
	 * and none twice, so the next number of each thread is known.
	 */
	for (int i = 0; i < TOTAL; i++) {
		poison(&message, sizeof(message));
		ASSERT_EQ(sizeof(message), get(&message, sizeof(message))) {
			TH_LOG("%d of %d messages came back", i, TOTAL);
		}
		ASSERT_LE(0, message.thread);
		ASSERT_GT(THREADS, message.thread);
		ASSERT_EQ(--left[message.thread], message.number) {
			TH_LOG("thread %d", message.thread);
		}
	}
	ASSERT_EQ(-ENODATA, get_nothing());
	for (int i = 0; i < THREADS; i++) {
		ASSERT_EQ(0, left[i]) {
			TH_LOG("thread %d", i);
		}
	}
}

TEST_F(msgbox, the_same_count_by_one_thread)
{
	struct message message = {};

	for (message.number = 0; message.number < TOTAL; message.number++) {
		ASSERT_EQ(0, put(&message, sizeof(message))) {
			TH_LOG("message %d", message.number);
		}
	}

	for (int expected = TOTAL; expected-- > 0;) {
		poison(&message, sizeof(message));
		ASSERT_EQ(sizeof(message), get(&message, sizeof(message)));
		ASSERT_EQ(expected, message.number);
	}
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Many threads and processes put and take at once: each message comes out once, with the
 * bytes that were put, for each kind of box. A book has a line for each message.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "user.h"

#define PUTTERS		4
#define TAKERS		4
#define LONGEST		20000

/* Instrumented programs and emulated machines take fewer. */
static long messages_of_each(void)
{
	return number_from("DM510_MSGBOX_MESSAGES", 500);
}

struct note {
	long nr;
	char bytes[];
};

/* Small, and now and then above the kernel's limit for small ones. */
static size_t length_of(long nr)
{
	unsigned long state = nr;
	unsigned long random = next_random(&state);

	return sizeof(struct note) + (random % 8 ? random % 300 : random % LONGEST);
}

static bool put_note(struct msgbox *box, long nr)
{
	struct note *note = malloc(LONGEST + sizeof(*note));
	size_t length = length_of(nr);
	long ret;

	note->nr = nr;
	fill(note->bytes, length - sizeof(*note), nr);
	do {
		ret = box_put(box, note, length);
	} while (ret == -EAGAIN);
	if (ret)
		printf("# put %ld: %ld %s\n", nr, ret, msgbox_error());
	free(note);
	return !ret;
}

/**
 * struct book - who took what; shared by processes
 * @messages: how many there will be
 * @taken: how many have been taken
 * @wrong: messages with wrong bytes or lengths, and calls that failed
 * @times: how often each message was taken
 */
struct book {
	long messages;
	atomic_long taken;
	atomic_long wrong;
	atomic_int times[];
};

static struct book *book;

static void open_book(long messages)
{
	book = mmap(NULL, sizeof(*book) + messages * sizeof(*book->times),
		    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (book == MAP_FAILED)
		abort();
	book->messages = messages;
}

static void enter(const struct note *note, size_t length)
{
	if (length < sizeof(*note) || note->nr < 0 || note->nr >= book->messages ||
	    length != length_of(note->nr) ||
	    !is_filled(note->bytes, length - sizeof(*note), note->nr)) {
		printf("# a message of %zu bytes is torn\n", length);
		atomic_fetch_add(&book->wrong, 1);
	} else {
		atomic_fetch_add(&book->times[note->nr], 1);
	}
	atomic_fetch_add(&book->taken, 1);
}

static bool is_complete(void)
{
	return atomic_load(&book->taken) >= book->messages || atomic_load(&book->wrong);
}

/* Takes until all have been taken, by each way in turn. */
static void take_notes(struct msgbox *box)
{
	struct note *note = malloc(LONGEST + sizeof(*note));
	size_t size = LONGEST + sizeof(*note), own_size = 0;
	void *own = NULL;

	for (int way = 0; !is_complete(); way = (way + 1) % 4) {
		long ret;

		switch (way) {
		case 0:
			ret = box_get(box, note, size);
			break;
		case 1:
			ret = box_wait(box, note, size, 10);
			break;
		case 2:
			ret = box_take(box, &own, &own_size, 10);
			break;
		default:
			/* Too short for any of them. */
			ret = box_wait(box, note, 1, 1);
			break;
		}
		if (ret >= 0) {
			enter(way == 2 ? own : note, ret);
		} else if (ret != -ENODATA && ret != -ETIMEDOUT && (way != 3 || ret != -EMSGSIZE)) {
			printf("# taking by way %d: %ld %s\n", way, ret, msgbox_error());
			atomic_fetch_add(&book->wrong, 1);
		}
	}
	free(own);
	free(note);
}

/* Returns the number of messages that were not taken exactly once. */
static long check_book(void)
{
	long bad = 0;

	for (long nr = 0; nr < book->messages; nr++) {
		int times = atomic_load(&book->times[nr]);

		if (times != 1 && bad++ < 5)
			printf("# message %ld was taken %d times\n", nr, times);
	}
	return bad + atomic_load(&book->wrong);
}

/**
 * struct worker - a thread
 * @box: its handle
 * @first: its first message; -1 takes messages
 */
struct worker {
	struct msgbox *box;
	long first;
	pthread_t thread;
};

static void *run_worker(void *data)
{
	struct worker *worker = data;
	long count = messages_of_each();

	if (worker->first < 0) {
		take_notes(worker->box);
		return NULL;
	}
	for (long i = 0; i < count; i++)
		if (!put_note(worker->box, worker->first + i))
			atomic_fetch_add(&book->wrong, 1);
	return NULL;
}

static void crowd(struct __test_metadata *_metadata, struct msgbox *shared)
{
	struct worker workers[PUTTERS + TAKERS];
	long count = messages_of_each();

	open_book(PUTTERS * count);
	for (int i = 0; i < PUTTERS + TAKERS; i++) {
		workers[i].box = shared ?: open_box();
		workers[i].first = i < PUTTERS ? i * count : -1;
		ASSERT_NE(NULL, workers[i].box);
		ASSERT_EQ(0, pthread_create(&workers[i].thread, NULL, run_worker, &workers[i]));
	}
	for (int i = 0; i < PUTTERS + TAKERS; i++) {
		ASSERT_EQ(0, pthread_join(workers[i].thread, NULL));
		if (!shared)
			msgbox_close(workers[i].box);
	}
	ASSERT_EQ(0, check_book());
}

TEST_F(user, threads_share_a_handle)
{
	crowd(_metadata, self->box);
}

TEST_F(user, threads_have_handles)
{
	crowd(_metadata, NULL);
}

/* --- processes */

static pid_t start_process(long first)
{
	pid_t pid = fork();
	struct worker worker = { .first = first };

	if (pid)
		return pid;
	worker.box = open_box();
	if (!worker.box)
		_exit(1);
	run_worker(&worker);
	msgbox_close(worker.box);
	fflush(stdout);
	_exit(0);
}

TEST_F(user, processes_have_handles)
{
	pid_t pids[PUTTERS + TAKERS];
	long count = messages_of_each();

	open_book(PUTTERS * count);
	fflush(stdout);
	for (int i = 0; i < PUTTERS + TAKERS; i++) {
		pids[i] = start_process(i < PUTTERS ? i * count : -1);
		ASSERT_LT(0, pids[i]);
	}
	for (int i = 0; i < PUTTERS + TAKERS; i++) {
		int status = -1;

		ASSERT_EQ(pids[i], waitpid(pids[i], &status, 0));
		EXPECT_EQ(0, status);
	}
	ASSERT_EQ(0, check_book());
}

/* --- order */

/* One thread's messages come back in reverse order, whatever the others put. */
TEST_F(user, each_threads_newest_comes_first)
{
	struct worker workers[PUTTERS];
	long count = messages_of_each(), last[PUTTERS];
	void *note = NULL;
	size_t size = 0;

	open_book(PUTTERS * count);
	for (int i = 0; i < PUTTERS; i++) {
		workers[i].box = self->box;
		workers[i].first = i * count;
		last[i] = (i + 1) * count;
		ASSERT_EQ(0, pthread_create(&workers[i].thread, NULL, run_worker, &workers[i]));
	}
	for (int i = 0; i < PUTTERS; i++)
		ASSERT_EQ(0, pthread_join(workers[i].thread, NULL));
	for (long i = 0; i < PUTTERS * count; i++) {
		long ret = box_take(self->box, &note, &size, 0);
		long nr;

		ASSERT_LE(0, ret);
		enter(note, ret);
		nr = ((struct note *)note)->nr;
		ASSERT_EQ(last[nr / count] - 1, nr);
		last[nr / count] = nr;
	}
	free(note);
	ASSERT_EQ(0, check_book());
}

/* --- open and close */

/* Each thread puts before it gets, so there is a message for each get. */
static void *open_and_close(void *failures)
{
	for (int i = 0; i < 50; i++) {
		struct msgbox *box = open_box();
		char byte;

		if (!box || box_put(box, "x", 1) || box_get(box, &byte, 1) != 1)
			atomic_fetch_add((atomic_int *)failures, 1);
		msgbox_close(box);
	}
	return NULL;
}

TEST_F(user, threads_open_and_close)
{
	pthread_t threads[PUTTERS];
	static atomic_int failures;

	for (int i = 0; i < PUTTERS; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, open_and_close, &failures));
	for (int i = 0; i < PUTTERS; i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
	ASSERT_EQ(0, atomic_load(&failures));
}

TEST_HARNESS_MAIN

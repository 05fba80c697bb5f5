// SPDX-License-Identifier: GPL-2.0
/*
 * A search for lost wake-ups. Readers, writers and pollers of the device and callers of
 * the system calls work at random moments, and some of them are killed or interrupted.
 * Again and again all new messages are held back until the box has to be empty: if a
 * reader or writer is still asleep then, a wake-up was lost. At the end each message
 * has been delivered exactly once, also to and from those who were killed.
 */
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "device.h"
#include "msgbox.h"

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static void compute_for(unsigned long rounds)
{
	while (rounds--)
		asm volatile("" : : : "memory");
}

#define READERS		4
#define POLLERS		2
#define WRITERS		3
#define GETTERS		1
#define PUTTERS		1
#define TAKERS		(READERS + POLLERS + GETTERS)
#define GIVERS		(WRITERS + PUTTERS)
#define WORKERS		(TAKERS + GIVERS)

/* The processes of the second part, or 0. */
static pid_t worker[WORKERS];

FIXTURE(low_limit)
{
	long max_bytes;
};

FIXTURE_SETUP(low_limit)
{
	begin_with_empty_box(_metadata);
	self->max_bytes = parameter("max_bytes");
	/* So writers often find no room. */
	if (set_parameter("max_bytes", 192 * KIB))
		SKIP_TEST("only root can change the limits");
}

FIXTURE_TEARDOWN(low_limit)
{
	for (int i = 0; i < WORKERS; i++)
		if (worker[i] > 0 && !kill(worker[i], SIGKILL))
			waitpid(worker[i], NULL, 0);
	EXPECT_EQ(0, set_parameter("max_bytes", self->max_bytes));
	end_with_empty_box(_metadata);
}

/* --- one waits for the other, which comes at the worst moment */

#define SECONDS_EACH	2

/* Both ends of the box, as this test sees them: what waits, and what ends the wait. */
struct pair {
	int fd;
	bool for_room;
	atomic_long done;
	atomic_bool stop;
};

static char small[POLLOUT_LEN];

static void *wait_again_and_again(void *data)
{
	struct pair *pair = data;
	char buf[64];

	while (!atomic_load(&pair->stop)) {
		if (pair->for_room ? device_write(pair->fd, small, sizeof(small)) < 0 :
				     device_read(pair->fd, buf, sizeof(buf)) < 0)
			abort();
		atomic_fetch_add(&pair->done, 1);
	}
	return NULL;
}

static long end_wait(const struct pair *pair)
{
	static char buf[POLLOUT_LEN];

	return pair->for_room ? get(buf, sizeof(buf)) : put("message", 8);
}

/* Waits until the other one has done this many. It may have woken on this processor. */
static bool has_done(struct pair *pair, long count)
{
	double end = now() + 20;

	while (atomic_load(&pair->done) < count)
		if (sched_yield() || now() > end)
			return false;
	return true;
}

static void search(struct __test_metadata *_metadata, struct pair *pair)
{
	double end = now() + SECONDS_EACH;
	unsigned long random = 1;
	pthread_t thread;
	long count = 0;

	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_again_and_again, pair));
	while (now() < end) {
		/* The other one is on its way to sleep, or asleep. */
		compute_for(next_random(&random) % (next_random(&random) % 8 ? 3000 : 60000));
		ASSERT_LE(0, end_wait(pair));
		ASSERT_TRUE(has_done(pair, ++count)) {
			TH_LOG("asleep after %ld rounds: %ld waiting, %ld messages", count,
			       figure("waiting"), figure("count"));
		}
	}
	atomic_store(&pair->stop, true);
	ASSERT_LE(0, end_wait(pair));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	TH_LOG("%ld rounds", count);
	ASSERT_LT(20, count);
}

TEST_F(low_limit, one_reader_and_one_put)
{
	struct pair pair = { .fd = device_open(O_RDONLY) };

	search(_metadata, &pair);
	close(pair.fd);
}

TEST_F(low_limit, one_writer_and_one_get)
{
	struct pair pair = { .fd = device_open(O_WRONLY), .for_room = true };

	while (!put(small, sizeof(small)))
		;
	search(_metadata, &pair);
	drain();
	close(pair.fd);
}

/* --- all of them at once */

#define SECONDS		5
#define LONGEST		(24 * KIB)
#define MESSAGES	60000
/* What a taker writes down for a message: its beginning. */
#define NOTE		16

/* The beginning of a message. The rest is filled from its number. */
struct message {
	unsigned int number;	/* not 0 */
	unsigned int len;
	char rest[];
};

/*
 * A taker takes a message straight to its notes, so that it is found there even if the
 * taker is killed at once. Only its beginning stays, as the next one overwrites the rest.
 */
struct notes {
	long count;
	char text[MESSAGES * NOTE + LONGEST];
};

enum progress { NOT_BEGUN, BEGUN, DONE };

/* What all processes share. */
struct shared {
	atomic_int next;
	atomic_bool quiet;
	atomic_int wrong;
	/* Whether a giver has work; the numbers come from a pipe. */
	atomic_bool busy[GIVERS];
	atomic_uchar progress[MESSAGES];
	struct notes notes[TAKERS];
};

static struct shared *shared;
static int work[2];

static void on_signal(int signal)
{
	(void)signal;
}

static struct message *next_note(struct notes *notes)
{
	return (struct message *)&notes->text[notes->count * NOTE];
}

/* The notes of a taker that was killed may end with a message that is not counted yet. */
static void count_note(struct notes *notes)
{
	struct message *message = next_note(notes);

	if (!message->number)
		return;
	if (message->len > NOTE && message->len <= LONGEST)
		memset((char *)message + NOTE, 0, message->len - NOTE);
	notes->count++;
}

static void check_message(const struct message *message, long ret)
{
	if (message->len != ret || !message->number ||
	    !is_filled(message->rest, ret - sizeof(*message), message->number))
		atomic_fetch_add(&shared->wrong, 1);
}

/* Returns the length of the message, or the error that its caller may expect. */
static long take_one(int which, int fd, struct message *message)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	if (which < READERS)
		return device_read(fd, message, LONGEST);
	/* While new messages are held back, only readers may take the rest. */
	if (atomic_load(&shared->quiet)) {
		usleep(500);
		return -EAGAIN;
	}
	if (which >= READERS + POLLERS) {
		usleep(300);
		return get(message, LONGEST);
	}
	if (poll(&pollfd, 1, -1) == 1 && atomic_load(&shared->quiet))
		return -EAGAIN;
	return device_read(fd, message, LONGEST);
}

static void take(int which)
{
	int fd = device_open(which < READERS ? O_RDONLY : O_RDONLY | O_NONBLOCK);
	struct notes *notes = &shared->notes[which];

	for (;;) {
		struct message *message;
		long ret;

		count_note(notes);
		if (notes->count == MESSAGES)
			_exit(1);
		message = next_note(notes);
		ret = take_one(which, fd, message);
		if (ret >= 0)
			check_message(message, ret);
		else if (ret != -EINTR && ret != -EAGAIN && ret != -ENODATA)
			atomic_fetch_add(&shared->wrong, 1);
	}
}

static void give_one(int which, int fd, struct message *message)
{
	long ret;

	do {
		if (which < WRITERS)
			ret = device_write(fd, message, message->len);
		else
			ret = put(message, message->len);
	} while (ret == -EINTR || ret == -EAGAIN);
	if (ret != (which < WRITERS ? (long)message->len : 0))
		atomic_fetch_add(&shared->wrong, 1);
}

static void give(int which)
{
	struct message *message = malloc(LONGEST);
	int fd = device_open(O_WRONLY);
	char byte;

	while (read(work[0], &byte, 1) == 1 || errno == EINTR) {
		unsigned int number = atomic_fetch_add(&shared->next, 1);
		unsigned long random = number;

		if (number >= MESSAGES)
			_exit(1);
		atomic_store(&shared->busy[which], true);
		message->number = number;
		message->len = NOTE + next_random(&random) % (number % 4 ? 200 : LONGEST - NOTE);
		fill(message->rest, message->len - sizeof(*message), number);
		atomic_store(&shared->progress[number], BEGUN);
		give_one(which, fd, message);
		atomic_store(&shared->progress[number], DONE);
		atomic_store(&shared->busy[which], false);
	}
	_exit(1);
}

static void start_worker(struct __test_metadata *_metadata, int which)
{
	worker[which] = fork();
	ASSERT_LE(0, worker[which]);
	if (worker[which])
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (which < TAKERS)
		take(which);
	else
		give(which - TAKERS);
}

static void kill_worker(struct __test_metadata *_metadata, int which)
{
	int status;

	ASSERT_EQ(0, kill(worker[which], SIGKILL));
	ASSERT_EQ(worker[which], waitpid(worker[which], &status, 0));
	ASSERT_TRUE(WIFSIGNALED(status)) {
		TH_LOG("worker %d has ended by itself", which);
	}
	worker[which] = 0;
	if (which >= TAKERS)
		atomic_store(&shared->busy[which - TAKERS], false);
}

/* Gives the givers this many messages to send. */
static void give_work(struct __test_metadata *_metadata, int count)
{
	static const char bytes[200];

	ASSERT_EQ(count, write(work[1], bytes, count));
}

static bool all_is_given(void)
{
	int left = 1;

	if (ioctl(work[0], FIONREAD, &left) || left)
		return false;
	for (int i = 0; i < GIVERS; i++)
		if (atomic_load(&shared->busy[i]))
			return false;
	return true;
}

/*
 * Nothing new comes. The readers take what is there, the writers find room. Asked twice,
 * as a giver is not busy for a moment after it has taken its work.
 */
static void calm_down(struct __test_metadata *_metadata)
{
	atomic_store(&shared->quiet, true);
	ASSERT_TRUE(comes_true(all_is_given() && !figure("count") && all_is_given() &&
			       !figure("count"))) {
		TH_LOG("a lost wake-up: %ld messages, %ld waiting, all is given: %d",
		       figure("count"), figure("waiting"), all_is_given());
	}
	atomic_store(&shared->quiet, false);
}

/* A moment of disorder: most of them are interrupted, and some are killed. */
static void disturb(struct __test_metadata *_metadata, unsigned long *random)
{
	for (int i = 0; i < 6; i++) {
		int which = next_random(random) % WORKERS;

		compute_for(next_random(random) % 20000);
		if (next_random(random) % 4) {
			ASSERT_EQ(0, kill(worker[which], SIGUSR1));
			continue;
		}
		kill_worker(_metadata, which);
		start_worker(_metadata, which);
	}
}

/* How often each message was delivered must agree with how far its giver came. */
static void balance(struct __test_metadata *_metadata, long taken)
{
	static unsigned char delivered[MESSAGES];
	long notes = 0, unknown = 0;

	for (int i = 0; i < TAKERS; i++) {
		count_note(&shared->notes[i]);
		notes += shared->notes[i].count;
		for (long j = 0; j < shared->notes[i].count; j++) {
			struct message *message = (void *)&shared->notes[i].text[j * NOTE];

			ASSERT_GT(MESSAGES, message->number);
			ASSERT_EQ(0, delivered[message->number]++) {
				TH_LOG("message %u came twice", message->number);
			}
		}
	}
	for (int i = 1; i < shared->next; i++) {
		int progress = atomic_load(&shared->progress[i]);

		unknown += progress == BEGUN;
		ASSERT_TRUE(progress == BEGUN || delivered[i] == (progress == DONE)) {
			TH_LOG("message %d: progress %d, delivered %d times", i, progress,
			       delivered[i]);
		}
	}
	ASSERT_EQ(taken, notes);
	TH_LOG("%ld messages; the givers of %ld others were killed", notes, unknown);
}

static void begin_all(struct __test_metadata *_metadata)
{
	struct sigaction action = { .sa_handler = on_signal };

	/* Before the workers begin: a signal must not kill one that has yet to install it. */
	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ASSERT_NE(MAP_FAILED, shared);
	atomic_store(&shared->next, 1);
	ASSERT_EQ(0, pipe(work));
	for (int i = 0; i < WORKERS; i++)
		start_worker(_metadata, i);
}

/* All readers are asleep, and when they are killed none is counted any more. */
static void end_all(struct __test_metadata *_metadata)
{
	calm_down(_metadata);
	for (int i = TAKERS; i < WORKERS; i++)
		kill_worker(_metadata, i);
	calm_down(_metadata);
	ASSERT_TRUE(comes_true(figure("waiting") == READERS));
	for (int i = 0; i < TAKERS; i++)
		kill_worker(_metadata, i);
	ASSERT_EQ(0, figure("waiting"));
	ASSERT_EQ(0, figure("count"));
	ASSERT_EQ(0, atomic_load(&shared->wrong));
}

TEST_F(low_limit, many_of_all_kinds)
{
	long puts = figure("puts"), gets = figure("gets"), rounds = 0;
	double end = now() + SECONDS;
	unsigned long random = 1;

	begin_all(_metadata);
	while (now() < end && shared->next < MESSAGES - 1000) {
		int burst = 1 + next_random(&random) % (rounds % 4 ? 8 : 200);

		give_work(_metadata, burst);
		if (rounds % 2)
			disturb(_metadata, &random);
		calm_down(_metadata);
		rounds++;
	}
	end_all(_metadata);
	TH_LOG("%ld rounds", rounds);
	ASSERT_LT(10, rounds);
	ASSERT_EQ(figure("puts") - puts, figure("gets") - gets);
	balance(_metadata, figure("gets") - gets);
}

TEST_HARNESS_MAIN

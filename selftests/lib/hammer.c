// SPDX-License-Identifier: GPL-2.0
/*
 * For scripts: calls put, get and getppid on every CPU without a pause until SIGTERM,
 * while a script may load and unload the module. Each result must be one that the
 * contract allows, or ENOSYS. Messages are tracked: a put that failed must not have put
 * its message, and each message that a get delivers was put and is delivered once.
 *
 * Prints "hammering" once every thread has made its first calls, and at the end the
 * number of calls of each kind. The exit status is 1 if a result was wrong.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

#include "arch.h"
#include "calls.h"

#define THREADS_MAX	64

/* Enough for all messages that are left behind in the box at unloads. */
#define SLOTS		65536

/* A message: its identity, and content that follows from it. */
struct message {
	unsigned int thread;
	unsigned int slot;
	char content[32];
};

/* Counters of one thread; shared counters would slow the calls. */
struct tally {
	unsigned int thread;
	unsigned int slot;
	unsigned long rounds;
	unsigned long put;
	unsigned long got;
	unsigned long enosys;
	const char *wrong;
	long wrong_reply;
};

static atomic_bool end;
static atomic_int started;
static pid_t parent;

/* By thread and slot: the message is in the box, or a put of it is in progress. */
static atomic_bool in_box[THREADS_MAX][SLOTS];

static bool wrong(struct tally *tally, const char *what, long reply)
{
	tally->wrong = what;
	tally->wrong_reply = reply;
	return false;
}

static void write_content(char *content, size_t len, const struct message *message)
{
	fill(content, len, (unsigned long)message->thread * SLOTS + message->slot);
}

/* Finds a free slot; slots of messages that were left behind stay in use. */
static bool next_slot(struct tally *tally)
{
	for (int i = 0; i < SLOTS; i++) {
		tally->slot = (tally->slot + 1) % SLOTS;
		if (!in_box[tally->thread][tally->slot])
			return true;
	}
	return wrong(tally, "messages left behind", SLOTS);
}

static bool hammer_put(struct tally *tally)
{
	struct message message = { .thread = tally->thread, .slot = tally->slot };
	atomic_bool *is_in_box = &in_box[tally->thread][tally->slot];
	long reply;

	write_content(message.content, sizeof(message.content), &message);
	/* Another thread may get the message before put returns. */
	atomic_store(is_in_box, true);
	reply = put(&message, sizeof(message));
	if (reply == 0) {
		tally->put++;
		return next_slot(tally);
	}
	if (!atomic_exchange(is_in_box, false))
		return wrong(tally, "a failed put has put its message", reply);
	if (reply == -ENOSYS)
		tally->enosys++;
	else
		return wrong(tally, "put", reply);
	return true;
}

static bool is_right(const struct message *message)
{
	char content[sizeof(message->content)];

	if (message->thread >= THREADS_MAX || message->slot >= SLOTS)
		return false;
	write_content(content, sizeof(content), message);
	return !memcmp(message->content, content, sizeof(content));
}

static bool hammer_get(struct tally *tally)
{
	struct message message;
	long reply;

	poison(&message, sizeof(message));
	reply = get(&message, sizeof(message));
	if (reply == sizeof(message)) {
		tally->got++;
		if (!is_right(&message))
			return wrong(tally, "a message with wrong bytes", reply);
		if (!atomic_exchange(&in_box[message.thread][message.slot], false))
			return wrong(tally, "a message that is not in the box", reply);
		return true;
	}
	if (!is_poison(&message, sizeof(message)))
		return wrong(tally, "a failed get has written to its buffer", reply);
	if (reply == -ENOSYS)
		tally->enosys++;
	else if (reply != -ENODATA)
		return wrong(tally, "get", reply);
	return true;
}

/* Returns false if a result was wrong. */
static bool hammer_once(struct tally *tally)
{
	long reply;

	if (!hammer_put(tally) || !hammer_get(tally))
		return false;
	reply = syscall(SYS_getppid);
	if (reply != parent)
		return wrong(tally, "getppid", reply);
	return true;
}

static unsigned long count_left_behind(void)
{
	unsigned long count = 0;

	for (int i = 0; i < THREADS_MAX; i++) {
		for (int j = 0; j < SLOTS; j++)
			count += in_box[i][j];
	}
	return count;
}

static void *hammer(void *data)
{
	struct tally *tally = data;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(tally->thread / 2, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	while (!atomic_load(&end)) {
		if (!hammer_once(tally)) {
			atomic_store(&end, true);
			break;
		}
		if (!tally->rounds++)
			atomic_fetch_add(&started, 1);
		/*
		 * If one host thread emulates all CPUs, this lets the next CPU run,
		 * for which others may be waiting.
		 */
		pause_processor();
		/*
		 * An unload waits for Tasks RCU, which waits until each running task
		 * has slept: seconds, if a task never sleeps.
		 */
		if (tally->rounds % 256 == 0)
			usleep(1);
	}
	return NULL;
}

static struct tally tallies[THREADS_MAX];
static pthread_t threads[THREADS_MAX];

/* Two threads per CPU, so that calls are also preempted in the middle. */
static int start_threads(void)
{
	int count = 2 * sysconf(_SC_NPROCESSORS_ONLN);

	if (count > THREADS_MAX)
		count = THREADS_MAX;
	for (int i = 0; i < count; i++) {
		tallies[i].thread = i;
		if (pthread_create(&threads[i], NULL, hammer, &tallies[i]))
			exit(1);
	}
	while (atomic_load(&started) < count && !atomic_load(&end))
		sched_yield();
	return count;
}

static struct tally join_threads(int count)
{
	struct tally sum = {};

	for (int i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
		sum.rounds += tallies[i].rounds;
		sum.put += tallies[i].put;
		sum.got += tallies[i].got;
		sum.enosys += tallies[i].enosys;
		if (tallies[i].wrong) {
			sum.wrong = tallies[i].wrong;
			sum.wrong_reply = tallies[i].wrong_reply;
		}
	}
	return sum;
}

int main(void)
{
	struct tally sum;
	int count, signal;
	sigset_t signals;

	/* Leave CPU time to the script that loads and unloads the module. */
	errno = 0;
	if (nice(19) == -1 && errno)
		perror("nice");
	parent = getppid();
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);

	count = start_threads();
	puts("hammering");
	fflush(stdout);
	sigwait(&signals, &signal);
	atomic_store(&end, true);
	sum = join_threads(count);

	printf("%lu rounds by %d threads: %lu put, %lu got, %lu left behind, %lu times ENOSYS\n",
	       sum.rounds, count, sum.put, sum.got, count_left_behind(), sum.enosys);
	if (sum.wrong) {
		printf("wrong: %s: %ld\n", sum.wrong, sum.wrong_reply);
		return 1;
	}
	/* A run that saw only one of the two states proves nothing. */
	if (!sum.put || !sum.got || !sum.enosys) {
		puts("no calls both with and without the module");
		return 1;
	}
	return 0;
}

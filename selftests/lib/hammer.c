// SPDX-License-Identifier: GPL-2.0
/*
 * For scripts: on every CPU, calls put, get and getppid without a pause until
 * SIGTERM comes. Meanwhile the module may come and go. Every reply has to be
 * one that the contract allows, or ENOSYS, and book is kept of the messages: a
 * put that failed put nothing, and what is got was put and is got once.
 *
 * Prints "hammering" once every thread has made its first calls, and at the
 * end how many there were of each kind. Exits with 1 if a reply was wrong.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

#include "calls.h"

#define MOST_THREADS	64

/* More than are ever left behind in the box when the module goes. */
#define SLOTS		65536

/* Which message it is; the rest of it follows from that. */
struct message {
	unsigned int thread;
	unsigned int slot;
	char content[32];
};

/* A single thread's own: counters that are shared would slow the calls. */
struct tally {
	unsigned int thread;
	unsigned int slot;
	unsigned long rounds;
	unsigned long put;
	unsigned long got;
	unsigned long no_call;
	const char *wrong;
	long wrong_reply;
};

static atomic_bool end;
static atomic_int started;
static pid_t parent;

/* By thread and slot: the message has been or is being put, and not been got. */
static atomic_bool there[MOST_THREADS][SLOTS];

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

/* A slot whose message was left behind is not used again. */
static bool next_slot(struct tally *tally)
{
	for (int i = 0; i < SLOTS; i++) {
		tally->slot = (tally->slot + 1) % SLOTS;
		if (!there[tally->thread][tally->slot])
			return true;
	}
	return wrong(tally, "messages left behind", SLOTS);
}

static bool hammer_put(struct tally *tally)
{
	struct message message = { .thread = tally->thread, .slot = tally->slot };
	atomic_bool *is_there = &there[tally->thread][tally->slot];
	long reply;

	write_content(message.content, sizeof(message.content), &message);
	/* Another thread may have got it before put returns. */
	atomic_store(is_there, true);
	reply = put(&message, sizeof(message));
	if (reply == 0) {
		tally->put++;
		return next_slot(tally);
	}
	if (!atomic_exchange(is_there, false))
		return wrong(tally, "a put that failed has put", reply);
	if (reply == -ENOSYS)
		tally->no_call++;
	else
		return wrong(tally, "put", reply);
	return true;
}

static bool is_right(const struct message *message)
{
	char content[sizeof(message->content)];

	if (message->thread >= MOST_THREADS || message->slot >= SLOTS)
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
			return wrong(tally, "a message of other bytes", reply);
		if (!atomic_exchange(&there[message.thread][message.slot], false))
			return wrong(tally, "a message that is not there", reply);
		return true;
	}
	if (!is_poison(&message, sizeof(message)))
		return wrong(tally, "a get that failed wrote", reply);
	if (reply == -ENOSYS)
		tally->no_call++;
	else if (reply != -ENODATA)
		return wrong(tally, "get", reply);
	return true;
}

/* False if a reply was one that the contract does not know. */
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

	for (int i = 0; i < MOST_THREADS; i++) {
		for (int j = 0; j < SLOTS; j++)
			count += there[i][j];
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
		 * Where one thread emulates all CPUs, this lets the next one run:
		 * it may be waited for.
		 */
		__builtin_ia32_pause();
		/*
		 * Tasks RCU, by which modules leave, waits for each task that
		 * runs to sleep once: seconds, for tasks that never do.
		 */
		if (tally->rounds % 256 == 0)
			usleep(1);
	}
	return NULL;
}

int main(void)
{
	static struct tally tallies[MOST_THREADS];
	static pthread_t threads[MOST_THREADS];
	struct tally sum = {};
	int count = sysconf(_SC_NPROCESSORS_ONLN);
	sigset_t signals;
	int signal;

	/* So that whoever loads and unloads, which is mostly waiting, gets its turn. */
	errno = 0;
	if (nice(19) == -1 && errno)
		perror("nice");
	/* Two threads a CPU, so that calls are also preempted half way. */
	count = count * 2 > MOST_THREADS ? MOST_THREADS : count * 2;
	parent = getppid();
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);

	for (int i = 0; i < count; i++) {
		tallies[i].thread = i;
		if (pthread_create(&threads[i], NULL, hammer, &tallies[i]))
			return 1;
	}
	while (atomic_load(&started) < count && !atomic_load(&end))
		sched_yield();
	puts("hammering");
	fflush(stdout);

	sigwait(&signals, &signal);
	atomic_store(&end, true);
	for (int i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
		sum.rounds += tallies[i].rounds;
		sum.put += tallies[i].put;
		sum.got += tallies[i].got;
		sum.no_call += tallies[i].no_call;
		if (tallies[i].wrong) {
			sum.wrong = tallies[i].wrong;
			sum.wrong_reply = tallies[i].wrong_reply;
		}
	}
	printf("%lu rounds by %d threads: %lu put, %lu got, %lu left behind, %lu times ENOSYS\n",
	       sum.rounds, count, sum.put, sum.got, count_left_behind(), sum.no_call);
	if (sum.wrong) {
		printf("wrong: %s: %ld\n", sum.wrong, sum.wrong_reply);
		return 1;
	}
	/* A run that met only one state has shown nothing. */
	if (!sum.put || !sum.got || !sum.no_call) {
		puts("the calls were not met both with and without the module");
		return 1;
	}
	return 0;
}

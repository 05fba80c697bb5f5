// SPDX-License-Identifier: GPL-2.0
/*
 * For scripts: on every CPU, calls put, get and getppid without a pause until
 * SIGTERM comes. Meanwhile the module may come and go. Every reply has to be
 * one that the contract allows, or ENOSYS.
 *
 * Prints "hammering" once every thread has made its first calls, and at the
 * end how many there were of each kind. Exits with 1 if a reply was wrong.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

#include "calls.h"

#define MESSAGE_LEN	40
#define MOST_THREADS	64

/* A single thread's own: counters that are shared would slow the calls. */
struct tally {
	int cpu;
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

static bool wrong(struct tally *tally, const char *what, long reply)
{
	tally->wrong = what;
	tally->wrong_reply = reply;
	return false;
}

/* False if a reply was one that the contract does not know. */
static bool hammer_once(struct tally *tally)
{
	char message[MESSAGE_LEN], buf[MESSAGE_LEN];
	long reply;

	fill(message, sizeof(message), 1);
	reply = put(message, sizeof(message));
	if (reply == 0)
		tally->put++;
	else if (reply == -ENOSYS)
		tally->no_call++;
	else if (reply != -EAGAIN)
		return wrong(tally, "put", reply);

	poison(buf, sizeof(buf));
	reply = get(buf, sizeof(buf));
	if (reply == MESSAGE_LEN) {
		tally->got++;
		if (memcmp(message, buf, sizeof(buf)))
			return wrong(tally, "a message of other bytes", reply);
	} else if (reply == -ENOSYS) {
		tally->no_call++;
	} else if (reply != -ENODATA) {
		return wrong(tally, "get", reply);
	}
	if (reply < 0 && !is_poison(buf, sizeof(buf)))
		return wrong(tally, "a get that failed wrote", reply);

	reply = syscall(SYS_getppid);
	if (reply != parent)
		return wrong(tally, "getppid", reply);
	return true;
}

static void *hammer(void *data)
{
	struct tally *tally = data;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(tally->cpu, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	while (!atomic_load(&end)) {
		if (!hammer_once(tally)) {
			atomic_store(&end, true);
			break;
		}
		if (!tally->rounds++)
			atomic_fetch_add(&started, 1);
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
		tallies[i].cpu = i / 2;
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
	printf("%lu rounds by %d threads: %lu put, %lu got, %lu times ENOSYS\n",
	       sum.rounds, count, sum.put, sum.got, sum.no_call);
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

// SPDX-License-Identifier: GPL-2.0
/*
 * One process sends a message to others that sleep until there is one: the cost from
 * just before the send until the reader's call has returned, the cost of the send
 * itself, and how many readers wake for a message.
 *
 * Readers have a real-time priority, so the one that is woken runs at once: with one
 * processor, when the sender is about to return from the kernel. With the ordinary
 * scheduling policy it would run at once or milliseconds later, depending on what both
 * processes did before. For the cost of the send itself the sender has a higher one,
 * so that no reader interrupts it.
 */
#include <errno.h>
#include <fcntl.h>
#include <float.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "namespaces.h"
#include "peers.h"
#include "processors.h"

#define SIZE 8
#define MAX_READERS 8
#define MAX_PEERS 8
/* Messages for each of the two costs in a round. */
#define MAX_SAMPLES 50
/* Far more than a reader needs to receive a message and sleep again. */
#define MAX_LOOKS 1000000

static const unsigned int numbers_of_readers[] = { 1, MAX_READERS };

/**
 * struct news - what the readers tell the sender
 * @calls: how many calls to receive a message they have begun
 * @received: when the last of these calls returned
 */
struct news {
	atomic_ulong calls;
	double received;
};

static struct news *news;

/**
 * struct reader - a process that receives again and again
 * @pid: the process
 * @call: its /proc/PID/syscall, which tells whether it sleeps
 */
struct reader {
	pid_t pid;
	int call;
};

/**
 * struct figures - what is measured for one peer
 * @delivery: nanoseconds from before a send until a reader has the message: the median
 *            of a round, and the least one of all rounds
 * @send: nanoseconds of a send, in the same way
 * @messages: number of messages in all rounds
 * @wakes: how often a reader woke in all rounds
 */
struct figures {
	double delivery;
	double send;
	unsigned long messages;
	double wakes;
};

/* @priority: 0 for the ordinary policy */
static void set_priority(int priority)
{
	const struct sched_param parameters = { .sched_priority = priority };

	if (sched_setscheduler(0, priority ? SCHED_FIFO : SCHED_OTHER, &parameters))
		die("priority %d", priority);
}

/* The readers share a processor: if there are two or more, not the sender's. */
static noreturn void receive_for_ever(const struct peer *peer)
{
	char *buffer = new_buffer(SIZE, 0);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	move_to_processor(last_processor());
	set_priority(1);
	for (;;) {
		atomic_fetch_add(&news->calls, 1);
		receive_one(peer, buffer, SIZE);
		news->received = now();
	}
}

static struct reader new_reader(const struct peer *peer)
{
	struct reader reader = { .pid = fork() };
	char path[64];

	if (reader.pid == -1)
		die("a reader");
	if (!reader.pid)
		receive_for_ever(peer);
	snprintf(path, sizeof(path), "/proc/%d/syscall", reader.pid);
	reader.call = open(path, O_RDONLY | O_CLOEXEC);
	if (reader.call == -1)
		die("%s", path);
	return reader;
}

static void end_reader(struct reader *reader)
{
	kill(reader->pid, SIGKILL);
	waitpid(reader->pid, NULL, 0);
	close(reader->call);
}

/*
 * The file has the system call of a process that is off its processor, "running" for
 * one that is not, and nothing for one that has ended.
 */
static bool sleeps(const struct reader *reader)
{
	char line[256];
	ssize_t length = pread(reader->call, line, sizeof(line) - 1, 0);

	if (length <= 0)
		die("a reader has ended");
	line[length] = '\0';
	return strncmp(line, "running", 7) && strtol(line, NULL, 10) >= 0;
}

static bool all_sleep(const struct reader *readers, unsigned int count)
{
	while (count--)
		if (!sleeps(&readers[count]))
			return false;
	return true;
}

/* Returns when the readers sleep in the last of so many @calls. */
static void wait_for_readers(const struct reader *readers, unsigned int count,
			     unsigned long calls)
{
	unsigned long looks;

	for (looks = 0; looks < MAX_LOOKS; looks++) {
		if (atomic_load(&news->calls) == calls && all_sleep(readers, count))
			return;
		sched_yield();
	}
	errno = ETIMEDOUT;
	die("readers that sleep");
}

/* Each wait of a reader is a voluntary context switch. */
static double waits_of(const struct reader *readers, unsigned int count)
{
	double waits = 0;
	char path[64];
	unsigned int i;

	for (i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "/proc/%d/status", readers[i].pid);
		waits += numbers_in(path, "voluntary_ctxt_switches: %lf");
	}
	return waits;
}

static double cost_of_delivery(const struct peer *peer, const char *message,
			       const struct reader *readers, unsigned int count)
{
	unsigned long calls = atomic_load(&news->calls) + 1;
	double start = now();

	send_one(peer, message, SIZE);
	note_puts(peer, 1);
	wait_for_readers(readers, count, calls);
	return news->received - start;
}

static double cost_of_send(const struct peer *peer, const char *message,
			   const struct reader *readers, unsigned int count)
{
	unsigned long calls = atomic_load(&news->calls) + 1;
	double start, end;

	set_priority(2);
	start = now();
	send_one(peer, message, SIZE);
	end = now();
	set_priority(0);
	note_puts(peer, 1);
	wait_for_readers(readers, count, calls);
	return end - start;
}

static int compare(const void *a, const void *b)
{
	const double *one = a, *other = b;

	return (*one > *other) - (*one < *other);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

static double lesser(double one, double other)
{
	return one < other ? one : other;
}

static void run(const struct peer *peer, const struct reader *readers, unsigned int count,
		struct figures *figures, unsigned long samples)
{
	double delivery[MAX_SAMPLES], send[MAX_SAMPLES], before;
	char *message = new_buffer(SIZE, MESSAGE_BYTE);
	unsigned long i;

	/* Faults in what the first calls of each reader need. */
	for (i = 0; i < 2 * count; i++)
		cost_of_send(peer, message, readers, count);
	before = waits_of(readers, count);
	for (i = 0; i < samples; i++) {
		delivery[i] = cost_of_delivery(peer, message, readers, count);
		send[i] = cost_of_send(peer, message, readers, count);
	}
	figures->wakes += waits_of(readers, count) - before;
	figures->messages += 2 * samples;
	figures->delivery = lesser(figures->delivery, median(delivery, samples));
	figures->send = lesser(figures->send, median(send, samples));
	free_buffer(message, SIZE);
}

/* A round has new readers and a new queue. */
static void run_round(const struct peer *peer, unsigned int count, struct figures *figures,
		      unsigned long samples)
{
	struct reader readers[MAX_READERS];
	unsigned int i;

	enter_namespace_of(peer);
	peer->open(SIZE, MAX_READERS);
	atomic_store(&news->calls, 0);
	for (i = 0; i < count; i++)
		readers[i] = new_reader(peer);
	wait_for_readers(readers, count, count);
	run(peer, readers, count, figures, samples);
	for (i = 0; i < count; i++)
		end_reader(&readers[i]);
	peer->close();
}

static void report_figures(const struct peer *peer, unsigned int count,
			   const struct figures *figures)
{
	char x[32];

	snprintf(x, sizeof(x), "%u", count);
	report("wait", peer->name, x, figures->delivery);
	report("wait_send", peer->name, x, figures->send);
	report("wait_woken", peer->name, x, figures->wakes / figures->messages);
}

/*
 * The peers take turns, one round each, so that disturbances of the machine affect
 * all of them.
 */
static void measure_readers(const struct plan *plan, unsigned int count)
{
	unsigned long samples = plan->batch / 4;
	struct figures figures[MAX_PEERS];
	const struct peer *peer;
	int round, i;

	if (samples > MAX_SAMPLES)
		samples = MAX_SAMPLES;
	for (i = 0; i < MAX_PEERS; i++)
		figures[i] = (struct figures) { .delivery = DBL_MAX, .send = DBL_MAX };
	for (round = 0; round < plan->rounds; round++)
		for (peer = waited_for_peers; peer->name; peer++)
			if (is_wanted(peer, plan->only))
				run_round(peer, count, &figures[peer - waited_for_peers], samples);
	for (peer = waited_for_peers; peer->name; peer++)
		if (is_wanted(peer, plan->only))
			report_figures(peer, count, &figures[peer - waited_for_peers]);
}

void measure_waiting(const struct plan *plan)
{
	size_t i;

	news = mmap(NULL, sizeof(*news), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (news == MAP_FAILED)
		die("no memory to share");
	move_to_processor(first_processor());
	progress("the sender is on processor %d, readers on %d", first_processor(),
		 last_processor());
	for (i = 0; i < ARRAY_SIZE(numbers_of_readers); i++) {
		progress("a message to one of %u sleeping readers", numbers_of_readers[i]);
		measure_readers(plan, numbers_of_readers[i]);
	}
	use_all_processors();
	munmap(news, sizeof(*news));
}

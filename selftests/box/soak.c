// SPDX-License-Identifier: GPL-2.0
/*
 * For scripts: traffic for some seconds, with an exact account of every message.
 *
 *	soak SECONDS [TEXT]
 *
 * Many threads put and get messages of all sizes. All the time, pages of their buffers
 * are dropped, some buffers end in bad memory, and the limits change. Each message that
 * a get returns was put before, is whole, and is returned once; each result is one that
 * the contract allows.
 *
 * At the end the box is emptied. Then no message may be missing, the module's figures
 * have to agree with the account, and the box has to hold as much kernel memory as a
 * fresh one, by its own figure and by the kernel's. A line with TEXT shows the progress
 * every few seconds. SIGTERM ends the run early. Exits with 1 and says why if anything
 * was wrong.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include "calls.h"
#include "kselftest.h"
#include "segment.h"
#include "sysfs.h"

#define THREADS_MAX	64
#define SLOTS		8192
#define LEN_MAX		(MIB + 100)
#define BUFFER		(MIB + 4 * PAGE)
#define ERRORS_MAX	128

/* Seconds between two lines of progress. */
#define PROGRESS	5
/* Extra seconds if something that has to happen has not happened yet. */
#define PATIENCE	60

/* The limits in turn, the lowest first. */
static const long box_limits[] = { 4 * SEGMENT, 2 * MIB, 24 * MIB };
static const long message_limits[] = { 16 * KIB, 4 * MIB };
static const long pending_limits[] = { 8 * SEGMENT, 64 * MIB };

/* The start of a message; its other bytes are derived from this. */
struct header {
	unsigned int thread;
	unsigned int slot;
	unsigned int number;
	int len;
};

/* The state of one thread. */
struct worker {
	unsigned int thread;
	pthread_t id;
	unsigned long random;
	char *buffer;		/* BUFFER bytes, then an inaccessible page */
	unsigned int slot;
	unsigned int number;
	long puts, gets;
	long put_errors[ERRORS_MAX];
	long get_errors[ERRORS_MAX];
	char wrong[160];
};

/* The most kernel memory that the box held so far, in bytes. */
static long most_held;

static struct worker workers[THREADS_MAX];
static int worker_count;
static atomic_bool end;
/* How many of ten calls are puts. */
static atomic_int puts_of_ten;

/* By thread and slot: the number of the message that is in the box or being put. */
static atomic_uint there[THREADS_MAX][SLOTS];

static bool wrong(struct worker *worker, const char *what, long value)
{
	if (!*worker->wrong)
		snprintf(worker->wrong, sizeof(worker->wrong), "%s: %ld", what, value);
	atomic_store(&end, true);
	return false;
}

static unsigned long seed_of(const struct header *header)
{
	return (unsigned long)header->thread << 48 | (unsigned long)header->slot << 32 |
	       header->number;
}

static unsigned long dice(struct worker *worker, unsigned long sides)
{
	return next_random(&worker->random) % sides;
}

/* Small messages, some about the border between small and large, large ones. */
static int any_len(struct worker *worker)
{
	static const int most[] = { 100, 100, 100, 1000, 8 * KIB, 10 * KIB, 100 * KIB };
	unsigned long kind = dice(worker, 64);
	int len = kind == 0 ? LEN_MAX : most[kind % 7];

	return sizeof(struct header) + dice(worker, len - sizeof(struct header) + 1);
}

/* The memory is shared, so a dropped page comes back with its content. */
static void lose_pages(char *buffer, unsigned long first, unsigned long count)
{
	madvise(buffer + first * PAGE, count * PAGE, MADV_DONTNEED);
}

static void lose_some(struct worker *worker, const char *at)
{
	unsigned long page = (at - worker->buffer) / PAGE;
	unsigned long kind = dice(worker, 8);

	if (kind == 0)
		lose_pages(worker->buffer, 0, BUFFER / PAGE);
	else if (kind < 3)
		lose_pages(worker->buffer, page + (kind - 1), 1);
}

/* --- put */

static bool is_allowed(const int *errors, int ret)
{
	for (; *errors; errors++)
		if (ret == -*errors)
			return true;
	return false;
}

static bool find_slot(struct worker *worker)
{
	for (int i = 0; i < 64; i++) {
		worker->slot = (worker->slot + 1) % SLOTS;
		if (!there[worker->thread][worker->slot])
			return true;
	}
	return false;
}

/* Writes the first len bytes of the message; the others are in bad memory. */
static void write_message(char *at, const struct header *header, int len)
{
	memcpy(at, header, sizeof(*header));
	fill(at + sizeof(*header), len - sizeof(*header), seed_of(header));
}

static bool put_failed(struct worker *worker, const struct header *header, long ret, bool bad)
{
	static const int errors[] = { EAGAIN, EMSGSIZE, EFAULT, 0 };
	atomic_uint *is_there = &there[worker->thread][header->slot];

	if (!is_allowed(errors, ret) || (ret == -EFAULT && !bad) ||
	    (ret == -EMSGSIZE && header->len <= message_limits[0]))
		return wrong(worker, "put", ret);
	worker->put_errors[-ret]++;
	if (atomic_exchange(is_there, 0) != header->number)
		return wrong(worker, "a failed put has put its message", ret);
	return true;
}

static bool put_one(struct worker *worker)
{
	struct header header = {
		.thread = worker->thread, .slot = worker->slot,
		.number = ++worker->number, .len = any_len(worker),
	};
	bool bad = header.len > 64 && dice(worker, 16) == 0;
	int missing = bad ? 1 + dice(worker, header.len - sizeof(header) - 1) : 0;
	char *at = worker->buffer + (bad ? (unsigned long)BUFFER - header.len + missing :
					   dice(worker, PAGE));
	long ret;

	write_message(at, &header, header.len - missing);
	lose_some(worker, at);
	/* Another thread may get the message before put returns. */
	atomic_store(&there[worker->thread][header.slot], header.number);
	ret = put(at, header.len);
	if (ret < 0)
		return put_failed(worker, &header, ret, bad);
	if (ret || bad)
		return wrong(worker, "put from bad memory", ret);
	worker->puts++;
	return true;
}

/* --- get */

static bool check_message(struct worker *worker, const char *at, long len)
{
	struct header header;

	if (len < (long)sizeof(header))
		return wrong(worker, "a message that is too short", len);
	memcpy(&header, at, sizeof(header));
	if (header.len != len || header.thread >= THREADS_MAX || header.slot >= SLOTS)
		return wrong(worker, "a message that no thread put", len);
	if (!is_filled(at + sizeof(header), len - sizeof(header), seed_of(&header)))
		return wrong(worker, "a message that is torn", len);
	if (atomic_exchange(&there[header.thread][header.slot], 0) != header.number)
		return wrong(worker, "a message that is not in the box (any more)", len);
	worker->gets++;
	return true;
}

static bool get_failed(struct worker *worker, long ret, bool bad, int room)
{
	static const int errors[] = { ENODATA, EMSGSIZE, EFAULT, 0 };

	if (!is_allowed(errors, ret) || (ret == -EFAULT && !bad) ||
	    (ret == -EMSGSIZE && room >= LEN_MAX))
		return wrong(worker, "get", ret);
	worker->get_errors[-ret]++;
	return true;
}

static bool get_one(struct worker *worker)
{
	bool bad = dice(worker, 16) == 0;
	int room = dice(worker, 8) ? LEN_MAX : 1 + dice(worker, 9 * KIB);
	unsigned long good = bad ? dice(worker, 300) : (unsigned long)room;
	char *at = worker->buffer + (bad ? BUFFER - good : dice(worker, PAGE));
	long ret;

	lose_some(worker, at);
	ret = get(at, room);
	if (ret < 0)
		return get_failed(worker, ret, bad, room);
	if (ret > (long)good)
		return wrong(worker, "get into bad memory", ret);
	return check_message(worker, at, ret);
}

static void *work(void *data)
{
	struct worker *worker = data;
	bool fine = true;

	while (fine && !atomic_load(&end)) {
		if ((int)dice(worker, 10) < atomic_load(&puts_of_ten) && find_slot(worker))
			fine = put_one(worker);
		else
			fine = get_one(worker);
		/* Unloading waits for Tasks RCU, which waits until each task sleeps. */
		if (dice(worker, 256) == 0)
			usleep(1);
	}
	return NULL;
}

/* --- changes during the traffic */

static void *steal_pages(void *data)
{
	unsigned long random = 1;

	(void)data;
	while (!atomic_load(&end)) {
		unsigned long draw = next_random(&random);

		lose_pages(workers[draw % worker_count].buffer, (draw >> 16) % (BUFFER / PAGE), 1);
		if (draw >> 60 == 0)
			usleep(100);
		else
			sched_yield();
	}
	return NULL;
}

/* Changes the limits ten times a second, and the share of puts once a second. */
static bool change(int tenth)
{
	static const int biases[] = { 8, 5, 2, 6, 3 };

	if (tenth % 10 == 0)
		atomic_store(&puts_of_ten, biases[tenth / 10 % 5]);
	return !set_parameter("max_bytes", box_limits[tenth % 3]) &&
	       !set_parameter("max_message_bytes", message_limits[tenth % 5 != 0]) &&
	       !set_parameter("max_pending_bytes", pending_limits[tenth % 4 != 0]);
}

static void add(struct worker *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (int i = 0; i < worker_count; i++) {
		const struct worker *worker = &workers[i];

		sum->puts += worker->puts;
		sum->gets += worker->gets;
		for (int error = 0; error < ERRORS_MAX; error++) {
			sum->put_errors[error] += worker->put_errors[error];
			sum->get_errors[error] += worker->get_errors[error];
		}
		if (*worker->wrong)
			memcpy(sum->wrong, worker->wrong, sizeof(sum->wrong));
	}
}

static void show(int second, const char *text)
{
	struct worker sum;

	add(&sum);
	printf("# %s%d s: %ld puts, %ld gets, %ld and %ld with a bad buffer, up to %ld KiB held\n",
	       text, second, sum.puts, sum.gets, sum.put_errors[EFAULT], sum.get_errors[EFAULT],
	       most_held / KIB);
	fflush(stdout);
}

/* --- the account */

static int same(const char *what, long expected, long found)
{
	if (expected == found)
		return 0;
	printf("# wrong: %s: expected %ld, found %ld\n", what, expected, found);
	return 1;
}

static long still_there(void)
{
	long count = 0;

	for (int i = 0; i < THREADS_MAX; i++)
		for (int j = 0; j < SLOTS; j++)
			count += there[i][j] != 0;
	return count;
}

/* The figures that count failures. */
static const struct failure {
	const char *figure;
	bool of_put;
	int error;
} failures[] = {
	{ "put_eagain", true, EAGAIN },
	{ "put_emsgsize", true, EMSGSIZE },
	{ "put_efault", true, EFAULT },
	{ "get_enodata", false, ENODATA },
	{ "get_emsgsize", false, EMSGSIZE },
	{ "get_efault", false, EFAULT },
};

#define FAILURES ARRAY_SIZE(failures)

/* The module's figures at the start. */
struct figures {
	long puts, gets;
	long failed[FAILURES];
};

static void read_figures(struct figures *figures)
{
	figures->puts = figure("puts");
	figures->gets = figure("gets");
	for (size_t i = 0; i < FAILURES; i++)
		figures->failed[i] = figure(failures[i].figure);
}

/* The size of the box's segments by the kernel's list, without guard pages. */
static long vmalloc_of_box(void)
{
	FILE *file = fopen("/proc/vmallocinfo", "r");
	char line[256];
	long sum = 0;

	while (file && fgets(line, sizeof(line), file)) {
		long size;

		if (strstr(line, " segment_alloc+") &&
		    sscanf(line, "%*s %ld", &size) == 1)
			sum += size - PAGE;
	}
	if (file)
		fclose(file);
	return sum;
}

/*
 * Makes the box free its spare segment: puts and gets a message that fits only without
 * it and is too short to leave another one.
 */
static int settle(char *buffer)
{
	const int len = SEGMENT - 2 * PAGE;

	if (set_parameter("max_message_bytes", message_limits[1]) ||
	    set_parameter("max_pending_bytes", pending_limits[1]) ||
	    set_parameter("max_bytes", 2 * SEGMENT))
		return same("the limits can be set", 1, 0);
	return same("put", 0, put(buffer, len)) + same("get", len, get(buffer, len));
}

static int compare(const struct worker *sum, const struct figures *before)
{
	struct figures now;
	int wrongs = 0;

	read_figures(&now);
	for (size_t i = 0; i < FAILURES; i++) {
		const long *errors = failures[i].of_put ? sum->put_errors : sum->get_errors;

		wrongs += same(failures[i].figure, errors[failures[i].error],
			       now.failed[i] - before->failed[i]);
	}
	return wrongs + same("messages neither in the box nor taken", 0, still_there()) +
	       same("puts and gets", sum->puts, sum->gets) +
	       same("puts", sum->puts, now.puts - before->puts) +
	       same("gets", sum->gets, now.gets - before->gets) +
	       same("count", 0, figure("count")) + same("bytes", 0, figure("bytes")) +
	       same("pending", 0, figure("pending"));
}

/*
 * Of an empty box without a spare segment. The kernel finds an entry of its list by
 * number and drops the lock between entries. If another area is freed at that moment
 * (the stack of a thread that ended), it skips one. A leak is there at each attempt.
 */
static int compare_memory(void)
{
	long found = vmalloc_of_box();

	for (int i = 0; i < 20 && found != SEGMENT; i++) {
		usleep(100 * 1000);
		found = vmalloc_of_box();
	}
	return same("memory", SEGMENT, figure("memory")) +
	       same("memory, in the kernel's list", SEGMENT, found);
}

/* The first worker takes the rest; bounded, in case another process puts. */
static void take_the_rest(void)
{
	struct worker *worker = &workers[0];

	for (long left = THREADS_MAX * SLOTS; left--;) {
		long ret = get(worker->buffer, LEN_MAX);

		if (ret < 0) {
			get_failed(worker, ret, false, LEN_MAX);
			return;
		}
		check_message(worker, worker->buffer, ret);
	}
	wrong(worker, "more messages than were put", 0);
}

static char *new_buffer(void)
{
	char *buffer = mmap(NULL, BUFFER + PAGE, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (buffer == MAP_FAILED || mprotect(buffer + BUFFER, PAGE, PROT_NONE))
		abort();
	return buffer;
}

static bool start(void)
{
	worker_count = 2 * sysconf(_SC_NPROCESSORS_ONLN) + 2;
	if (worker_count > THREADS_MAX)
		worker_count = THREADS_MAX;
	for (int i = 0; i < worker_count; i++) {
		workers[i].thread = i;
		workers[i].random = time(NULL) * THREADS_MAX + i;
		workers[i].buffer = new_buffer();
	}
	for (int i = 0; i < worker_count; i++)
		if (pthread_create(&workers[i].id, NULL, work, &workers[i]))
			return false;
	return true;
}

static void stop_early(int signal)
{
	(void)signal;
	atomic_store(&end, true);
}

/* A run without one of these would test nothing. */
static bool all_has_happened(const struct worker *sum)
{
	return sum->puts && sum->gets && sum->put_errors[EFAULT] && sum->get_errors[EFAULT];
}

/* A busy machine gets more time, but not without a bound. */
static bool is_over(int second, int seconds)
{
	struct worker sum;

	add(&sum);
	return second >= seconds && (all_has_happened(&sum) || second >= seconds + PATIENCE);
}

static void watch(int seconds, const char *text)
{
	time_t began = time(NULL);
	int shown = 0;

	for (int tenth = 1; !atomic_load(&end); tenth++) {
		int second = time(NULL) - began;
		long memory = figure("memory");

		most_held = memory > most_held ? memory : most_held;
		if (!change(tenth))
			wrong(&workers[0], "a limit that cannot be set", tenth);
		if (second >= shown + PROGRESS)
			show(shown = second, text);
		if (is_over(second, seconds))
			atomic_store(&end, true);
		usleep(100 * 1000);
	}
}

static int run(int seconds, const char *text)
{
	pthread_t thief;

	if (!change(0) || !start() || pthread_create(&thief, NULL, steal_pages, NULL))
		return same("threads and limits can be set up", 1, 0);
	watch(seconds, text);
	for (int i = 0; i < worker_count; i++)
		pthread_join(workers[i].id, NULL);
	pthread_join(thief, NULL);
	take_the_rest();
	return most_held > box_limits[2] ? same("memory, at most", box_limits[2], most_held) : 0;
}

/* Returns how many things were wrong. */
static int soak(int seconds, const char *text)
{
	char *buffer = new_buffer();
	struct figures before;
	struct worker sum;
	int wrongs;

	wrongs = settle(buffer) + compare_memory();
	read_figures(&before);
	wrongs += run(seconds, text);
	add(&sum);
	if (*sum.wrong)
		wrongs += printf("# wrong: %s\n", sum.wrong) > 0;
	wrongs += compare(&sum, &before) + settle(buffer) + compare_memory();
	if (!all_has_happened(&sum))
		wrongs += printf("# wrong: something never happened\n") > 0;
	return wrongs;
}

int main(int argc, char **argv)
{
	long max_bytes = parameter("max_bytes"), max_message = parameter("max_message_bytes");
	long max_pending = parameter("max_pending_bytes");
	int wrongs;

	if (argc < 2 || max_bytes < 0) {
		fprintf(stderr, "usage: soak SECONDS [TEXT], with the module loaded\n");
		return 2;
	}
	signal(SIGTERM, stop_early);
	signal(SIGINT, stop_early);
	drain();
	wrongs = soak(atoi(argv[1]), argc > 2 ? argv[2] : "");
	set_parameter("max_bytes", max_bytes);
	set_parameter("max_message_bytes", max_message);
	set_parameter("max_pending_bytes", max_pending);
	return wrongs != 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * The caller's memory changes during a call: another thread unmaps it, protects it,
 * moves it or forks, or the caller is killed. Each call either succeeds with the
 * whole message or changes nothing.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>

#include "meminfo.h"
#include "msgbox.h"
#include "sysfs.h"

#define LEN_MAX		MIB
/* No message begins or ends at a page border. */
#define OFFSET		(PAGE - 100)
#define SIZE		(LEN_MAX + 2 * PAGE)

/*
 * Racing threads can be very slow on a machine with few CPUs, so a test ends after a
 * number of rounds or after this many seconds.
 */
#define SECONDS		2

static bool is_over(time_t *end)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!*end)
		*end = now.tv_sec + SECONDS;
	return now.tv_sec >= *end;
}

/* --- memory that another thread keeps changing */

enum change { UNMAP, PROTECT_NONE, PROTECT_READ, DISCARD, MOVE };

struct victim {
	char *memory;		/* SIZE bytes */
	char *elsewhere;	/* a place to move one page to */
	size_t used;		/* bytes of it that are in use */
	enum change change;
	atomic_int hold;	/* request: stop changing it */
	atomic_int held;	/* answer: all of it is mapped */
	atomic_int stop;
	atomic_int failed;
};

/* Takes one page away for a moment. Returns true if it is back. */
static bool change_page(const struct victim *victim, char *page)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
	int prot = PROT_READ | PROT_WRITE;

	switch (victim->change) {
	case UNMAP:
		if (munmap(page, PAGE))
			return false;
		sched_yield();
		return mmap(page, PAGE, prot, flags, -1, 0) == page;
	case PROTECT_NONE:
	case PROTECT_READ:
		if (mprotect(page, PAGE, victim->change == PROTECT_READ ? PROT_READ : PROT_NONE))
			return false;
		sched_yield();
		return !mprotect(page, PAGE, prot);
	case DISCARD:
		return !madvise(page, PAGE, MADV_DONTNEED);
	default:
		if (mremap(page, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			   victim->elsewhere) != victim->elsewhere)
			return false;
		sched_yield();
		return mremap(victim->elsewhere, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			      page) == page;
	}
}

static void *changer(void *data)
{
	struct victim *victim = data;
	unsigned long random = 1;

	while (!atomic_load(&victim->stop)) {
		size_t page = next_random(&random) % (victim->used / PAGE);

		while (atomic_load(&victim->hold)) {
			atomic_store(&victim->held, 1);
			sched_yield();
		}
		atomic_store(&victim->held, 0);
		if (!change_page(victim, victim->memory + page * PAGE)) {
			atomic_store(&victim->failed, 1);
			break;
		}
	}
	/* hold_still() must not wait for a thread that has ended. */
	atomic_store(&victim->held, 1);
	return NULL;
}

/* Waits until all memory is mapped and stays mapped. */
static void hold_still(struct victim *victim)
{
	atomic_store(&victim->hold, 1);
	while (!atomic_load(&victim->held))
		sched_yield();
}

static void go_on(struct victim *victim)
{
	atomic_store(&victim->hold, 0);
	while (atomic_load(&victim->held) && !atomic_load(&victim->failed))
		sched_yield();
}

FIXTURE(changing)
{
	struct victim victim;
	pthread_t thread;
	char *buf;		/* in the changing memory */
	char *message;
	char *copy;
};

FIXTURE_VARIANT(changing)
{
	enum change change;
	int len;
};

FIXTURE_VARIANT_ADD(changing, small_munmap) { UNMAP, 6000 };
FIXTURE_VARIANT_ADD(changing, large_munmap) { UNMAP, LEN_MAX };
FIXTURE_VARIANT_ADD(changing, small_mprotect_none) { PROTECT_NONE, 6000 };
FIXTURE_VARIANT_ADD(changing, large_mprotect_none) { PROTECT_NONE, LEN_MAX };
FIXTURE_VARIANT_ADD(changing, small_mprotect_read) { PROTECT_READ, 6000 };
FIXTURE_VARIANT_ADD(changing, large_mprotect_read) { PROTECT_READ, LEN_MAX };
FIXTURE_VARIANT_ADD(changing, small_dontneed) { DISCARD, 6000 };
FIXTURE_VARIANT_ADD(changing, large_dontneed) { DISCARD, LEN_MAX };
FIXTURE_VARIANT_ADD(changing, small_mremap) { MOVE, 6000 };
FIXTURE_VARIANT_ADD(changing, large_mremap) { MOVE, LEN_MAX };

FIXTURE_SETUP(changing)
{
	struct victim *victim = &self->victim;

	begin_with_empty_box(_metadata);
	victim->memory = map(SIZE, PROT_READ | PROT_WRITE);
	victim->elsewhere = map(PAGE, PROT_NONE);
	victim->change = variant->change;
	victim->used = (OFFSET + variant->len + PAGE - 1) / PAGE * PAGE;
	self->buf = victim->memory + OFFSET;
	self->message = new_message(variant->len, 1);
	self->copy = new_message(variant->len, 2);
	ASSERT_EQ(0, pthread_create(&self->thread, NULL, changer, victim));
}

FIXTURE_TEARDOWN(changing)
{
	atomic_store(&self->victim.stop, 1);
	atomic_store(&self->victim.hold, 0);
	pthread_join(self->thread, NULL);
	EXPECT_EQ(0, atomic_load(&self->victim.failed));
	end_with_empty_box(_metadata);
	free(self->message);
	free(self->copy);
}

static int rounds_of(int len)
{
	return len == LEN_MAX ? 60 : 1500;
}

/* Each message begins with its number. */
static void number(char *message, int id)
{
	memcpy(message, &id, sizeof(id));
}

/* The same bytes, or zeros where a page was discarded. */
static bool same_or_dropped(const char *found, const char *expected, int len)
{
	for (int i = 0; i < len; i++)
		if (found[i] && found[i] != expected[i])
			return false;
	return true;
}

static bool is_as_expected(enum change change, const char *found, const char *expected,
			   int len)
{
	if (change == UNMAP || change == DISCARD)
		return same_or_dropped(found, expected, len);
	return !memcmp(found, expected, len);
}

TEST_F(changing, put_takes_all_or_nothing)
{
	int len = variant->len, rounds = rounds_of(len), done = 0, i;
	time_t end = 0;
	long ret;

	for (i = 0; i < rounds && !is_over(&end); i++) {
		hold_still(&self->victim);
		number(self->message, i);
		memcpy(self->buf, self->message, len);
		go_on(&self->victim);

		ret = put(self->buf, len);
		if (ret == -EFAULT) {
			ASSERT_EQ(-ENODATA, get(self->copy, len));
			continue;
		}
		ASSERT_EQ(0, ret);
		ASSERT_EQ(len, get(self->copy, len));
		ASSERT_TRUE(is_as_expected(variant->change, self->copy, self->message, len));
		ASSERT_EQ(-ENODATA, get(self->copy, len));
		done++;
	}
	TH_LOG("%d of %d puts succeeded", done, i);
	/* This memory is readable at all times. */
	if (variant->change == DISCARD || variant->change == PROTECT_READ)
		EXPECT_EQ(i, done);
}

TEST_F(changing, get_delivers_all_or_nothing)
{
	int len = variant->len, rounds = rounds_of(len), done = 0, i;
	time_t end = 0;
	long ret;

	/* A message below, to see that the order does not change. */
	ASSERT_EQ(0, put("below", 5));
	for (i = 0; i < rounds && !is_over(&end); i++) {
		hold_still(&self->victim);
		number(self->message, i);
		poison(self->buf, len);
		go_on(&self->victim);

		ASSERT_EQ(0, put(self->message, len));
		ret = get(self->buf, len);
		if (ret == -EFAULT) {
			ASSERT_EQ(2, figure("count"));
			ASSERT_EQ(len, get(self->copy, len));
			ASSERT_EQ(0, memcmp(self->copy, self->message, len));
			continue;
		}
		ASSERT_EQ(len, ret);
		hold_still(&self->victim);
		ASSERT_TRUE(is_as_expected(variant->change, self->buf, self->message, len));
		ASSERT_EQ(1, figure("count"));
		done++;
	}
	ASSERT_EQ(5, get_expecting("below", 5));
	TH_LOG("%d of %d gets succeeded", done, i);
	/* This memory is writable at all times. */
	if (variant->change == DISCARD)
		EXPECT_EQ(i, done);
}

#define FAULTS 30

/* Each call holds 1 MiB of kernel memory for a moment, so a leak would be seen. */
TEST_F(msgbox, large_calls_that_fault_leave_no_memory_behind)
{
	char *buf = map(LEN_MAX, PROT_READ | PROT_WRITE);
	char *message = new_message(LEN_MAX, 1);
	long before = meminfo_bytes("VmallocUsed");
	int faults = 0;

	ASSERT_LE(0, before);
	ASSERT_EQ(0, put(message, LEN_MAX));
	ASSERT_EQ(0, munmap(buf + LEN_MAX - PAGE, PAGE));
	while (faults < FAULTS && put(buf, LEN_MAX) == -EFAULT && get(buf, LEN_MAX) == -EFAULT)
		faults++;
	EXPECT_EQ(FAULTS, faults);
	EXPECT_EQ(LEN_MAX, get_expecting(message, LEN_MAX));
	EXPECT_GT(before + FAULTS / 3 * MIB, meminfo_bytes("VmallocUsed"));
	munmap(buf, LEN_MAX - PAGE);
	free(message);
}

/* --- forks */

#define FORKS 25

/*
 * After a fork, child and parent share each page until one of them writes to it and
 * gets a copy. The message must arrive in the page that the caller has then.
 */
static void *forker(void *data)
{
	struct victim *victim = data;
	int alive[2];

	while (!atomic_load(&victim->stop)) {
		pid_t pid;

		if (pipe(alive)) {
			atomic_store(&victim->failed, 1);
			break;
		}
		pid = fork();
		if (!pid) {
			char nothing;

			/* Waits until its parent has written to every page. */
			close(alive[1]);
			_exit(read(alive[0], &nothing, 1));
		}
		for (size_t i = 0; i < victim->used; i += PAGE)
			__atomic_fetch_or(&victim->memory[i], 0, __ATOMIC_RELAXED);
		close(alive[0]);
		close(alive[1]);
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			atomic_store(&victim->failed, 1);
		atomic_fetch_add(&victim->held, 1);
	}
	return NULL;
}

static void forks_during_calls(struct __test_metadata *_metadata, int len)
{
	struct victim victim = { .used = OFFSET + len };
	char *message = new_message(len, 1);
	pthread_t thread;
	time_t end = 0;

	victim.memory = map(SIZE, PROT_READ | PROT_WRITE);
	ASSERT_EQ(0, pthread_create(&thread, NULL, forker, &victim));
	for (int i = 0; atomic_load(&victim.held) < FORKS && !is_over(&end); i++) {
		number(message, i);
		memcpy(victim.memory + OFFSET, message, len);
		ASSERT_EQ(0, put(victim.memory + OFFSET, len));
		poison(victim.memory + OFFSET, len);
		ASSERT_EQ(len, get(victim.memory + OFFSET, len));
		ASSERT_EQ(0, memcmp(victim.memory + OFFSET, message, len));
	}
	atomic_store(&victim.stop, 1);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, atomic_load(&victim.failed));
	/* Otherwise the run has tested nothing. */
	EXPECT_LT(0, atomic_load(&victim.held));
	free(message);
}

TEST_F(msgbox, forks_during_small_calls)
{
	forks_during_calls(_metadata, 6000);
}

TEST_F(msgbox, forks_during_large_calls)
{
	forks_during_calls(_metadata, 256 * KIB);
}

/* --- killed in the middle of a call */

#define KILLS		40
#define MESSAGES	(100 * 1000)
#define KILL_LEN_MAX	(100 * 1000)

/* Shared by all processes, so it survives the killed ones. */
struct ledger {
	atomic_int begun;	/* calls begun */
	atomic_int next;	/* message to put */
	atomic_int puts, gets;	/* that returned with success */
	atomic_int broken;
	atomic_uchar taken[MESSAGES];
};

/* The bytes are derived from the number that they begin with. */
static void make_message(char *buf, int len, int id)
{
	fill(buf, len, id);
	number(buf, id);
}

static void check_taken(struct ledger *ledger, const char *buf, int len)
{
	static char expected[KILL_LEN_MAX];
	int id;

	memcpy(&id, buf, sizeof(id));
	if (len < (int)sizeof(id) || id < 0 || id >= MESSAGES) {
		atomic_fetch_add(&ledger->broken, 1);
		return;
	}
	make_message(expected, len, id);
	if (memcmp(buf, expected, len) || atomic_fetch_add(&ledger->taken[id], 1))
		atomic_fetch_add(&ledger->broken, 1);
}

/* Puts and gets until it is killed. */
static void be_killed(struct ledger *ledger, unsigned long random)
{
	static char buf[KILL_LEN_MAX];
	long ret;

	for (;;) {
		unsigned long dice = next_random(&random);
		int len = dice & 2 ? sizeof(buf) - dice % 1000 : 4 + dice % 8000;

		if (dice & 1) {
			int id = atomic_fetch_add(&ledger->next, 1);

			if (id >= MESSAGES)
				_exit(0);
			make_message(buf, len, id);
			atomic_fetch_add(&ledger->begun, 1);
			if (!put(buf, len))
				atomic_fetch_add(&ledger->puts, 1);
		} else {
			atomic_fetch_add(&ledger->begun, 1);
			ret = get(buf, sizeof(buf));
			if (ret < 0)
				continue;
			atomic_fetch_add(&ledger->gets, 1);
			check_taken(ledger, buf, ret);
		}
	}
}

static pid_t begin_to_be_killed(struct ledger *ledger, unsigned long random)
{
	pid_t pid = fork();

	if (!pid)
		be_killed(ledger, random);
	return pid;
}

/* Kills it some calls later, at a random moment of a call. */
static bool wait_and_kill(struct ledger *ledger, pid_t pid, unsigned long dice)
{
	int until = atomic_load(&ledger->begun) + 1 + dice % 20;
	int status;

	while (atomic_load(&ledger->begun) < until)
		sched_yield();
	for (unsigned long i = 0; i < dice / 32 % 200; i++)
		getppid();
	return !kill(pid, SIGKILL) && waitpid(pid, &status, 0) == pid &&
	       WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

TEST_F(msgbox, killed_in_the_middle_of_a_call)
{
	long puts = figure("puts"), gets = figure("gets"), bytes = 0, left = 0, in_box, ret;
	char *buf = new_message(KILL_LEN_MAX, 1);
	unsigned long random = 1;
	struct ledger *ledger;
	time_t end = 0;
	pid_t other;

	ledger = mmap(NULL, sizeof(*ledger), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, ledger);
	/* One more process uses the box all the time and is killed last. */
	other = begin_to_be_killed(ledger, KILLS);
	ASSERT_LT(0, other);
	for (int i = 0; i < KILLS && !is_over(&end); i++) {
		pid_t pid = begin_to_be_killed(ledger, i);

		ASSERT_LT(0, pid);
		ASSERT_TRUE(wait_and_kill(ledger, pid, next_random(&random)));
	}
	ASSERT_TRUE(wait_and_kill(ledger, other, 0));

	/* A killed call may have taken effect or not; all others are known. */
	puts = figure("puts") - puts;
	gets = figure("gets") - gets;
	EXPECT_LE(atomic_load(&ledger->puts), puts);
	EXPECT_LE(atomic_load(&ledger->gets), gets);
	EXPECT_GE(atomic_load(&ledger->puts) + atomic_load(&ledger->gets) + KILLS + 1,
		  puts + gets);

	EXPECT_EQ(puts - gets, figure("count"));
	in_box = figure("bytes");
	while ((ret = get(buf, KILL_LEN_MAX)) >= 0) {
		left++;
		check_taken(ledger, buf, ret);
		bytes += ret;
	}
	ASSERT_EQ(-ENODATA, ret);
	EXPECT_EQ(in_box, bytes);
	EXPECT_EQ(0, figure("bytes"));
	EXPECT_EQ(puts - gets, left);
	EXPECT_EQ(0, atomic_load(&ledger->broken));
	TH_LOG("%d calls, %ld messages left in the box", atomic_load(&ledger->begun), left);
	munmap(ledger, sizeof(*ledger));
	free(buf);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * A caller whose page never arrives blocks no other call, and when it is killed
 * no message is lost. If the page arrives after all, the call completes as if it
 * had been made at that moment.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "msgbox.h"
#include "segment.h"
#include "stuck_page.h"
#include "sysfs.h"

/* The size of the buffers, which is more than the longest message. */
#define ROOM	(256 * KIB + 8 * PAGE)

#define NO_USERFAULTFD "userfaultfd is not available"

FIXTURE(stuck)
{
	struct stuck_page stuck;
	/* ROOM bytes, one page of which is missing. */
	char *buf;
	char *message;
	char content[PAGE_MAX];
};

/* A message in one page or in several (of 4 KiB): the last one of them is missing. */
FIXTURE_VARIANT(stuck)
{
	int len;
};

FIXTURE_VARIANT_ADD(stuck, small)
{
	.len = 64,
};

FIXTURE_VARIANT_ADD(stuck, two_pages)
{
	.len = 8 * KIB,
};

FIXTURE_VARIANT_ADD(stuck, pages)
{
	.len = 12 * KIB,
};

FIXTURE_VARIANT_ADD(stuck, large)
{
	.len = 256 * KIB,
};

FIXTURE_SETUP(stuck)
{
	size_t missing = (variant->len - 1) / PAGE * PAGE;

	begin_with_empty_box(_metadata);
	self->buf = map(ROOM, PROT_READ | PROT_WRITE);
	madvise(self->buf, ROOM, MADV_NOHUGEPAGE);
	self->message = new_message(ROOM, 1);
	memcpy(self->buf, self->message, ROOM);
	memcpy(self->content, self->message + missing, PAGE);
	if (stuck_page_begin(&self->stuck, self->buf + missing))
		SKIP_TEST(NO_USERFAULTFD);
}

FIXTURE_TEARDOWN(stuck)
{
	munmap(self->buf, ROOM);
	free(self->message);
	end_with_empty_box(_metadata);
}

struct call {
	bool is_put;
	char *buf;
	int len;
	long ret;
};

static void *make_call(void *data)
{
	struct call *call = data;

	call->ret = call->is_put ? put(call->buf, call->len) : get(call->buf, call->len);
	return NULL;
}

/* What other callers do while one is stuck: each call returns at once. */
static void put_and_get(struct __test_metadata *_metadata)
{
	static const int sizes[] = { 0, 1, 64, 4 * KIB, 12 * KIB, 300 * KIB };

	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
			char *message = new_message(sizes[i], i);

			ASSERT_EQ(0, put(message, sizes[i]));
			free(message);
		}
		for (size_t i = ARRAY_SIZE(sizes); i-- > 0;) {
			char *message = new_message(sizes[i], i);

			ASSERT_EQ(sizes[i], get_expecting(message, sizes[i]));
			free(message);
		}
	}
}

TEST_F(stuck, put_holds_up_nobody_and_completes)
{
	struct call call = { .is_put = true, .buf = self->buf, .len = variant->len };
	pthread_t thread;

	ASSERT_EQ(0, put("below", 6));
	ASSERT_EQ(0, pthread_create(&thread, NULL, make_call, &call));
	ASSERT_TRUE(stuck_page_wait(&self->stuck));
	put_and_get(_metadata);

	/* The stuck put has not taken effect. */
	ASSERT_EQ(6, get_expecting("below", 6));
	ASSERT_EQ(-ENODATA, get_nothing());

	ASSERT_EQ(0, stuck_page_arrive(&self->stuck, self->content));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_EQ(0, call.ret);
	ASSERT_EQ(variant->len, get_expecting(self->message, variant->len));
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_F(stuck, get_holds_up_nobody_and_completes)
{
	struct call call = { .buf = self->buf, .len = variant->len };
	pthread_t thread;

	ASSERT_EQ(0, put("below", 6));
	ASSERT_EQ(0, put(self->message, variant->len));
	memset(self->buf, 0, variant->len - 1 - (variant->len - 1) % PAGE);
	ASSERT_EQ(0, pthread_create(&thread, NULL, make_call, &call));
	ASSERT_TRUE(stuck_page_wait(&self->stuck));
	put_and_get(_metadata);

	poison(self->content, PAGE);
	ASSERT_EQ(0, stuck_page_arrive(&self->stuck, self->content));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_EQ(variant->len, call.ret);
	ASSERT_EQ(0, memcmp(self->message, self->buf, variant->len));
	ASSERT_EQ(6, get_expecting("below", 6));
	ASSERT_EQ(-ENODATA, get_nothing());
}

/* Until delivery is certain, another get can take the message. */
TEST_F(stuck, the_message_of_a_stuck_get_can_be_taken)
{
	struct call call = { .buf = self->buf, .len = variant->len };
	pthread_t thread;

	ASSERT_EQ(0, put(self->message, variant->len));
	poison(self->buf, self->stuck.page - self->buf);
	ASSERT_EQ(0, pthread_create(&thread, NULL, make_call, &call));
	ASSERT_TRUE(stuck_page_wait(&self->stuck));

	ASSERT_EQ(variant->len, get_expecting(self->message, variant->len));
	ASSERT_EQ(-ENODATA, get_nothing());

	poison(self->content, PAGE);
	ASSERT_EQ(0, stuck_page_arrive(&self->stuck, self->content));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_EQ(-ENODATA, call.ret);
	ASSERT_TRUE(is_poison(self->buf, variant->len)) {
		TH_LOG("the get wrote to the buffer although it took no message");
	}
}

/* The call takes the message that is on top when it ends. */
TEST_F(stuck, a_stuck_get_takes_what_is_on_top_when_it_ends)
{
	struct call call = { .buf = self->buf, .len = variant->len };
	pthread_t thread;

	ASSERT_EQ(0, put(self->message, variant->len));
	ASSERT_EQ(0, pthread_create(&thread, NULL, make_call, &call));
	ASSERT_TRUE(stuck_page_wait(&self->stuck));
	ASSERT_EQ(0, put("later", 6));

	ASSERT_EQ(0, stuck_page_arrive(&self->stuck, self->content));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_EQ(6, call.ret);
	ASSERT_EQ(variant->len, get_expecting(self->message, variant->len));
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_F(stuck, a_stuck_get_can_find_a_message_too_long_for_it)
{
	struct call call = { .buf = self->buf, .len = variant->len };
	char *longer = new_message(variant->len + 1, 3);
	pthread_t thread;

	ASSERT_EQ(0, put(self->message, variant->len));
	poison(self->buf, self->stuck.page - self->buf);
	poison(self->content, PAGE);
	ASSERT_EQ(0, pthread_create(&thread, NULL, make_call, &call));
	ASSERT_TRUE(stuck_page_wait(&self->stuck));
	ASSERT_EQ(0, put(longer, variant->len + 1));

	ASSERT_EQ(0, stuck_page_arrive(&self->stuck, self->content));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_EQ(-EMSGSIZE, call.ret);
	ASSERT_TRUE(is_poison(self->buf, variant->len)) {
		TH_LOG("the get wrote to the buffer although it took no message");
	}
	ASSERT_EQ(variant->len + 1, get_expecting(longer, variant->len + 1));
	ASSERT_EQ(variant->len, get_expecting(self->message, variant->len));
	ASSERT_EQ(-ENODATA, get_nothing());
	free(longer);
}

/* The pages prepared for one message may not suffice for the next one. */
TEST_F(stuck, a_stuck_get_takes_a_longer_message)
{
	struct call call = { .buf = self->buf, .len = ROOM };
	int len = variant->len + 5 * PAGE;
	char *longer = new_message(len, 3);
	pthread_t thread;

	ASSERT_EQ(0, put(self->message, variant->len));
	ASSERT_EQ(0, pthread_create(&thread, NULL, make_call, &call));
	ASSERT_TRUE(stuck_page_wait(&self->stuck));
	ASSERT_EQ(0, put(longer, len));

	ASSERT_EQ(0, stuck_page_arrive(&self->stuck, self->content));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_EQ(len, call.ret);
	ASSERT_EQ(0, memcmp(longer, self->buf, len));
	ASSERT_EQ(0, memcmp(self->message + len, self->buf + len, ROOM - len));
	ASSERT_EQ(variant->len, get_expecting(self->message, variant->len));
	ASSERT_EQ(-ENODATA, get_nothing());
	free(longer);
}

/* Memory that is protected while the call waits for it is bad memory. */
TEST_F(stuck, a_get_whose_memory_goes_away_leaves_the_message)
{
	struct call call = { .buf = self->buf, .len = variant->len };
	pthread_t thread;

	ASSERT_EQ(0, put("below", 6));
	ASSERT_EQ(0, put(self->message, variant->len));
	ASSERT_EQ(0, pthread_create(&thread, NULL, make_call, &call));
	ASSERT_TRUE(stuck_page_wait(&self->stuck));

	/* Not unmapped: the kernel could place another mapping there. */
	ASSERT_EQ(0, mprotect(self->stuck.page, PAGE, PROT_NONE));
	close(self->stuck.uffd);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_EQ(-EFAULT, call.ret);
	ASSERT_EQ(variant->len, get_expecting(self->message, variant->len));
	ASSERT_EQ(6, get_expecting("below", 6));
}

static atomic_int signals_seen;

static void on_signal(int signal)
{
	(void)signal;
	signals_seen++;
}

/* The CPU time of a thread in milliseconds. */
static long computed_by(pthread_t thread)
{
	struct timespec time;
	clockid_t clock;

	if (pthread_getcpuclockid(thread, &clock) || clock_gettime(clock, &time))
		abort();
	return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* A thread that got a signal and still waits has to sleep. */
static void sleeps_on(struct __test_metadata *_metadata, pthread_t thread)
{
	long before;

	/* Time to wake up for the signal and fall asleep again. */
	usleep(300 * 1000);
	before = computed_by(thread);
	usleep(1000 * 1000);
	ASSERT_GT(100, computed_by(thread) - before) {
		TH_LOG("used the CPU for %ld ms in one second", computed_by(thread) - before);
	}
}

/*
 * A signal with a handler must not end the call, because the contract has no EINTR,
 * and must not make it spin until the page arrives.
 */
static void signal_comes(struct __test_metadata *_metadata,
			 struct stuck_page *stuck, const void *content, struct call *call)
{
	struct sigaction action = { .sa_handler = on_signal };
	pthread_t thread;

	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_EQ(0, pthread_create(&thread, NULL, make_call, call));
	ASSERT_TRUE(stuck_page_wait(stuck));
	ASSERT_EQ(0, pthread_kill(thread, SIGUSR1));
	sleeps_on(_metadata, thread);
	put_and_get(_metadata);

	ASSERT_EQ(0, stuck_page_arrive(stuck, content));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_EQ(1, signals_seen);
}

TEST_F(stuck, a_signal_does_not_end_the_call)
{
	struct call call = { .buf = self->buf, .len = variant->len };

	ASSERT_EQ(0, put(self->message, variant->len));
	signal_comes(_metadata, &self->stuck, self->content, &call);
	ASSERT_EQ(variant->len, call.ret);
	ASSERT_EQ(0, memcmp(self->message, self->buf, variant->len));
}

TEST_F(stuck, a_signal_does_not_end_a_put)
{
	struct call call = { .is_put = true, .buf = self->buf, .len = variant->len };

	signal_comes(_metadata, &self->stuck, self->content, &call);
	ASSERT_EQ(0, call.ret);
	ASSERT_EQ(variant->len, get_expecting(self->message, variant->len));
}

/*
 * In a child: one thread makes the call, which gets stuck after this many bytes; the
 * other one then writes a byte to the pipe. The child ends only when it is killed.
 */
static int be_stuck(struct call *call, int before, int pipe_end)
{
	struct stuck_page stuck;
	pthread_t thread;

	if (stuck_page_begin(&stuck, call->buf + before))
		return 1;
	if (pthread_create(&thread, NULL, make_call, call))
		return 2;
	if (!stuck_page_wait(&stuck) || write(pipe_end, "", 1) != 1)
		return 3;
	pthread_join(thread, NULL);
	return 4;
}

/* Kills the child while it is stuck. */
static void kill_stuck_child(struct __test_metadata *_metadata, struct call *call, int before)
{
	struct pollfd pollfd = { .events = POLLIN };
	int pipe_ends[2], status;
	pid_t child;

	ASSERT_EQ(0, pipe(pipe_ends));
	child = fork();
	if (child == 0)
		_exit(be_stuck(call, before, pipe_ends[1]));
	ASSERT_LT(0, child);
	pollfd.fd = pipe_ends[0];
	ASSERT_EQ(1, poll(&pollfd, 1, 60 * 1000));
	put_and_get(_metadata);

	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	close(pipe_ends[0]);
	close(pipe_ends[1]);
	ASSERT_TRUE(WIFSIGNALED(status)) {
		TH_LOG("the child exited with %d", WEXITSTATUS(status));
	}
	ASSERT_EQ(SIGKILL, WTERMSIG(status));
}

TEST_F(stuck, a_put_that_is_killed_puts_nothing)
{
	struct call call = { .is_put = true, .len = variant->len };

	close(self->stuck.uffd);
	call.buf = map(ROOM, PROT_READ | PROT_WRITE);
	ASSERT_EQ(0, put("below", 6));
	kill_stuck_child(_metadata, &call, 0);
	ASSERT_EQ(6, get_expecting("below", 6));
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_F(stuck, a_get_that_is_killed_loses_nothing)
{
	struct call call = { .len = variant->len };

	close(self->stuck.uffd);
	call.buf = map(ROOM, PROT_READ | PROT_WRITE);
	ASSERT_EQ(0, put("below", 6));
	ASSERT_EQ(0, put(self->message, variant->len));
	kill_stuck_child(_metadata, &call, 0);
	ASSERT_EQ(variant->len, get_expecting(self->message, variant->len));
	ASSERT_EQ(6, get_expecting("below", 6));
	ASSERT_EQ(-ENODATA, get_nothing());
}

/*
 * The missing page begins after each byte of the message in turn (for long ones after
 * some, at every alignment), and the copy stops there.
 */
FIXTURE(any_byte)
{
	char *buf;
	char *message;
};

FIXTURE_VARIANT(any_byte)
{
	int len;
	int step;
	int in_segment;		/* the part that fits in the segment; 0: all */
};

FIXTURE_VARIANT_ADD(any_byte, small)
{
	.len = 100, .step = 1,
};

FIXTURE_VARIANT_ADD(any_byte, small_in_two_segments)
{
	.len = 100, .step = 1, .in_segment = 36,
};

FIXTURE_VARIANT_ADD(any_byte, small_in_pages)
{
	.len = 8 * KIB, .step = 397,
};

FIXTURE_VARIANT_ADD(any_byte, large)
{
	.len = 12 * KIB, .step = 397,
};

FIXTURE_SETUP(any_byte)
{
	struct stuck_page stuck;

	begin_with_empty_box(_metadata);
	self->buf = map(ROOM, PROT_READ | PROT_WRITE);
	madvise(self->buf, ROOM, MADV_NOHUGEPAGE);
	if (stuck_page_begin(&stuck, self->buf))
		SKIP_TEST(NO_USERFAULTFD);
	close(stuck.uffd);
	self->message = new_message(ROOM, 1);
	ASSERT_EQ(0, variant->in_segment ? put_fillers(variant->in_segment) : 0);
}

FIXTURE_TEARDOWN(any_byte)
{
	EXPECT_EQ(0, variant->in_segment ? get_fillers(variant->in_segment) : 0);
	munmap(self->buf, ROOM);
	free(self->message);
	end_with_empty_box(_metadata);
}

/*
 * Makes a call that stops after this many bytes, and two other calls while it is
 * stopped. Then the page arrives with this content.
 */
static long stopped_call(struct __test_metadata *_metadata, struct call *call, int before,
			 const char *content)
{
	struct stuck_page stuck;
	pthread_t thread;

	ASSERT_EQ(0, stuck_page_begin(&stuck, call->buf + before));
	ASSERT_EQ(0, pthread_create(&thread, NULL, make_call, call));
	ASSERT_TRUE(stuck_page_wait(&stuck)) {
		TH_LOG("after %d bytes", before);
	}
	if (!call->is_put) {
		ASSERT_TRUE(is_poison(call->buf, before)) {
			TH_LOG("written before delivery was certain, %d bytes", before);
		}
	}
	ASSERT_EQ(0, put("another", 8));
	ASSERT_EQ(8, get_expecting("another", 8));
	ASSERT_EQ(0, stuck_page_arrive(&stuck, content));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	return call->ret;
}

TEST_F(any_byte, put_stops_and_completes)
{
	char *border = self->buf + 4 * PAGE;

	for (int before = 0; before < variant->len; before += variant->step) {
		struct call call = {
			.is_put = true, .buf = border - before, .len = variant->len,
		};

		memcpy(call.buf, self->message, variant->len);
		ASSERT_EQ(0, stopped_call(_metadata, &call, before, self->message + before));
		ASSERT_EQ(variant->len, get_expecting(self->message, variant->len)) {
			TH_LOG("stopped after %d bytes", before);
		}
	}
}

TEST_F(any_byte, get_stops_and_completes)
{
	char *border = self->buf + 4 * PAGE;
	char content[PAGE_MAX];

	poison(content, PAGE);
	for (int before = 0; before < variant->len; before += variant->step) {
		struct call call = { .buf = border - before, .len = variant->len };

		ASSERT_EQ(0, put(self->message, variant->len));
		poison(self->buf, 8 * PAGE);
		ASSERT_EQ(variant->len, stopped_call(_metadata, &call, before, content));
		ASSERT_EQ(0, memcmp(call.buf, self->message, variant->len)) {
			TH_LOG("stopped after %d bytes", before);
		}
		ASSERT_TRUE(is_poison(self->buf, call.buf - self->buf));
		ASSERT_TRUE(is_poison(call.buf + variant->len, PAGE));
	}
}

/* Seven places to stop at. */
TEST_F(any_byte, killed_where_it_stops_nothing_has_happened)
{
	char *border = self->buf + 4 * PAGE;
	long count;

	ASSERT_EQ(0, put(self->message, variant->len));
	count = figure("count");
	for (int before = 0; before < variant->len; before += variant->len / 7 + 1) {
		struct call call = { .buf = border - before, .len = variant->len };

		kill_stuck_child(_metadata, &call, before);
		call.is_put = true;
		kill_stuck_child(_metadata, &call, before);
		ASSERT_EQ(count, figure("count"));
	}
	ASSERT_EQ(variant->len, get_expecting(self->message, variant->len));
}

TEST_HARNESS_MAIN

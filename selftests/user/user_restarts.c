// SPDX-License-Identifier: GPL-2.0
/*
 * The server is killed and started again in the middle of a crowd. It writes each change
 * to its file before it answers (appendonly). No message comes out twice, and none is lost
 * without a call that said so: a put or a get that ended with EINPROGRESS.
 */
#define NEEDS_NO_BOX
#include "caller.h"
#include "server.h"
#include "user.h"

#define PUTTERS		3
#define GETTERS		3
#define MESSAGES	20000

enum fate { NOT_TRIED, NOT_PUT, UNCERTAIN, WAS_PUT };

/* Line by line: what the put said, and how often the message came out. */
static atomic_int fates[PUTTERS * MESSAGES];
static atomic_int taken[PUTTERS * MESSAGES];

static atomic_long puts_done, puts_refused, puts_uncertain;
static atomic_long gets_done, gets_refused, gets_uncertain;
static atomic_long odd;
static atomic_bool stop;

struct worker {
	struct msgbox *box;
	long first;
	pthread_t thread;
};

static bool is_of_the_connection(long ret)
{
	return ret == -ECONNREFUSED || ret == -ECONNRESET || ret == -ENOENT || ret == -EPIPE ||
	       ret == -ETIMEDOUT || ret == -ECONNABORTED || ret == -EAGAIN;
}

static void count(long ret, atomic_long *done, atomic_long *refused, atomic_long *uncertain)
{
	if (ret >= 0) {
		atomic_fetch_add(done, 1);
	} else if (ret == -EINPROGRESS) {
		atomic_fetch_add(uncertain, 1);
	} else if (is_of_the_connection(ret)) {
		atomic_fetch_add(refused, 1);
		usleep(1000);
	} else {
		printf("# unexpected: %ld %s\n", ret, msgbox_error());
		atomic_fetch_add(&odd, 1);
		usleep(1000);
	}
}

/* A message whose put said that it had no effect is put again; others are not. */
static void *put_all(void *data)
{
	struct worker *worker = data;

	for (long i = 0; i < MESSAGES && !atomic_load(&stop); i++) {
		long nr = worker->first + i, ret;

		do {
			ret = box_put(worker->box, &nr, sizeof(nr));
			count(ret, &puts_done, &puts_refused, &puts_uncertain);
			fates[nr] = !ret ? WAS_PUT : ret == -EINPROGRESS ? UNCERTAIN : NOT_PUT;
		} while (fates[nr] == NOT_PUT && !atomic_load(&stop));
	}
	return NULL;
}

static void enter(const void *message, long ret)
{
	long nr;

	memcpy(&nr, message, sizeof(nr));
	if (ret != sizeof(nr) || nr < 0 || nr >= PUTTERS * MESSAGES)
		atomic_fetch_add(&odd, 1);
	else
		atomic_fetch_add(&taken[nr], 1);
}

static void *get_all(void *data)
{
	struct worker *worker = data;
	void *own = malloc(8);
	size_t size = 8;
	long buffer[2];

	for (int way = 0; !atomic_load(&stop); way++) {
		const void *from = buffer;
		long ret;

		if (way % 3 == 0) {
			ret = box_get(worker->box, buffer, sizeof(buffer));
		} else if (way % 3 == 1) {
			ret = box_wait(worker->box, buffer, sizeof(buffer), 50);
		} else {
			ret = box_take(worker->box, &own, &size, 50);
			from = own;
		}
		if (ret == -ENODATA || ret == -ETIMEDOUT)
			continue;
		count(ret, &gets_done, &gets_refused, &gets_uncertain);
		if (ret >= 0)
			enter(from, ret);
	}
	free(own);
	return NULL;
}

FIXTURE(restarts)
{
	struct server server;
	struct worker workers[PUTTERS + GETTERS];
	struct msgbox *box;
};

FIXTURE_SETUP(restarts)
{
	static const char *const options[] = {
		"--appendonly", "yes", "--appendfsync", "always",
	};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		self->server.options[i] = options[i];
	ASSERT_TRUE(server_begin(&self->server));
	self->box = msgbox_open(self->server.url);
	ASSERT_NE(NULL, self->box) {
		TH_LOG("%s", msgbox_error());
	}
}

FIXTURE_TEARDOWN(restarts)
{
	msgbox_close(self->box);
	server_end(&self->server);
	no_leaks(_metadata);
}

/* Lets the crowd make calls. A sleep would not do on a busy machine. */
static bool let_calls_succeed(long more)
{
	long until = atomic_load(&puts_done) + more, deadline = milliseconds() + 30000;

	while (atomic_load(&puts_done) < until && milliseconds() < deadline &&
	       atomic_load(&puts_done) + atomic_load(&puts_uncertain) < PUTTERS * MESSAGES)
		usleep(1000);
	return atomic_load(&puts_done) >= until;
}

static void check_books(struct __test_metadata *_metadata)
{
	long lost = 0, doubled = 0, ghosts = 0;

	for (long nr = 0; nr < PUTTERS * MESSAGES; nr++) {
		doubled += taken[nr] > 1;
		lost += fates[nr] == WAS_PUT && !taken[nr];
		ghosts += taken[nr] && fates[nr] != WAS_PUT && fates[nr] != UNCERTAIN;
	}
	TH_LOG("puts: %ld done, %ld without effect, %ld uncertain; gets: %ld, %ld, %ld",
	       puts_done, puts_refused, puts_uncertain, gets_done, gets_refused, gets_uncertain);
	EXPECT_EQ(0, odd);
	EXPECT_EQ(0, doubled);
	EXPECT_EQ(0, ghosts) {
		TH_LOG("messages came out whose put said that it had no effect");
	}
	EXPECT_GE(gets_uncertain, lost) {
		TH_LOG("%ld messages were lost, and %ld gets were uncertain", lost, gets_uncertain);
	}
}

static void restart_in_a_crowd(struct __test_metadata *_metadata, struct _test_data_restarts *self,
			       bool shared, const char *options)
{
	long buffer[2], ret;
	char url[256];

	snprintf(url, sizeof(url), "%s%s", self->server.url, options);
	for (int i = 0; i < PUTTERS + GETTERS; i++) {
		struct worker *worker = &self->workers[i];

		worker->first = i < PUTTERS ? i * MESSAGES : -1;
		/* On a busy machine opening can take longer than the timeout. */
		ASSERT_TRUE(comes_true((worker->box = shared ? self->box : msgbox_open(url))));
		ASSERT_EQ(0, pthread_create(&worker->thread, NULL, i < PUTTERS ? put_all : get_all,
					    worker));
	}
	for (int round = 0; round < 5; round++) {
		/* The crowd must not have ended. */
		ASSERT_TRUE(let_calls_succeed(200));
		server_kill(&self->server);
		/* Long enough that each thread notices. */
		usleep(30000);
		ASSERT_TRUE(server_start(&self->server));
	}
	EXPECT_TRUE(let_calls_succeed(200));
	atomic_store(&stop, true);
	for (int i = 0; i < PUTTERS + GETTERS; i++) {
		ASSERT_EQ(0, pthread_join(self->workers[i].thread, NULL));
		if (!shared)
			msgbox_close(self->workers[i].box);
	}
	while ((ret = box_get(self->box, buffer, sizeof(buffer))) >= 0)
		enter(buffer, ret);
	EXPECT_EQ(-ENODATA, ret) {
		TH_LOG("%s", msgbox_error());
	}
	check_books(_metadata);
}

TEST_F(restarts, with_a_handle_for_each_thread)
{
	restart_in_a_crowd(_metadata, self, false, "");
}

TEST_F(restarts, with_one_handle)
{
	restart_in_a_crowd(_metadata, self, true, "");
}

/* Shorter than a restart takes, so calls must give up. */
TEST_F(restarts, without_patience)
{
	restart_in_a_crowd(_metadata, self, false, "&timeout=5");
	EXPECT_LT(0, puts_refused + puts_uncertain);
	EXPECT_LT(0, gets_refused + gets_uncertain);
}

/* --- one caller */

/* A handle outlives its server: calls fail while it is away, and work when it is back. */
TEST_F(restarts, a_handle_outlives_the_server)
{
	char byte;

	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, box_put(self->box, "x", 1)) {
			TH_LOG("%s", msgbox_error());
		}
		server_kill(&self->server);
		for (int j = 0; j < 3; j++) {
			long ret = box_put(self->box, "y", 1);

			ASSERT_TRUE(ret == -ECONNREFUSED || ret == -ECONNRESET || ret == -EPIPE) {
				TH_LOG("%ld %s", ret, msgbox_error());
			}
			ret = box_get(self->box, &byte, 1);
			ASSERT_TRUE(ret == -ECONNREFUSED || ret == -ECONNRESET || ret == -EPIPE) {
				TH_LOG("%ld %s", ret, msgbox_error());
			}
		}
		ASSERT_TRUE(server_start(&self->server));
		/* The message survived, and no y came after it. */
		ASSERT_EQ(1, box_get_expecting(self->box, "x", 1)) {
			TH_LOG("%s", msgbox_error());
		}
		ASSERT_EQ(-ENODATA, box_get_expecting(self->box, "", 0));
	}
}

/* A wait goes on while the server is away, until its time is over. */
TEST_F(restarts, a_wait_outlives_the_server)
{
	struct caller caller = TAKER(self->box, MSGBOX_FOREVER);
	struct msgbox *other = msgbox_open(self->server.url);

	ASSERT_NE(NULL, other);
	for (int i = 0; i < 3; i++) {
		/* Two waits, one of which has a time. */
		caller.timeout = i % 2 ? 60000 : MSGBOX_FOREVER;
		ASSERT_TRUE(waits(&caller));
		server_kill(&self->server);
		usleep(i * 300000);
		EXPECT_FALSE(atomic_load(&caller.done));
		ASSERT_TRUE(server_start(&self->server));
		ASSERT_EQ(0, box_put(other, "message", 8)) {
			TH_LOG("%s", msgbox_error());
		}
		ASSERT_TRUE(returns(&caller));
		ASSERT_EQ(8, caller.ret);
		ASSERT_STREQ("message", caller.taken);
		EXPECT_GT(30000, caller.took);
	}
	free(caller.taken);
	msgbox_close(other);
}

TEST_F(restarts, a_wait_without_a_server_ends)
{
	char byte;
	struct caller caller = WAITER(self->box, &byte, 1, MSGBOX_FOREVER);
	long begin, ret;

	server_kill(&self->server);
	begin = milliseconds();
	ret = box_wait(self->box, &byte, 1, 500);
	EXPECT_TRUE(is_of_the_connection(ret)) {
		TH_LOG("%ld %s", ret, msgbox_error());
	}
	EXPECT_LE(500 - 1, milliseconds() - begin);
	EXPECT_GE(500 + LATE, milliseconds() - begin);
	/* A signal ends it, too. */
	ASSERT_EQ(0, catch_signal(0));
	ASSERT_TRUE(waits(&caller));
	ASSERT_LT(0, signals_to_end(&caller));
	ASSERT_EQ(-EINTR, caller.ret);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Looking up a host: a name server that is silent holds up a call no longer than the URL's
 * timeout, and a wait no longer than until a signal.
 */
#define NEEDS_NO_BOX
#include <dlfcn.h>
#include <netdb.h>

#include "caller.h"
#include "server.h"

/* In milliseconds. The name server is silent for so long at most. */
#define SILENCE		(LATE + 5000)

static atomic_bool silent;
static atomic_int lookups;

/*
 * The library calls this one instead of the C library's. It knows one host. With AI_ADDRCONFIG
 * it knows none: so does the C library for a kind of address that only the loopback has.
 */
int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
		struct addrinfo **addresses)
{
	int (*real)(const char *host, const char *port, const struct addrinfo *hints,
		    struct addrinfo **addresses) = dlsym(RTLD_NEXT, "getaddrinfo");
	long begin = milliseconds();

	if (hints->ai_flags & AI_ADDRCONFIG)
		return EAI_NONAME;
	if (hints->ai_flags & AI_NUMERICHOST)
		return real(host, port, hints, addresses);
	atomic_fetch_add(&lookups, 1);
	while (atomic_load(&silent)) {
		if (milliseconds() - begin > SILENCE)
			return EAI_AGAIN;
		usleep(1000);
	}
	return strcmp(host, "box.test") ? EAI_NONAME : real("127.0.0.1", port, hints, addresses);
}

FIXTURE(lookup)
{
	struct server server;
	char port[8];
	char url[128];
	struct msgbox *box;
};

static struct msgbox *open_by(struct _test_data_lookup *self, const char *host, int timeout)
{
	snprintf(self->url, sizeof(self->url), "redis://%s:%s/box?timeout=%d", host, self->port,
		 timeout);
	return msgbox_open(self->url);
}

FIXTURE_SETUP(lookup)
{
	snprintf(self->port, sizeof(self->port), "%d", free_port());
	ASSERT_TRUE(server_begin_at(&self->server, self->port));
	self->box = open_by(self, "box.test", 300);
	ASSERT_NE(NULL, self->box) {
		TH_LOG("%s", msgbox_error());
	}
}

FIXTURE_TEARDOWN(lookup)
{
	msgbox_close(self->box);
	server_end(&self->server);
	/* What is left behind ends, and frees what it has. */
	atomic_store(&silent, false);
	usleep(50000);
	no_leaks(_metadata);
}

/* The next call must connect, and so look up the host. */
static void fall_silent(struct __test_metadata *_metadata, struct _test_data_lookup *self)
{
	atomic_store(&silent, true);
	atomic_store(&lookups, 0);
	ASSERT_TRUE(server_drops_all(&self->server));
}

TEST_F(lookup, a_call_ends_in_time)
{
	long begin = milliseconds();
	char byte;

	fall_silent(_metadata, self);
	EXPECT_EQ(-ETIMEDOUT, box_put(self->box, "x", 1));
	EXPECT_NE(NULL, strstr(msgbox_error(), "box.test")) {
		TH_LOG("%s", msgbox_error());
	}
	EXPECT_LE(300 - 1, milliseconds() - begin);
	EXPECT_EQ(-ETIMEDOUT, box_wait(self->box, &byte, 1, 500));
	EXPECT_EQ(-ETIMEDOUT, open_fails(self->url));
	EXPECT_GT(SILENCE, milliseconds() - begin);
}

TEST_F(lookup, it_can_be_closed_meanwhile)
{
	long begin = milliseconds();

	fall_silent(_metadata, self);
	EXPECT_EQ(-ETIMEDOUT, box_put(self->box, "x", 1));
	msgbox_close(self->box);
	self->box = NULL;
	EXPECT_GT(SILENCE, milliseconds() - begin);
}

/* Calls that are tried again and again wait for one lookup, and for its answer. */
TEST_F(lookup, a_late_answer_is_used)
{
	fall_silent(_metadata, self);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(-ETIMEDOUT, box_put(self->box, "x", 1));
	EXPECT_EQ(1, atomic_load(&lookups));
	atomic_store(&silent, false);
	ASSERT_TRUE(comes_true(box_works(self->box))) {
		TH_LOG("%s", msgbox_error());
	}
	EXPECT_EQ(1, atomic_load(&lookups));
}

/* Opens that fail, each of which leaves a lookup behind. */
static void leave_many(struct __test_metadata *_metadata, struct _test_data_lookup *self, int count)
{
	while (count--)
		EXPECT_EQ(NULL, open_by(self, "box.test", 10));
}

/* Nothing is left behind without bound. */
TEST_F(lookup, there_are_not_too_many)
{
	fall_silent(_metadata, self);
	leave_many(_metadata, self, 40);
	EXPECT_EQ(ETIMEDOUT, errno);
	EXPECT_NE(NULL, strstr(msgbox_error(), "32")) {
		TH_LOG("%s", msgbox_error());
	}
	EXPECT_EQ(32, atomic_load(&lookups));
	atomic_store(&silent, false);
	ASSERT_TRUE(comes_true(box_works(self->box))) {
		TH_LOG("%s", msgbox_error());
	}
}

/* Also with a handler after which most calls go on. */
TEST_F(lookup, a_signal_ends_a_wait)
{
	static const int flags[] = { 0, SA_RESTART };
	char byte;

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		struct msgbox *patient = open_by(self, "box.test", 60000);
		struct caller caller = WAITER(patient, &byte, 1, MSGBOX_FOREVER);

		ASSERT_NE(NULL, patient);
		ASSERT_EQ(0, catch_signal(flags[i]));
		fall_silent(_metadata, self);
		ASSERT_TRUE(starts(&caller));
		ASSERT_TRUE(comes_true(atomic_load(&lookups)));
		ASSERT_TRUE(comes_true(is_asleep(&caller)));
		ASSERT_LT(0, signals_to_end(&caller));
		EXPECT_EQ(-EINTR, caller.ret);
		EXPECT_GT(LATE, caller.took);
		msgbox_close(patient);
		atomic_store(&silent, false);
	}
}

/* A child has none of its parent's threads, and so none of its lookups. */
TEST_F(lookup, a_child_looks_up_for_itself)
{
	int status;
	pid_t pid;

#ifdef __SANITIZE_THREAD__
	SKIP_TEST("ThreadSanitizer does not let a child of several threads start one");
#endif
	fall_silent(_metadata, self);
	leave_many(_metadata, self, 32);
	pid = fork();
	if (!pid) {
		struct msgbox *box;

		atomic_store(&silent, false);
		box = open_by(self, "box.test", 5000);
		_exit(box && box_works(box) ? 0 : 1);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* Nor must it be known to the name server. */
TEST_F(lookup, an_address_is_not_looked_up)
{
	struct msgbox *box;

	atomic_store(&lookups, 0);
	box = open_by(self, "127.0.0.1", 5000);
	ASSERT_NE(NULL, box) {
		TH_LOG("%s", msgbox_error());
	}
	EXPECT_TRUE(box_works(box));
	EXPECT_EQ(0, atomic_load(&lookups));
	msgbox_close(box);
}

TEST_F(lookup, an_unknown_host)
{
	struct msgbox *box = open_by(self, "nosuch.test", 5000);

	ASSERT_EQ(NULL, box);
	EXPECT_EQ(EHOSTUNREACH, errno);
	EXPECT_NE(NULL, strstr(msgbox_error(), "nosuch.test")) {
		TH_LOG("%s", msgbox_error());
	}
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * A connection that breaks, or falls silent, after each byte of the requests and of the
 * replies. Whatever the library then says about the call has to be true of the server's
 * list: a message that was put or taken, one that was not, or EINPROGRESS.
 */
#define NEEDS_NO_BOX
#include "caller.h"
#include "proxy.h"
#include "user.h"

#define LARGE		300000
/* In milliseconds: the timeout of the calls that wait. There is a message for them. */
#define WAITED		2000

static const char small_message[] = "the newest message";
static const size_t small_length = sizeof(small_message);

FIXTURE(cuts)
{
	struct server server;
	struct proxy proxy;
	/* Its connection does not break. */
	struct msgbox *direct;
	struct msgbox *box;
	char *large;
};

FIXTURE_SETUP(cuts)
{
	ASSERT_TRUE(server_begin(&self->server));
	ASSERT_TRUE(proxy_begin(&self->proxy, &self->server));
	self->direct = msgbox_open(self->server.url);
	ASSERT_NE(NULL, self->direct);
	self->large = new_message(LARGE, 1);
}

FIXTURE_TEARDOWN(cuts)
{
	msgbox_close(self->box);
	msgbox_close(self->direct);
	proxy_end(&self->proxy);
	server_end(&self->server);
	free(self->large);
	no_leaks(_metadata);
}

static bool open_through(struct __test_metadata *_metadata, struct _test_data_cuts *self,
			 const char *options)
{
	char url[256];

	proxy_fault(&self->proxy, FAULT_NONE, 0);
	msgbox_close(self->box);
	snprintf(url, sizeof(url), "%s%s", self->proxy.url, options);
	/* On a busy machine opening can take longer than the timeout. */
	comes_true((self->box = msgbox_open(url)) || errno != ETIMEDOUT);
	if (!self->box)
		TH_LOG("cannot open %s: %s", url, msgbox_error());
	return self->box;
}

enum operation { PUT, PUT_LARGE, GET, GET_LARGE, WAIT, TAKE_LARGE, WAIT_SHORT, OPERATIONS };

static const char *const names[] = {
	"put", "put of a large message", "get", "get of a large message", "wait",
	"take of a large message", "wait with a short buffer",
};

static bool is_large(enum operation operation)
{
	return operation == PUT_LARGE || operation == GET_LARGE || operation == TAKE_LARGE;
}

static bool is_put(enum operation operation)
{
	return operation == PUT || operation == PUT_LARGE;
}

/* Runs the operation. What comes out has to be the newest message. */
static long run(struct _test_data_cuts *self, enum operation operation)
{
	static char buffer[LARGE];
	const char *expected = is_large(operation) ? self->large : small_message;
	void *taken = NULL;
	size_t size = 0;
	long ret;

	switch (operation) {
	case PUT:
		return box_put(self->box, small_message, small_length);
	case PUT_LARGE:
		return box_put(self->box, self->large, LARGE);
	case GET:
	case GET_LARGE:
		ret = box_get(self->box, buffer, sizeof(buffer));
		break;
	case WAIT:
		ret = box_wait(self->box, buffer, sizeof(buffer), WAITED);
		break;
	case WAIT_SHORT:
		return box_wait(self->box, buffer, 3, WAITED);
	default:
		ret = box_take(self->box, &taken, &size, WAITED);
		break;
	}
	if (ret >= 0 && memcmp(taken ?: buffer, expected, ret))
		ret = -EILSEQ;
	free(taken);
	return ret;
}

/*
 * Fills the box for an operation: the oldest message, which nothing may reach, and for
 * those that take one the newest.
 */
static bool prepare(struct _test_data_cuts *self, enum operation operation)
{
	if (box_drain(self->direct) < 0 || box_put(self->direct, "oldest", 7))
		return false;
	if (is_put(operation))
		return true;
	if (is_large(operation))
		return !box_put(self->direct, self->large, LARGE);
	return !box_put(self->direct, small_message, small_length);
}

/* How many messages the operation has added or removed; -1 if the rest is not as before. */
static long effects(struct _test_data_cuts *self, enum operation operation)
{
	const char *expected = is_large(operation) ? self->large : small_message;
	long length = is_large(operation) ? LARGE : (long)small_length, found = 0, ret;

	while ((ret = box_get_expecting(self->direct, expected, length)) == length)
		found++;
	if (ret != 7 || box_drain(self->direct) != 0)
		return -1;
	return is_put(operation) ? found : 1 - found;
}

/* Is what the call returned true? */
static bool is_true(enum operation operation, long ret, long effects)
{
	if (effects < 0 || effects > 1)
		return false;
	if (operation == WAIT_SHORT && ret == -EMSGSIZE)
		return effects == 0;
	if (ret >= 0)
		return effects == 1;
	/* Known not to have been done, and what says so is an error of the connection. */
	if (ret == -EINPROGRESS)
		return true;
	return effects == 0 && (ret == -ECONNRESET || ret == -ECONNREFUSED || ret == -EPIPE ||
				ret == -ETIMEDOUT || ret == -ECONNABORTED);
}

/* A get that goes on, on a busy machine, where it takes longer than the timeout. */
static long patient_get(struct _test_data_cuts *self, const void *expected, long length)
{
	long ret;

	comes_true((ret = box_get_expecting(self->box, expected, length)) != -ETIMEDOUT &&
		   ret != -EINPROGRESS);
	return ret;
}

/*
 * After EINPROGRESS the handle's next get returns the message that left the box, if one did.
 * Returns whether the handle has that one, and no other.
 */
static bool recovers(struct _test_data_cuts *self, enum operation operation, long ret, long effect)
{
	const char *expected = is_large(operation) ? self->large : small_message;
	long length = is_large(operation) ? LARGE : (long)small_length;
	long found = patient_get(self, expected, length);

	if (ret == -EINPROGRESS && !is_put(operation) && effect == 1)
		found = found == length ? patient_get(self, expected, length) : -ENOMSG;
	if (found != -ENODATA)
		printf("# %s: then a get gives %ld (%s)\n", names[operation], found,
		       found < 0 ? msgbox_error() : "a message");
	return found == -ENODATA;
}

/*
 * The next place: the next byte, in what is longer than an answer DM510_MSGBOX_STEP bytes
 * later, or more in a large message.
 */
static long step_after(enum operation operation, long bytes)
{
	if (is_large(operation) && bytes > 200)
		return 9973;
	return bytes > 40 ? number_from("DM510_MSGBOX_STEP", 1) : 1;
}

static void cut(struct __test_metadata *_metadata, struct _test_data_cuts *self, enum fault fault)
{
	for (int operation = 0; operation < OPERATIONS; operation++) {
		long bytes = 0, count = 0;

		for (;; bytes += step_after(operation, bytes)) {
			long ret, effect;

			ASSERT_TRUE(open_through(_metadata, self, ""));
			ASSERT_TRUE(prepare(self, operation));
			proxy_fault(&self->proxy, fault, bytes);
			ret = run(self, operation);
			if (!atomic_load(&self->proxy.fired))
				break;
			effect = effects(self, operation);
			ASSERT_TRUE(is_true(operation, ret, effect)) {
				TH_LOG("%s, broken after %ld bytes: %ld (%s), and %ld effects",
				       names[operation], bytes, ret,
				       ret < 0 ? msgbox_error() : "success", effect);
			}
			/* The server is there, so the library repeats the request. */
			ASSERT_TRUE(ret >= 0 || ret == -EMSGSIZE) {
				TH_LOG("%s, broken after %ld bytes: %ld (%s)", names[operation],
				       bytes, ret, msgbox_error());
			}
			count++;
			/* A get that was uncertain can come back, and is not another one. */
			ASSERT_TRUE(recovers(self, operation, ret, effect));
			/* The handle is as good as new. */
			ASSERT_EQ(0, box_put(self->box, "x", 1)) {
				TH_LOG("%s", msgbox_error());
			}
			ASSERT_EQ(1, box_get_expecting(self->box, "x", 1));
			ASSERT_EQ(-ENODATA, box_get_expecting(self->box, "", 0));
		}
		/* The shortest answer: ":0\r\n". */
		ASSERT_LE(4, bytes);
		TH_LOG("%s: %ld bytes, broken at %ld places", names[operation], bytes, count);
	}
	box_drain(self->direct);
}

TEST_F(cuts, requests_are_cut)
{
	cut(_metadata, self, FAULT_CUT_REQUESTS);
}

TEST_F(cuts, replies_are_cut)
{
	cut(_metadata, self, FAULT_CUT_REPLIES);
}

/* --- silence */

#define PATIENCE_OPTION	"&timeout=300"
#define PATIENCE	300

/* The library gives up when a reply takes too long, and says whether it is certain. */
static void stall(struct __test_metadata *_metadata, struct _test_data_cuts *self, enum fault fault)
{
	static const long bytes[] = { 0, 3 };

	for (int operation = 0; operation < OPERATIONS; operation++) {
		for (size_t i = 0; i < ARRAY_SIZE(bytes); i++) {
			long ret, effect, begin, took;

			ASSERT_TRUE(open_through(_metadata, self, PATIENCE_OPTION));
			ASSERT_TRUE(prepare(self, operation));
			proxy_fault(&self->proxy, fault, bytes[i]);
			begin = milliseconds();
			ret = run(self, operation);
			took = milliseconds() - begin;
			ASSERT_EQ(1, atomic_load(&self->proxy.fired));
			effect = effects(self, operation);
			ASSERT_TRUE(is_true(operation, ret, effect)) {
				TH_LOG("%s, silent after %ld bytes: %ld (%s), and %ld effects",
				       names[operation], bytes[i], ret,
				       ret < 0 ? msgbox_error() : "success", effect);
			}
			/* A call that waits has the time to try again. */
			EXPECT_TRUE(ret < 0 || operation >= WAIT);
			EXPECT_LE(PATIENCE - 1, took);
			/* A wait's own timeout comes on top. */
			EXPECT_GE(PATIENCE + WAITED + LATE, took);
			ASSERT_TRUE(recovers(self, operation, ret, effect));
			ASSERT_TRUE(comes_true(box_works(self->box))) {
				TH_LOG("%s", msgbox_error());
			}
		}
	}
	box_drain(self->direct);
}

TEST_F(cuts, requests_stall)
{
	stall(_metadata, self, FAULT_STALL_REQUESTS);
}

TEST_F(cuts, replies_stall)
{
	stall(_metadata, self, FAULT_STALL_REPLIES);
}

/* --- slow connections */

#define SLOW_OPTION	"&timeout=1000"

/* At 200 KiB a second, the large message takes longer than the timeout. */
static void go_slowly(struct __test_metadata *_metadata, struct _test_data_cuts *self,
		      enum fault fault, enum operation operation)
{
	long length = is_large(operation) ? LARGE : (long)small_length, ret;

	ASSERT_TRUE(open_through(_metadata, self, SLOW_OPTION));
	ASSERT_TRUE(prepare(self, operation));
	proxy_fault(&self->proxy, fault, 0);
	ret = run(self, operation);
	ASSERT_EQ(is_put(operation) ? 0 : length, ret) {
		TH_LOG("%s: %s", names[operation], msgbox_error());
	}
	ASSERT_EQ(1, effects(self, operation));
	ASSERT_TRUE(recovers(self, operation, ret, 1));
}

TEST_F(cuts, a_slow_request_is_not_a_silent_one)
{
	go_slowly(_metadata, self, FAULT_SLOW_REQUESTS, PUT);
	go_slowly(_metadata, self, FAULT_SLOW_REQUESTS, PUT_LARGE);
	box_drain(self->direct);
}

TEST_F(cuts, a_slow_answer_is_not_a_silent_one)
{
	for (int operation = GET; operation <= TAKE_LARGE; operation++)
		go_slowly(_metadata, self, FAULT_SLOW_REPLIES, operation);
	box_drain(self->direct);
}

/* A connection that has been slow for longer than the timeout breaks: the request is repeated. */
TEST_F(cuts, a_slow_answer_is_cut)
{
	struct caller caller = TAKER(NULL, 0);

	ASSERT_TRUE(open_through(_metadata, self, SLOW_OPTION));
	caller.box = self->box;
	ASSERT_TRUE(prepare(self, GET_LARGE));
	proxy_fault(&self->proxy, FAULT_SLOW_REPLIES, 0);
	ASSERT_TRUE(starts(&caller));
	usleep(1300000);
	proxy_fault(&self->proxy, FAULT_CUT_REPLIES, 0);
	ASSERT_TRUE(returns(&caller));
	EXPECT_EQ(1, atomic_load(&self->proxy.fired));
	ASSERT_EQ(LARGE, caller.ret);
	EXPECT_EQ(0, memcmp(self->large, caller.taken, LARGE));
	free(caller.taken);
	box_drain(self->direct);
}

/* The server also tells the waiter of the message by sending it. */
TEST_F(cuts, a_slow_message_wakes)
{
	struct caller caller = TAKER(NULL, MSGBOX_FOREVER);

	ASSERT_TRUE(open_through(_metadata, self, SLOW_OPTION));
	caller.box = self->box;
	ASSERT_TRUE(waits(&caller));
	proxy_fault(&self->proxy, FAULT_SLOW_REPLIES, 0);
	ASSERT_EQ(0, box_put(self->direct, self->large, LARGE));
	ASSERT_TRUE(returns(&caller));
	ASSERT_EQ(LARGE, caller.ret);
	EXPECT_EQ(0, memcmp(self->large, caller.taken, LARGE));
	free(caller.taken);
}

/* --- opening */

/* A handle that msgbox_open() returns works. Else there is an error, and nothing leaks. */
TEST_F(cuts, opening_is_cut)
{
	static const enum fault faults[] = { FAULT_CUT_REQUESTS, FAULT_CUT_REPLIES };

	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		for (long bytes = 0; bytes < 1000; bytes++) {
			long ret;

			proxy_fault(&self->proxy, faults[i], bytes);
			ret = open_fails(self->proxy.url);
			if (!atomic_load(&self->proxy.fired))
				break;
			ASSERT_TRUE(ret == 0 || ret == -ECONNRESET || ret == -EPIPE ||
				    ret == -ECONNREFUSED || ret == -ECONNABORTED) {
				TH_LOG("broken after %ld bytes: %ld (%s)", bytes, ret,
				       msgbox_error());
			}
		}
	}
}

TEST_F(cuts, opening_stalls)
{
	long begin = milliseconds(), ret;
	char url[256];

	snprintf(url, sizeof(url), "%s%s", self->proxy.url, PATIENCE_OPTION);
	proxy_fault(&self->proxy, FAULT_STALL_REPLIES, 0);
	ret = open_fails(url);
	/* Nothing need be said to a server before the first call. */
	EXPECT_TRUE(ret == -ETIMEDOUT || (ret == 0 && !atomic_load(&self->proxy.fired)));
	EXPECT_GE(PATIENCE + LATE, milliseconds() - begin);
}

/* --- idle connections */

/* A server closes idle connections ("timeout"). The next call notices before it asks. */
TEST_F(cuts, an_idle_connection_ends)
{
	for (int operation = 0; operation < OPERATIONS; operation++) {
		ASSERT_TRUE(open_through(_metadata, self, ""));
		ASSERT_TRUE(prepare(self, operation));
		ASSERT_TRUE(server_drops_all(&self->server));
		ASSERT_EQ(operation == WAIT_SHORT ? -EMSGSIZE : is_put(operation) ? 0 :
			  is_large(operation) ? LARGE : (long)small_length, run(self, operation)) {
			TH_LOG("%s: %s", names[operation], msgbox_error());
		}
	}
	box_drain(self->direct);
}

TEST_HARNESS_MAIN

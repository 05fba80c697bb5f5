// SPDX-License-Identifier: GPL-2.0
/*
 * Answers that no server should give, and errors that a server gives. Each call ends in
 * time with an error that fits, and the handle can be used again.
 */
#define NEEDS_NO_BOX
#include <sys/resource.h>

#include "caller.h"
#include "proxy.h"
#include "user.h"

/* In milliseconds. Most of these tests wait until it is over. */
#define TIMEOUT		100
#define TIMEOUT_OPTION	"&timeout=100"

FIXTURE(answers)
{
	struct server server;
	struct proxy proxy;
	struct msgbox *box;
};

FIXTURE_SETUP(answers)
{
	ASSERT_TRUE(server_begin(&self->server));
	ASSERT_TRUE(proxy_begin(&self->proxy, &self->server));
	strcat(self->proxy.url, TIMEOUT_OPTION);
	/* On a busy machine opening can take longer than the timeout. */
	ASSERT_TRUE(comes_true((self->box = msgbox_open(self->proxy.url)))) {
		TH_LOG("%s", msgbox_error());
	}
}

FIXTURE_TEARDOWN(answers)
{
	msgbox_close(self->box);
	proxy_end(&self->proxy);
	server_end(&self->server);
	no_leaks(_metadata);
}

/* --- each call */

enum operation { PUT, PUT_LARGE, GET, WAIT, TAKE, FIGURES, OPERATIONS };

static const char *const names[] = { "put", "put of 1 MiB", "get", "wait", "take", "figures" };

static long run(struct msgbox *box, enum operation operation)
{
	static char large[MIB];
	struct msgbox_figures figures;
	void *taken = NULL;
	size_t size = 0;
	char buffer[64];
	long ret;

	switch (operation) {
	case PUT:
		return box_put(box, "message", 8);
	case PUT_LARGE:
		return box_put(box, large, sizeof(large));
	case GET:
		return box_get(box, buffer, sizeof(buffer));
	case WAIT:
		return box_wait(box, buffer, sizeof(buffer), 100);
	case TAKE:
		ret = box_take(box, &taken, &size, 100);
		free(taken);
		return ret;
	default:
		errno = 0;
		return reply(msgbox_read_figures(box, &figures));
	}
}

/* On a busy machine a call can take longer than the timeout. */
static void works_again(struct __test_metadata *_metadata, struct _test_data_answers *self)
{
	proxy_fault(&self->proxy, FAULT_NONE, 0);
	ASSERT_TRUE(comes_true(box_works(self->box))) {
		TH_LOG("%s", msgbox_error());
	}
}

struct answer {
	const char *text;
	/* What the calls may give besides success; 0 ends the list. */
	int errors[4];
	/* Part of the text, or NULL. */
	const char *says;
};

static void try_answer(struct __test_metadata *_metadata, struct _test_data_answers *self,
		       const struct answer *answer, enum fault fault, enum operation operation)
{
	long begin = milliseconds(), ret;
	bool allowed = false;

	proxy_answer(&self->proxy, fault, answer->text, strlen(answer->text));
	ret = run(self->box, operation);
	EXPECT_GE(TIMEOUT + 100 + LATE, milliseconds() - begin);
	for (int i = 0; i < 4 && answer->errors[i]; i++)
		allowed |= ret == -answer->errors[i];
	EXPECT_TRUE(allowed) {
		TH_LOG("%s, answered %.60s: %ld %s", names[operation], answer->text, ret,
		       ret < 0 ? msgbox_error() : "success");
	}
	if (allowed && answer->says) {
		EXPECT_NE(NULL, strstr(msgbox_error(), answer->says)) {
			TH_LOG("'%s' does not say '%s'", msgbox_error(), answer->says);
		}
	}
	works_again(_metadata, self);
}

static void try_answers(struct __test_metadata *_metadata, struct _test_data_answers *self,
			const struct answer *answers, size_t count, enum fault fault)
{
	for (size_t i = 0; i < count; i++)
		for (int operation = 0; operation < OPERATIONS; operation++)
			try_answer(_metadata, self, &answers[i], fault, operation);
}

/* --- errors of the server */

static const struct answer errors[] = {
	{ "-WRONGTYPE Operation against a key holding the wrong kind\r\n", { EEXIST }, NULL },
	{ "-NOAUTH Authentication required.\r\n", { EACCES }, NULL },
	{ "-NOPERM this user has no permissions to run the 'x' command\r\n", { EACCES }, NULL },
	{ "-OOM command not allowed when used memory > 'maxmemory'.\r\n", { ENOMEM }, NULL },
	{ "-ERR something of its own\r\n", { EPROTO }, "something of its own" },
	{ "-READONLY You can't write against a read only replica.\r\n", { EROFS }, "READONLY" },
	{ "-MISCONF Errors writing to the AOF file\r\n", { EPROTO }, "MISCONF" },
	{ "-MOVED 3999 127.0.0.1:6381\r\n", { EPROTO }, "MOVED" },
	{ "-\r\n", { EPROTO }, NULL },
};

TEST_F(answers, errors_of_the_server)
{
	try_answers(_metadata, self, errors, ARRAY_SIZE(errors), FAULT_ANSWER);
}

/* --- what is no answer */

/* It is not known what became of the request, and the text says why. */
#define UNCLEAR	{ EPROTO, EINPROGRESS }

static const struct answer garbage[] = {
	{ "HTTP/1.1 400 Bad Request\r\n\r\n", UNCLEAR, "understand" },
	{ "hello\r\n", UNCLEAR, "understand" },
	{ "\r\n", UNCLEAR, "understand" },
	{ "$hello\r\n", UNCLEAR, "understand" },
	{ "*hello\r\n", UNCLEAR, "understand" },
	{ ":hello\r\n", UNCLEAR, "understand" },
	{ "$-5\r\n", UNCLEAR, "understand" },
	{ "*-5\r\n", UNCLEAR, "understand" },
	{ "$9223372036854775807\r\nx", { EPROTO, EINPROGRESS, ENOMEM, ETIMEDOUT }, NULL },
	{ "*9223372036854775807\r\n", { EPROTO, EINPROGRESS, ENOMEM, ETIMEDOUT }, NULL },
	{ "*2000000000\r\n", { EPROTO, EINPROGRESS, ENOMEM, ETIMEDOUT }, NULL },
	{ ":-7\r\n", { EPROTO, EINPROGRESS, ETIMEDOUT }, "understand" },
	{ "$99999999999999999999999\r\nx", UNCLEAR, "understand" },
	{ "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", UNCLEAR, NULL },
};

TEST_F(answers, what_is_no_answer)
{
	try_answers(_metadata, self, garbage, ARRAY_SIZE(garbage), FAULT_ANSWER);
}

/* --- answers of the wrong kind */

/* Each of them is the right kind for some call, which this allows. */
static const char *const kinds[] = {
	"+OK\r\n", ":1\r\n", ":-1\r\n", ":0\r\n", "$0\r\n\r\n", "$4\r\nabcd\r\n",
	"$-1\r\n", "*-1\r\n",
	"*0\r\n", "*2\r\n:1\r\n:2\r\n", "*2\r\n$1\r\na\r\n$1\r\nb\r\n", "*1\r\n$-1\r\n",
	"*3\r\n$1\r\na\r\n:1\r\n+x\r\n", "+QUEUED\r\n", "*2\r\n$3\r\nbox\r\n:1\r\n",
};

static bool fits_a_wrong_kind(long ret)
{
	return ret >= 0 || ret == -EPROTO || ret == -ENODATA || ret == -ETIMEDOUT ||
	       ret == -EINPROGRESS || ret == -EMSGSIZE || ret == -EAGAIN;
}

TEST_F(answers, the_wrong_kind_of_answer)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		for (int operation = 0; operation < OPERATIONS; operation++) {
			long begin = milliseconds(), ret;

			proxy_answer(&self->proxy, FAULT_ANSWER, kinds[i], strlen(kinds[i]));
			ret = run(self->box, operation);
			EXPECT_GE(TIMEOUT + 100 + LATE, milliseconds() - begin);
			EXPECT_TRUE(fits_a_wrong_kind(ret)) {
				TH_LOG("%s, answered %s: %ld %s", names[operation], kinds[i], ret,
				       msgbox_error());
			}
			works_again(_metadata, self);
		}
	}
}

/* --- half an answer */

/* It then ends, or nothing more comes. */
static const struct answer halves[] = {
	{ "$", { EINPROGRESS, ETIMEDOUT, ECONNRESET }, NULL },
	{ "$100\r\nabc", { EINPROGRESS, ETIMEDOUT, ECONNRESET }, NULL },
	{ "*2\r\n:1\r\n", { EINPROGRESS, ETIMEDOUT, ECONNRESET }, NULL },
	{ ":1", { EINPROGRESS, ETIMEDOUT, ECONNRESET }, NULL },
	{ ":1\r", { EINPROGRESS, ETIMEDOUT, ECONNRESET }, NULL },
	{ "+OK", { EINPROGRESS, ETIMEDOUT, ECONNRESET }, NULL },
	{ "-ERR", { EINPROGRESS, ETIMEDOUT, ECONNRESET }, NULL },
	{ "$536870912\r\nabc", { EINPROGRESS, ETIMEDOUT, ECONNRESET, EPROTO }, NULL },
};

TEST_F(answers, half_an_answer_and_the_end)
{
	try_answers(_metadata, self, halves, ARRAY_SIZE(halves), FAULT_ANSWER_AND_END);
}

TEST_F(answers, half_an_answer_and_silence)
{
	try_answers(_metadata, self, halves, 4, FAULT_ANSWER);
}

/*
 * A put and a get of which only half the answer came may have had an effect. Before, the
 * handle has made its connection.
 */
TEST_F(answers, half_an_answer_is_uncertain)
{
	static const enum fault faults[] = { FAULT_ANSWER, FAULT_ANSWER_AND_END };

	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		works_again(_metadata, self);
		proxy_answer(&self->proxy, faults[i], ":", 1);
		ASSERT_EQ(-EINPROGRESS, run(self->box, PUT)) {
			TH_LOG("%s", msgbox_error());
		}
		works_again(_metadata, self);
		proxy_answer(&self->proxy, faults[i], "$", 1);
		ASSERT_EQ(-EINPROGRESS, run(self->box, GET)) {
			TH_LOG("%s", msgbox_error());
		}
		works_again(_metadata, self);
	}
}

/* --- an answer that never ends */

/* Bytes without a line's end, as fast as the library reads them. */
TEST_F(answers, an_endless_line)
{
	char *line = malloc(8 * MIB);

	memset(line, 'x', 8 * MIB);
	for (const char *kind = "+-:$*"; *kind; kind++) {
		long begin = milliseconds();

		line[0] = *kind;
		proxy_answer(&self->proxy, FAULT_ANSWER, line, 8 * MIB);
		EXPECT_GT(0, run(self->box, GET)) {
			TH_LOG("kind %c", *kind);
		}
		EXPECT_GE(TIMEOUT + LATE, milliseconds() - begin);
		works_again(_metadata, self);
	}
	free(line);
}

/* Neither memory nor time without bound: only an answer as long as the longest is read. */
TEST_F(answers, an_endless_answer)
{
	static const char *const begins[] = { "+", "$9000000000000\r\n", "$500000000\r\n" };

	for (size_t i = 0; i < ARRAY_SIZE(begins); i++) {
		for (int operation = 0; operation < OPERATIONS; operation++) {
			long ret;

			proxy_answer(&self->proxy, FAULT_ANSWER, begins[i], strlen(begins[i]));
			atomic_store(&self->proxy.answers_endlessly, true);
			ret = run(self->box, operation);
			EXPECT_TRUE(ret == -EPROTO || ret == -EINPROGRESS) {
				TH_LOG("%s, answered %s: %ld %s", names[operation], begins[i], ret,
				       msgbox_error());
			}
			EXPECT_GE(8 * MIB, atomic_load(&self->proxy.endless)) {
				TH_LOG("%s, answered %s: %ld bytes read", names[operation],
				       begins[i], atomic_load(&self->proxy.endless));
			}
			works_again(_metadata, self);
		}
	}
}

/* What tells a waiter that there is a message is a copy of it, which is not kept. */
TEST_F(answers, a_wait_needs_no_memory)
{
	static const char answer[] = "$500000000\r\n";
	struct rusage before, after;
	char byte;

	ASSERT_EQ(0, getrusage(RUSAGE_SELF, &before));
	proxy_answer(&self->proxy, FAULT_ANSWER_WAITS, answer, sizeof(answer) - 1);
	atomic_store(&self->proxy.answers_endlessly, true);
	ASSERT_EQ(-ETIMEDOUT, box_wait(self->box, &byte, 1, 2000)) {
		TH_LOG("%s", msgbox_error());
	}
	EXPECT_EQ(ENDLESS, atomic_load(&self->proxy.endless));
	ASSERT_EQ(0, getrusage(RUSAGE_SELF, &after));
	/* In KiB. */
	EXPECT_GT(64 * KIB, after.ru_maxrss - before.ru_maxrss);
	works_again(_metadata, self);
}

/* A message that is said to be longer than any: the buffer does not grow without bound. */
TEST_F(answers, a_message_of_any_length)
{
	static const char answer[] = ":2000000000\r\n";
	void *taken = NULL;
	size_t size = 0;

	proxy_answer(&self->proxy, FAULT_ANSWER, answer, sizeof(answer) - 1);
	ASSERT_EQ(-EMSGSIZE, box_take(self->box, &taken, &size, 0)) {
		TH_LOG("%s", msgbox_error());
	}
	EXPECT_EQ(512 * MIB, size);
	free(taken);
	works_again(_metadata, self);
}

/* A server, or what is before it, that does not wait is not asked all the time. */
TEST_F(answers, a_wait_that_is_not_one)
{
	static const char *const answers[] = {
		"*-1\r\n", "-OOM no memory\r\n", "-UNBLOCKED x\r\n",
	};
	static const int timeouts[] = { 1000, 40000 };
	struct caller caller = TAKER(self->box, 0);

	for (size_t i = 0; i < ARRAY_SIZE(answers) * ARRAY_SIZE(timeouts); i++) {
		const char *answer = answers[i / 2];

		caller.timeout = timeouts[i % 2];
		proxy_answer(&self->proxy, FAULT_ANSWER_WAITS, answer, strlen(answer));
		ASSERT_TRUE(starts(&caller));
		usleep(1000000);
		EXPECT_GE(20, atomic_load(&self->proxy.fired)) {
			TH_LOG("%s: asked %d times", answer, atomic_load(&self->proxy.fired));
		}
		proxy_fault(&self->proxy, FAULT_NONE, 0);
		/* On a busy machine the put can take longer than the timeout. */
		ASSERT_TRUE(comes_true(atomic_load(&caller.done) || !box_put(self->box, "x", 1)));
		ASSERT_TRUE(returns(&caller));
		EXPECT_TRUE(caller.ret == 1 || (i % 2 == 0 && caller.ret == -ETIMEDOUT)) {
			TH_LOG("%s: %ld", answer, caller.ret);
		}
		box_drain(self->box);
	}
	free(caller.taken);
}

/* Opens the box again, for tests that need no timeout. */
static void be_patient(struct __test_metadata *_metadata, struct _test_data_answers *self)
{
	char *option = strstr(self->proxy.url, TIMEOUT_OPTION);

	ASSERT_NE(NULL, option);
	*option = '\0';
	msgbox_close(self->box);
	self->box = msgbox_open(self->proxy.url);
	ASSERT_NE(NULL, self->box) {
		TH_LOG("%s", msgbox_error());
	}
}

/* More than was asked for: the second answer must not be taken for that to the next call. */
TEST_F(answers, two_answers_at_once)
{
	static const char two[] = "$-1\r\n$5\r\nghost\r\n";
	char buffer[64];

	be_patient(_metadata, self);
	proxy_answer(&self->proxy, FAULT_ANSWER, two, sizeof(two) - 1);
	run(self->box, GET);
	proxy_fault(&self->proxy, FAULT_NONE, 0);
	ASSERT_EQ(-ENODATA, box_get(self->box, buffer, sizeof(buffer))) {
		TH_LOG("%s", msgbox_error());
	}
	works_again(_metadata, self);
}

/* Nor must what comes between two calls. */
TEST_F(answers, an_answer_that_nobody_asked_for)
{
	static const char ghost[] = "$5\r\nghost\r\n";
	char buffer[64];

	be_patient(_metadata, self);
	for (int i = 0; i < 10; i++) {
		works_again(_metadata, self);
		proxy_answer(&self->proxy, FAULT_UNASKED, ghost, sizeof(ghost) - 1);
		ASSERT_TRUE(comes_true(atomic_load(&self->proxy.fired)));
		ASSERT_EQ(-ENODATA, box_get(self->box, buffer, sizeof(buffer))) {
			TH_LOG("%s", msgbox_error());
		}
	}
}

/* One that is longer than any that a get takes wakes a waiter, whose get then says so. */
TEST_F(answers, a_wait_for_a_message_of_any_length)
{
	static const char answer[] = "$600000000\r\n";
	char byte;

	be_patient(_metadata, self);
	proxy_answer(&self->proxy, FAULT_ANSWER_WAITS, answer, sizeof(answer) - 1);
	/* Here it is gone when the get comes. */
	EXPECT_EQ(-ETIMEDOUT, box_wait(self->box, &byte, 1, 100)) {
		TH_LOG("%s", msgbox_error());
	}
	EXPECT_LT(0, atomic_load(&self->proxy.fired));
	works_again(_metadata, self);
}

/* A late answer neither: the connection that timed out is not used again. */
TEST_F(answers, a_late_answer)
{
	char buffer[64];
	long ret;

	ASSERT_EQ(0, box_put(self->box, "late", 4));
	proxy_fault(&self->proxy, FAULT_STALL_REPLIES, 0);
	ASSERT_EQ(-EINPROGRESS, box_get(self->box, buffer, sizeof(buffer))) {
		TH_LOG("%s", msgbox_error());
	}
	/* The message that was on its way. */
	ASSERT_TRUE(comes_true((ret = box_get(self->box, buffer, sizeof(buffer))) != -EINPROGRESS));
	ASSERT_EQ(4, ret) {
		TH_LOG("%s", msgbox_error());
	}
	ASSERT_EQ(0, memcmp(buffer, "late", 4));
	ASSERT_EQ(-ENODATA, box_get(self->box, buffer, sizeof(buffer)));
	works_again(_metadata, self);
}

/* --- while opening */

TEST_F(answers, opening)
{
	static const struct answer *const lists[] = { errors, garbage, halves };
	static const size_t counts[] = {
		ARRAY_SIZE(errors), ARRAY_SIZE(garbage), ARRAY_SIZE(halves),
	};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		for (size_t j = 0; j < counts[i]; j++) {
			const struct answer *answer = &lists[i][j];
			long begin = milliseconds(), ret;

			proxy_answer(&self->proxy, FAULT_ANSWER_AND_END, answer->text,
				     strlen(answer->text));
			ret = open_fails(self->proxy.url);
			EXPECT_GE(TIMEOUT + LATE, milliseconds() - begin);
			/* It need not ask the server anything. */
			EXPECT_TRUE(ret < 0 || !atomic_load(&self->proxy.fired)) {
				TH_LOG("answered %.60s: it opens", answer->text);
			}
		}
	}
	works_again(_metadata, self);
}

TEST_HARNESS_MAIN

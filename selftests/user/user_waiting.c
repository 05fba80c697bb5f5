// SPDX-License-Identifier: GPL-2.0
/* msgbox_wait() and msgbox_take() while the box is empty, for each kind of box. */
#include <sys/mman.h>
#include <sys/wait.h>

#include "caller.h"

/* --- how long */

TEST_F(user, a_timeout_is_kept)
{
	static const int timeouts[] = { 1, 10, 100, 300, 1000, 1500 };
	void *taken = NULL;
	size_t size = 0;
	char byte;

	for (size_t i = 0; i < ARRAY_SIZE(timeouts); i++) {
		long begin = milliseconds(), took;

		ASSERT_EQ(-ETIMEDOUT, box_wait(self->box, &byte, 1, timeouts[i]));
		took = milliseconds() - begin;
		/* Each clock reading is cut to milliseconds. */
		EXPECT_LE(timeouts[i] - 1, took);
		EXPECT_GE(timeouts[i] + LATE, took);
		begin = milliseconds();
		ASSERT_EQ(-ETIMEDOUT, box_take(self->box, &taken, &size, timeouts[i]));
		took = milliseconds() - begin;
		EXPECT_LE(timeouts[i] - 1, took);
		EXPECT_GE(timeouts[i] + LATE, took);
	}
	free(taken);
}

/* A thousand waits of no time would take much longer if each of them waited. */
TEST_F(user, timeout_0_does_not_wait)
{
	long begin = milliseconds(), gets, waits;
	char byte;

	for (int i = 0; i < 1000; i++)
		ASSERT_EQ(-ENODATA, box_get(self->box, &byte, 1));
	gets = milliseconds() - begin;
	begin = milliseconds();
	for (int i = 0; i < 1000; i++)
		ASSERT_EQ(-ETIMEDOUT, box_wait(self->box, &byte, 1, 0));
	waits = milliseconds() - begin;
	EXPECT_GE(20 * gets + 1000, waits);
	TH_LOG("1000 gets: %ld ms, 1000 waits: %ld ms", gets, waits);
	ASSERT_EQ(0, box_put(self->box, "x", 1));
	ASSERT_EQ(1, box_wait(self->box, &byte, 1, 0));
}

/* No time is too long for the arithmetic. */
TEST_F(user, the_longest_timeout_waits)
{
	char byte = 0;
	struct caller caller = WAITER(self->box, &byte, 1, INT_MAX);

	ASSERT_TRUE(waits(&caller));
	usleep(300 * 1000);
	ASSERT_FALSE(atomic_load(&caller.done));
	ASSERT_EQ(0, box_put(self->box, "x", 1));
	ASSERT_TRUE(returns(&caller));
	ASSERT_EQ(1, caller.ret);
	ASSERT_EQ('x', byte);
}

/* Longer than the default timeout of a server's replies, which must not end a wait. */
TEST_F(user, forever_is_longer_than_a_reply_may_take)
{
	char byte = 0;
	struct caller caller = WAITER(self->box, &byte, 1, MSGBOX_FOREVER);

	ASSERT_TRUE(waits(&caller));
	sleep(7);
	ASSERT_FALSE(atomic_load(&caller.done));
	ASSERT_EQ(0, box_put(self->box, "x", 1));
	ASSERT_TRUE(returns(&caller));
	ASSERT_EQ(1, caller.ret);
}

/* --- what wakes */

TEST_F(user, a_put_wakes)
{
	static const size_t lengths[] = { 0, 1, 8192, 8193, MIB };
	static char buffer[MIB];

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct caller caller = WAITER(self->box, buffer, sizeof(buffer), MSGBOX_FOREVER);
		char *message = new_message(lengths[i], i);

		ASSERT_TRUE(waits(&caller));
		ASSERT_EQ(0, box_put(self->box, message, lengths[i]));
		ASSERT_TRUE(returns(&caller));
		ASSERT_EQ(lengths[i], caller.ret);
		ASSERT_EQ(0, memcmp(message, buffer, lengths[i]));
		free(message);
	}
}

/* From another handle, as in another process, and long before the time is over. */
TEST_F(user, a_put_wakes_at_once)
{
	struct msgbox *other = open_box();
	char byte;
	struct caller caller = WAITER(self->box, &byte, 1, 60000);

	ASSERT_NE(NULL, other);
	for (int i = 0; i < 10; i++) {
		ASSERT_TRUE(waits(&caller));
		ASSERT_EQ(0, box_put(other, "x", 1));
		ASSERT_TRUE(returns(&caller));
		ASSERT_EQ(1, caller.ret);
		ASSERT_GT(30000, caller.took);
	}
	msgbox_close(other);
}

TEST_F(user, take_waits_for_any_length)
{
	static const size_t lengths[] = { 0, 1, 8192, 8193, MIB };

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct caller caller = TAKER(self->box, MSGBOX_FOREVER);
		char *message = new_message(lengths[i], i);

		ASSERT_TRUE(waits(&caller));
		ASSERT_EQ(0, box_put(self->box, message, lengths[i]));
		ASSERT_TRUE(returns(&caller));
		ASSERT_EQ(lengths[i], caller.ret);
		ASSERT_LE(lengths[i], caller.size);
		ASSERT_EQ(0, memcmp(message, caller.taken, lengths[i]));
		free(caller.taken);
		free(message);
	}
}

TEST_F(user, a_message_that_is_there_is_taken_at_once)
{
	char byte;
	long begin = milliseconds();

	for (int i = 0; i < 100; i++) {
		ASSERT_EQ(0, box_put(self->box, "x", 1));
		ASSERT_EQ(1, box_wait(self->box, &byte, 1, MSGBOX_FOREVER));
		ASSERT_EQ(0, box_put(self->box, "y", 1));
		ASSERT_EQ(1, box_wait(self->box, &byte, 1, 60000));
	}
	EXPECT_GT(30000, milliseconds() - begin);
}

#define MANY	8

static int count_done(struct caller *callers)
{
	int count = 0;

	for (int i = 0; i < MANY; i++)
		count += atomic_load(&callers[i].done);
	return count;
}

/* Of many waiters on handles of their own, or on one, a message wakes one. */
static void wake_one_by_one(struct __test_metadata *_metadata, struct msgbox *box, bool shared)
{
	static struct caller callers[MANY];
	static unsigned char bytes[MANY];
	unsigned int sum = 0;

	for (int i = 0; i < MANY; i++) {
		struct msgbox *own = shared ? box : open_box();

		ASSERT_NE(NULL, own);
		callers[i] = (struct caller)WAITER(own, &bytes[i], 1, MSGBOX_FOREVER);
		ASSERT_TRUE(waits(&callers[i]));
	}
	for (int i = 0; i < MANY; i++) {
		unsigned char byte = 1 << i;

		ASSERT_EQ(0, box_put(box, &byte, 1));
		ASSERT_TRUE(comes_true(count_done(callers) == i + 1));
		usleep(5000);
		ASSERT_EQ(i + 1, count_done(callers));
	}
	for (int i = 0; i < MANY; i++) {
		ASSERT_TRUE(returns(&callers[i]));
		ASSERT_EQ(1, callers[i].ret);
		sum += bytes[i];
		if (!shared)
			msgbox_close(callers[i].box);
	}
	ASSERT_EQ((1U << MANY) - 1, sum);
}

TEST_F(user, a_message_wakes_one_of_many_handles)
{
	wake_one_by_one(_metadata, self->box, false);
}

TEST_F(user, a_message_wakes_one_of_many_threads)
{
	wake_one_by_one(_metadata, self->box, true);
}

/* A thread that waits does not stop the others that use its handle. */
TEST_F(user, a_wait_blocks_no_other_call)
{
	char byte = 0;
	struct caller caller = WAITER(self->box, &byte, 1, MSGBOX_FOREVER);
	struct msgbox_figures figures;
	long begin = milliseconds();

	ASSERT_TRUE(waits(&caller));
	for (int i = 0; i < 20; i++) {
		ASSERT_EQ(0, msgbox_read_figures(self->box, &figures));
		ASSERT_EQ(-ENODATA, box_get(self->box, (char[1]) {}, 1));
		ASSERT_EQ(-ETIMEDOUT, box_wait(self->box, (char[1]) {}, 1, 1));
	}
	EXPECT_GT(30000, milliseconds() - begin);
	ASSERT_FALSE(atomic_load(&caller.done));
	ASSERT_EQ(0, box_put(self->box, "x", 1));
	ASSERT_TRUE(returns(&caller));
	ASSERT_EQ(1, caller.ret);
}

/* --- who is woken and does not take the message */

TEST_F(user, a_short_buffer_ends_the_wait_and_leaves_the_message)
{
	static const size_t lengths[] = { 5, 8192, 8193, MIB };
	char buffer[4];

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct caller caller = WAITER(self->box, buffer, sizeof(buffer), MSGBOX_FOREVER);
		char *message = new_message(lengths[i], i);

		poison(buffer, sizeof(buffer));
		ASSERT_TRUE(waits(&caller));
		ASSERT_EQ(0, box_put(self->box, message, lengths[i]));
		ASSERT_TRUE(returns(&caller));
		ASSERT_EQ(-EMSGSIZE, caller.ret);
		EXPECT_TRUE(is_poison(buffer, sizeof(buffer)));
		ASSERT_EQ(lengths[i], box_get_expecting(self->box, message, lengths[i]));
		free(message);
	}
}

/* Whichever of the two is woken first, the one with room gets the message. */
TEST_F(user, a_short_buffer_hands_the_message_on)
{
	for (int i = 0; i < 20; i++) {
		char small, large[8];
		struct msgbox *other = open_box();
		struct caller first = WAITER(self->box, &small, 1, MSGBOX_FOREVER);
		struct caller second = WAITER(other, large, sizeof(large), MSGBOX_FOREVER);

		ASSERT_NE(NULL, other);
		ASSERT_TRUE(waits(&first));
		ASSERT_TRUE(waits(&second));
		ASSERT_EQ(0, box_put(self->box, "message", 8));
		ASSERT_TRUE(returns(&second));
		ASSERT_EQ(8, second.ret);
		ASSERT_STREQ("message", large);
		/* The second one may have been the only one to see it. */
		if (!atomic_load(&first.done))
			ASSERT_EQ(0, box_put(self->box, "", 0));
		ASSERT_TRUE(returns(&first));
		ASSERT_TRUE(first.ret == -EMSGSIZE || first.ret == 0);
		box_drain(self->box);
		msgbox_close(other);
	}
}

/* --- signals */

static void signal_ends_the_wait(struct __test_metadata *_metadata, struct msgbox *box,
				 int flags, int timeout)
{
	char byte;
	struct caller caller = WAITER(box, &byte, 1, timeout);
	int signals = 0;

	ASSERT_EQ(0, catch_signal(flags));
	for (int i = 0; i < 10; i++) {
		int count;

		ASSERT_TRUE(waits(&caller));
		count = signals_to_end(&caller);
		ASSERT_LT(0, count);
		ASSERT_EQ(-EINTR, caller.ret);
		signals += count;
		/* The message after it is not lost, and the handle still works. */
		ASSERT_EQ(0, box_put(box, "x", 1));
		ASSERT_EQ(1, box_get_expecting(box, "x", 1));
	}
	/* One is enough, unless it comes too early. */
	EXPECT_GT(20, signals);
}

TEST_F(user, a_signal_ends_a_wait)
{
	signal_ends_the_wait(_metadata, self->box, 0, MSGBOX_FOREVER);
}

TEST_F(user, a_signal_ends_a_wait_of_some_time)
{
	signal_ends_the_wait(_metadata, self->box, 0, 60000);
}

TEST_F(user, a_signal_ends_a_take)
{
	struct caller caller = TAKER(self->box, MSGBOX_FOREVER);

	ASSERT_EQ(0, catch_signal(0));
	ASSERT_TRUE(waits(&caller));
	ASSERT_LT(0, signals_to_end(&caller));
	ASSERT_EQ(-EINTR, caller.ret);
	free(caller.taken);
}

/* The message is either with the waiter or in the box, whichever comes first. */
TEST_F(user, a_signal_and_a_message_at_once)
{
	struct msgbox *other = open_box();
	int interrupted = 0;
	char byte = 0;

	ASSERT_NE(NULL, other);
	ASSERT_EQ(0, catch_signal(0));
	for (int i = 0; i < 300; i++) {
		struct caller caller = WAITER(self->box, &byte, 1, MSGBOX_FOREVER);

		ASSERT_TRUE(waits(&caller));
		if (i % 2) {
			ASSERT_EQ(0, pthread_kill(caller.thread, SIGUSR1));
			/* Where one processor runs at a time, the put would always be first. */
			if (i % 8 == 7)
				usleep(20000);
			ASSERT_EQ(0, box_put(other, "x", 1));
		} else {
			ASSERT_EQ(0, box_put(other, "x", 1));
			pthread_kill(caller.thread, SIGUSR1);
		}
		ASSERT_TRUE(returns(&caller));
		if (caller.ret == -EINTR) {
			interrupted++;
			ASSERT_EQ(1, box_get_expecting(other, "x", 1)) {
				TH_LOG("round %d: a signal lost the message", i);
			}
		} else {
			ASSERT_EQ(1, caller.ret);
			ASSERT_EQ('x', byte);
		}
		ASSERT_EQ(-ENODATA, box_get_expecting(other, "", 0));
	}
	TH_LOG("%d of 300 were interrupted", interrupted);
	EXPECT_LT(0, interrupted);
	msgbox_close(other);
}

/* Calls that do not wait go on: a put is not made twice, and a get loses nothing. */
static atomic_bool stop;

static void *send_signals(void *data)
{
	pthread_t thread = *(pthread_t *)data;

	while (!atomic_load(&stop)) {
		pthread_kill(thread, SIGUSR1);
		usleep(200);
	}
	return NULL;
}

TEST_F(user, signals_do_not_disturb_put_and_get)
{
	static char message[200000], buffer[200000];
	pthread_t self_thread = pthread_self(), sender;

	ASSERT_EQ(0, catch_signal(0));
	ASSERT_EQ(0, pthread_create(&sender, NULL, send_signals, &self_thread));
	for (unsigned int i = 0; i < 300; i++) {
		size_t length = i % 3 ? i : sizeof(message);

		fill(message, length, i);
		ASSERT_EQ(0, box_put(self->box, message, length)) {
			TH_LOG("round %d: %s", i, msgbox_error());
		}
		ASSERT_EQ(length, box_get(self->box, buffer, sizeof(buffer))) {
			TH_LOG("round %d: %s", i, msgbox_error());
		}
		ASSERT_EQ(0, memcmp(message, buffer, length));
		ASSERT_EQ(-ENODATA, box_get(self->box, buffer, 1));
	}
	atomic_store(&stop, true);
	ASSERT_EQ(0, pthread_join(sender, NULL));
}

/* --- others that are faster */

static void *steal(void *data)
{
	struct msgbox *box = data;
	char byte;
	long lost = 0;

	while (!atomic_load(&stop)) {
		if (box_put(box, "x", 1) || box_get(box, &byte, 1) == -ENODATA)
			lost++;
	}
	return (void *)lost;
}

/* A wait ends in time, however often it is woken for a message that is gone. */
TEST_F(user, a_timeout_is_kept_among_thieves)
{
	struct msgbox *others[2] = { open_box(), open_box() };
	pthread_t thieves[2];
	long taken = 0, lost = 0;
	void *count;
	char byte;

	for (int i = 0; i < 2; i++) {
		ASSERT_NE(NULL, others[i]);
		ASSERT_EQ(0, pthread_create(&thieves[i], NULL, steal, others[i]));
	}
	for (int i = 0; i < 20; i++) {
		long begin = milliseconds();
		long ret = box_wait(self->box, &byte, 1, 100);

		ASSERT_TRUE(ret == 1 || ret == -ETIMEDOUT) {
			TH_LOG("%ld: %s", ret, msgbox_error());
		}
		EXPECT_GE(100 + LATE, milliseconds() - begin);
		taken += ret == 1;
	}
	atomic_store(&stop, true);
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, pthread_join(thieves[i], &count));
		lost += (long)count;
		msgbox_close(others[i]);
	}
	/* What the thieves missed is here or in the box. */
	taken += box_drain(self->box);
	EXPECT_EQ(lost, taken);
}

/* --- a waiter that dies */

/* A killed process takes no message with it that comes later. */
TEST_F(user, a_killed_waiter_takes_nothing)
{
	for (int i = 0; i < 10; i++) {
		int status, ready[2];
		char byte;
		pid_t pid;

		ASSERT_EQ(0, pipe2(ready, O_CLOEXEC));
		pid = fork();
		if (pid == 0) {
			struct msgbox *box = open_box();

			if (!box || write(ready[1], "x", 1) != 1)
				_exit(1);
			box_wait(box, &byte, 1, MSGBOX_FOREVER);
			_exit(1);
		}
		ASSERT_EQ(1, read(ready[0], &byte, 1));
		usleep(20000);
		ASSERT_EQ(0, kill(pid, SIGKILL));
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_EQ(SIGKILL, status);
		/* A server may need an instant to see that the connection has ended. */
		usleep(on_server() ? 20000 : 0);
		ASSERT_EQ(0, box_put(self->box, "x", 1));
		ASSERT_EQ(1, box_get_expecting(self->box, "x", 1));
		close(ready[0]);
		close(ready[1]);
	}
}

TEST_HARNESS_MAIN

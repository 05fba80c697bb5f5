// SPDX-License-Identifier: GPL-2.0
/* What only the kernel's box can do: bad memory, limits, the mode, the module's figures. */
#include <poll.h>
#include <sys/prctl.h>

#include "caller.h"
#include "child.h"
#include "namespace.h"
#include "saved_limits.h"
#include "sysfs.h"

/* --- bad memory */

TEST_F(user, memory_that_is_not_there)
{
	static const size_t lengths[] = { 1, 64, 8192, 8193, 100000 };

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		char *message = new_message(lengths[i], i);

		ASSERT_EQ(-EFAULT, box_put(self->box, BAD_ADDRESS, lengths[i]));
		ASSERT_EQ(0, figure("count"));
		ASSERT_EQ(0, box_put(self->box, message, lengths[i]));
		ASSERT_EQ(-EFAULT, box_get(self->box, BAD_ADDRESS, lengths[i]));
		ASSERT_EQ(-EFAULT, box_wait(self->box, BAD_ADDRESS, lengths[i], 0));
		ASSERT_EQ(-EFAULT, box_wait(self->box, BAD_ADDRESS, lengths[i], 50));
		ASSERT_EQ(-EFAULT, box_wait(self->box, BAD_ADDRESS, lengths[i], MSGBOX_FOREVER));
		ASSERT_EQ(lengths[i], box_get_expecting(self->box, message, lengths[i]));
		free(message);
	}
}

/* The end of the buffer is missing. */
TEST_F(user, memory_that_is_too_short)
{
	char *pages = map(2 * PAGE, PROT_READ | PROT_WRITE);
	char *message = new_message(PAGE, 1);

	munmap(pages + PAGE, PAGE);
	ASSERT_EQ(0, box_put(self->box, message, PAGE));
	ASSERT_EQ(-EFAULT, box_get(self->box, pages + 1, PAGE));
	ASSERT_EQ(-EFAULT, box_wait(self->box, pages + 1, PAGE, 20));
	ASSERT_EQ(-EFAULT, box_put(self->box, pages + 1, PAGE));
	ASSERT_EQ(PAGE, box_get_expecting(self->box, message, PAGE));
	free(message);
}

/*
 * An address that is a file descriptor is taken for fchmodat2 by the module (ENOSYS). It
 * must not be said that the module is not loaded.
 */
TEST_F(user, addresses_that_are_numbers)
{
	static const long numbers[] = { 1, 5, 4095, -1, -100, -4095 };

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		ASSERT_EQ(-EFAULT, box_put(self->box, (void *)numbers[i], 1)) {
			TH_LOG("address %ld: %s", numbers[i], msgbox_error());
		}
	}
	ASSERT_EQ(0, figure("count"));
}

/* --- no memory for the box */

static bool poll_fails;
static int polled;

/*
 * Instead of the C library's poll(), whose declaration tells newer compilers that it does not
 * read *fds. Marks the file that it says has failed.
 */
int poll_or_fail(struct pollfd *fds, nfds_t count, int timeout_ms) __asm__("poll");

int poll_or_fail(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	struct timespec timeout = { timeout_ms / 1000, timeout_ms % 1000 * 1000000L };

	if (!poll_fails)
		return ppoll(fds, count, timeout_ms < 0 ? NULL : &timeout, NULL);
	polled = fds->fd;
	fcntl(polled, F_SETFL, O_NONBLOCK | O_APPEND);
	fds->revents = POLLERR;
	return 1;
}

TEST_F(user, no_memory_for_the_box)
{
	char buffer[8];
	long before;

	ASSERT_EQ(-ETIMEDOUT, box_wait(self->box, buffer, 8, 1));
	before = open_files();
	poll_fails = true;
	EXPECT_EQ(-EADDRNOTAVAIL, box_wait(self->box, buffer, 8, 20000));
	poll_fails = false;
	EXPECT_EQ(before, open_files());
	/* Another file has its place. */
	EXPECT_EQ(0, fcntl(polled, F_GETFL) & O_APPEND);
	EXPECT_EQ(FD_CLOEXEC, fcntl(polled, F_GETFD));
	EXPECT_EQ(-ETIMEDOUT, box_wait(self->box, buffer, 8, 1));
	ASSERT_EQ(0, box_put(self->box, "message", 8));
	EXPECT_EQ(8, box_wait(self->box, buffer, 8, 20000));
}

/* --- limits */

FIXTURE(limited)
{
	struct msgbox *box;
	struct limits limits;
};

FIXTURE_SETUP(limited)
{
	self->box = open_box();
	ASSERT_NE(NULL, self->box);
	ASSERT_LE(0, box_drain(self->box));
	if (!save_limits(&self->limits))
		SKIP_TEST("only root can change the limits");
}

FIXTURE_TEARDOWN(limited)
{
	EXPECT_EQ(0, restore_limits(&self->limits));
	EXPECT_LE(0, box_drain(self->box));
	msgbox_close(self->box);
}

TEST_F(limited, a_full_box)
{
	static const size_t length = 8000;
	char *message = new_message(length, 1), buffer[8000];
	long count = 0, ret;

	ASSERT_EQ(0, set_parameter("max_bytes", 1024 * 1024));
	while (!(ret = box_put(self->box, message, length)) && count < 1000)
		count++;
	ASSERT_EQ(-EAGAIN, ret);
	EXPECT_NE(NULL, strstr(msgbox_error(), "full"));
	EXPECT_NE(NULL, strstr(msgbox_error(), "max_bytes"));
	ASSERT_LT(50, count);
	ASSERT_EQ(count, figure("count"));
	/* Where a message has left, there is room again. */
	ASSERT_EQ(length, box_get(self->box, buffer, length));
	ASSERT_EQ(0, box_put(self->box, message, length));
	ASSERT_EQ(count, box_drain(self->box));
	free(message);
}

TEST_F(limited, the_longest_message)
{
	char message[101] = {};

	ASSERT_EQ(0, set_parameter("max_message_bytes", 100));
	ASSERT_EQ(-EMSGSIZE, box_put(self->box, message, 101));
	EXPECT_NE(NULL, strstr(msgbox_error(), "max_message_bytes"));
	ASSERT_EQ(0, box_put(self->box, message, 100));
	ASSERT_EQ(100, box_get_expecting(self->box, message, 100));
}

/* --- figures */

static const struct {
	const char *name;
	size_t offset;
} names[] = {
	{ "count", offsetof(struct msgbox_figures, count) },
	{ "bytes", offsetof(struct msgbox_figures, bytes) },
	{ "memory", offsetof(struct msgbox_figures, memory) },
	{ "pending", offsetof(struct msgbox_figures, pending) },
	{ "puts", offsetof(struct msgbox_figures, puts) },
	{ "gets", offsetof(struct msgbox_figures, gets) },
	{ "waiting", offsetof(struct msgbox_figures, waiting) },
	{ "max_message_bytes", offsetof(struct msgbox_figures, max_message_bytes) },
	{ "max_bytes", offsetof(struct msgbox_figures, max_bytes) },
	{ "max_pending_bytes", offsetof(struct msgbox_figures, max_pending_bytes) },
};

/* All are known, are the module's own, and differ from each other as they do there. */
TEST_F(user, the_figures_are_the_modules)
{
	struct msgbox_figures figures;
	char byte, *message = new_message(20000, 1);
	struct caller caller = WAITER(self->box, &byte, 1, MSGBOX_FOREVER);

	ASSERT_TRUE(waits(&caller));
	ASSERT_EQ(0, msgbox_read_figures(self->box, &figures));
	EXPECT_EQ(1, figures.waiting);
	EXPECT_EQ(0, figures.pending);
	ASSERT_EQ(0, box_put(self->box, "x", 1));
	ASSERT_TRUE(returns(&caller));
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, box_put(self->box, message, 20000));
	ASSERT_EQ(0, msgbox_read_figures(self->box, &figures));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		long found = *(uint64_t *)((char *)&figures + names[i].offset);
		long expected = figure(names[i].name);

		if (expected < 0)
			expected = parameter(names[i].name);
		EXPECT_LE(0, expected);
		EXPECT_EQ(expected, found) {
			TH_LOG("figure %s", names[i].name);
		}
	}
	EXPECT_EQ(60000, figures.bytes);
	EXPECT_LE(60000, figures.memory);
	EXPECT_EQ(3, box_drain(self->box));
	free(message);
}

/* --- the mode */

/* What a user without rights gets from put, get and wait, or 0 if all are as expected. */
static int calls_of_nobody(long expected)
{
	struct msgbox *box;
	char byte;
	bool fine;

	if (!become(NOBODY, NOBODY))
		return 2;
	box = open_box();
	if (!box)
		return 3;
	fine = is("put", expected, box_put(box, "x", 1)) &&
	       is("get", expected ?: 1, box_get(box, &byte, 1));
	if (expected) {
		fine &= is("wait", expected, box_wait(box, &byte, 1, 0));
		fine &= is("wait", expected, box_wait(box, &byte, 1, 20));
		fine &= is("wait", expected, box_wait(box, &byte, 1, MSGBOX_FOREVER));
	}
	msgbox_close(box);
	fflush(stdout);
	return !fine;
}

TEST_F(user, the_mode_decides)
{
	long mode = parameter("mode");

	if (geteuid())
		SKIP(return, "only root can change the mode");
	ASSERT_LE(0, mode);
	/* The file is octal, and this writes a number in decimal. */
	ASSERT_EQ(0, write_text(MODULE_FOLDER "/parameters", "mode", "0600\n"));
	fflush(stdout);
	EXPECT_EQ(0, status_of(calls_of_nobody, -EACCES));
	ASSERT_EQ(0, write_text(MODULE_FOLDER "/parameters", "mode", "0666\n"));
	EXPECT_EQ(0, status_of(calls_of_nobody, 0));
}

/* --- with the calls themselves */

/* What one puts, the other one gets. */
TEST_F(user, the_box_is_that_of_the_calls)
{
	char byte;

	ASSERT_EQ(0, put("a", 1));
	ASSERT_EQ(1, box_get_expecting(self->box, "a", 1));
	ASSERT_EQ(0, box_put(self->box, "b", 1));
	ASSERT_EQ(1, get(&byte, 1));
	ASSERT_EQ('b', byte);
	ASSERT_EQ(0, put("c", 1));
	ASSERT_EQ(1, box_wait(self->box, &byte, 1, 1000));
	ASSERT_EQ('c', byte);
}

/* Names for the kernel's box. */
TEST_F(user, all_names_of_the_box)
{
	static const char *const urls[] = { NULL, "", "kernel:" };

	for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
		struct msgbox *box = msgbox_open(urls[i]);

		ASSERT_NE(NULL, box);
		ASSERT_EQ(0, box_put(box, "x", 1));
		msgbox_close(box);
		ASSERT_EQ(1, box_get_expecting(self->box, "x", 1));
	}
}

/* An IPC namespace has a box of its own: a handle opened in it shows that one. */
static int in_a_namespace(long unused)
{
	struct msgbox *box;
	char byte;
	bool fine;

	(void)unused;
	if (enter_new_namespace())
		return 2;
	box = open_box();
	if (!box)
		return 3;
	fine = is("get", -ENODATA, box_get(box, &byte, 1)) &&
	       is("wait", -ETIMEDOUT, box_wait(box, &byte, 1, 20)) &&
	       is("put", 0, box_put(box, "y", 1)) &&
	       is("wait", 1, box_wait(box, &byte, 1, MSGBOX_FOREVER)) && is("byte", 'y', byte);
	msgbox_close(box);
	fflush(stdout);
	return !fine;
}

TEST_F(user, a_namespace_has_a_box)
{
	if (geteuid())
		SKIP(return, "only root can make an IPC namespace");
	ASSERT_EQ(0, box_put(self->box, "x", 1));
	fflush(stdout);
	EXPECT_EQ(0, status_of(in_a_namespace, 0));
	ASSERT_EQ(1, box_get_expecting(self->box, "x", 1));
}

TEST_HARNESS_MAIN

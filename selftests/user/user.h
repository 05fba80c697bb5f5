/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tests of libmsgbox: wrappers that check what holds for every call, and the fixture.
 * The box is the kernel's, or the one of the server that MSGBOX_URL names. Before and
 * after each test it is empty.
 */
#ifndef SELFTESTS_USER_H
#define SELFTESTS_USER_H

#include <dirent.h>
#include <msgbox.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

#include "calls.h"
#include "kselftest_harness.h"

/* In seconds; emulated processors and valgrind need more than the usual 30. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 300

/* In milliseconds. How much later than asked for a wait may end, on a busy machine. */
#define LATE		10000

/* Results that no call may have, so that a test that expects an error sees them. */
#define NO_TEXT		(-10001)
#define NO_ERRNO	(-10002)
#define ODD_RESULT	(-10003)

static inline const char *box_url(void)
{
	const char *url = getenv("MSGBOX_URL");

	return url ?: "";
}

static inline bool on_server(void)
{
	return box_url()[0] && strcmp(box_url(), "kernel:");
}

/* A test, or what it has started, does not outlive the program, whoever ends that. */
static inline void end_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/*
 * A constructor, as the harness has no hook for this. It does not make a call, because
 * a loaded module with calls that give ENOSYS must fail and not skip.
 */
static void __attribute__((constructor)) skip_without_a_box(void)
{
	/* What a test prints before it fails would be lost. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	pthread_atfork(NULL, NULL, end_with_parent);
#ifndef NEEDS_NO_BOX
	if (on_server() || !access(MODULE_FOLDER, F_OK))
		return;
	ksft_print_header();
	ksft_exit_skip("the module dm510_msgbox is not loaded, and MSGBOX_URL names no server\n");
#endif
}

/* --- the calls, which return the error as a negative number, as those in calls.h do */

/* Every error has a number and a text. */
static inline long reply(long ret)
{
	int error = errno;

	if (ret >= 0)
		return ret;
	if (ret != -1)
		return ODD_RESULT;
	if (!error)
		return NO_ERRNO;
	return strlen(msgbox_error()) > 5 ? -error : NO_TEXT;
}

static inline long box_put(struct msgbox *box, const void *message, size_t length)
{
	int ret;

	errno = 0;
	ret = msgbox_put(box, message, length);
	return ret > 0 ? ODD_RESULT : reply(ret);
}

static inline long box_get(struct msgbox *box, void *buffer, size_t size)
{
	errno = 0;
	return reply(msgbox_get(box, buffer, size));
}

static inline long box_wait(struct msgbox *box, void *buffer, size_t size, int timeout)
{
	errno = 0;
	return reply(msgbox_wait(box, buffer, size, timeout));
}

static inline long box_take(struct msgbox *box, void **buffer, size_t *size, int timeout)
{
	errno = 0;
	return reply(msgbox_take(box, buffer, size, timeout));
}

/* Returns NULL, and prints why, if the box cannot be opened. */
static inline struct msgbox *open_box(void)
{
	struct msgbox *box = msgbox_open(box_url());

	if (!box)
		printf("# cannot open '%s': %s\n", box_url(), msgbox_error());
	return box;
}

/* Returns the error of msgbox_open(), as a negative number, or 0. */
static inline long open_fails(const char *url)
{
	struct msgbox *box;

	errno = 0;
	box = msgbox_open(url);
	if (!box)
		return reply(-1);
	msgbox_close(box);
	return 0;
}

/* As get_expecting() in calls.h: finds bytes that are wrong, or written beyond the end. */
static inline long box_get_expecting(struct msgbox *box, const void *expected, size_t length)
{
	size_t size = CANARY + length + CANARY, written;
	unsigned char *buf = malloc(size);
	long ret;

	if (!buf)
		return -ENOMEM;
	poison(buf, size);
	ret = box_get(box, buf + CANARY, length + CANARY / 2);
	written = ret > 0 ? ret : 0;
	if (!is_poison(buf, CANARY) ||
	    !is_poison(buf + CANARY + written, size - CANARY - written))
		ret = -EOVERFLOW;
	else if (ret == (long)length && length && memcmp(buf + CANARY, expected, length))
		ret = -EILSEQ;
	free(buf);
	return ret;
}

/* Empties the box. Returns the number of messages, or an error. */
static inline long box_drain(struct msgbox *box)
{
	static const long most = 1000 * 1000;
	void *buffer = NULL;
	size_t size = 0;
	long count, ret = 0;

	for (count = 0; count < most; count++) {
		ret = box_take(box, &buffer, &size, 0);
		if (ret < 0)
			break;
	}
	free(buffer);
	if (count == most)
		return -EBUSY;
	return ret == -ENODATA ? count : ret;
}

/* Can this handle be used? For a box that nobody else uses. */
static inline bool box_works(struct msgbox *box)
{
	return box_drain(box) >= 0 && !box_put(box, "x", 1) && box_get_expecting(box, "x", 1) == 1;
}

/* --- time, and what a process has open */

static inline long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline long open_files(void)
{
	DIR *folder = opendir("/proc/self/fd");
	long count = 0;

	while (folder && readdir(folder))
		count++;
	if (folder)
		closedir(folder);
	return count;
}

/* With AddressSanitizer only. A test ends by _exit(), so it has to ask for the leaks. */
#pragma weak __lsan_do_recoverable_leak_check
int __lsan_do_recoverable_leak_check(void);

static inline void no_leaks(struct __test_metadata *_metadata)
{
	if (__lsan_do_recoverable_leak_check)
		EXPECT_EQ(0, __lsan_do_recoverable_leak_check());
}

/* --- the fixture for tests that need an empty box and nothing else */

FIXTURE(user)
{
	struct msgbox *box;
};

FIXTURE_SETUP(user)
{
#ifdef NEEDS_NO_BOX
	self->box = NULL;
#else
	self->box = open_box();
	ASSERT_NE(NULL, self->box);
	ASSERT_LE(0, box_drain(self->box)) {
		TH_LOG("cannot empty the box: %s", msgbox_error());
	}
	ASSERT_EQ(-ENODATA, box_get_expecting(self->box, "", 0)) {
		TH_LOG("the box does not stay empty, another process puts messages");
	}
#endif
}

FIXTURE_TEARDOWN(user)
{
	if (self->box) {
		EXPECT_EQ(0, box_drain(self->box)) {
			TH_LOG("messages were left in the box");
		}
	}
	msgbox_close(self->box);
	self->box = NULL;
	no_leaks(_metadata);
}

/*
 * After a SKIP in a fixture's setup, 6.1's harness would run the test. Exit status 255
 * of the test's process tells the harness that the test was skipped.
 */
#define SKIP_TEST(fmt, ...) SKIP(_exit(255), fmt, ##__VA_ARGS__)

#endif

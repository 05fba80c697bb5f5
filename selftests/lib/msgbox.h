/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The conditions for each test: the module is loaded, and before and after the test
 * the box is empty and no memory is reserved for puts in progress.
 */
#ifndef SELFTESTS_MSGBOX_H
#define SELFTESTS_MSGBOX_H

#include "calls.h"
#include "kselftest_harness.h"
#include "sysfs.h"

/* In seconds; emulated processors and debug kernels need more than the usual 30. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 300

/*
 * A constructor, as the harness has no hook for this. It does not make a call, because
 * a loaded module with calls that give ENOSYS must fail and not skip.
 */
static void __attribute__((constructor)) skip_unless_loaded(void)
{
	if (!access(MODULE_FOLDER, F_OK))
		return;
	ksft_print_header();
	ksft_exit_skip("the module dm510_msgbox is not loaded\n");
}

static inline void begin_with_empty_box(struct __test_metadata *_metadata)
{
	ASSERT_LE(0, drain()) {
		TH_LOG("cannot empty the box");
	}
	ASSERT_EQ(-ENODATA, get_nothing()) {
		TH_LOG("the box does not stay empty, another process puts messages");
	}
}

/* Empties the box after a failure, too, so that the next test does not fail. */
static inline void end_with_empty_box(struct __test_metadata *_metadata)
{
	EXPECT_EQ(0, drain()) {
		TH_LOG("messages were left in the box");
	}
	EXPECT_EQ(0, figure("pending")) {
		TH_LOG("memory is still reserved although no put is in progress");
	}
}

/* The fixture for tests that need nothing else. */
FIXTURE(msgbox)
{
};

FIXTURE_SETUP(msgbox)
{
	begin_with_empty_box(_metadata);
}

FIXTURE_TEARDOWN(msgbox)
{
	end_with_empty_box(_metadata);
}

/*
 * After a SKIP in a fixture's setup, 6.1's harness would run the test. Exit status 255
 * of the test's process tells the harness that the test was skipped.
 */
#define SKIP_TEST(fmt, ...) SKIP(_exit(255), fmt, ##__VA_ARGS__)

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ground every test stands on: the module is loaded, and the box is empty
 * before the test and after it, with nothing reserved for puts in progress.
 */
#ifndef SELFTESTS_MSGBOX_H
#define SELFTESTS_MSGBOX_H

#include "calls.h"
#include "kselftest_harness.h"
#include "sysfs.h"

/* In seconds: emulated processors and debug kernels need more than the usual 30. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 300

/*
 * Before main, as the harness has no place for it. Whether the calls answer is
 * not asked: a module that is loaded and whose calls give ENOSYS has to fail.
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
		TH_LOG("the box cannot be emptied");
	}
	ASSERT_EQ(-ENODATA, get_nothing()) {
		TH_LOG("the box does not stay empty: another process puts");
	}
}

/* Empties it all the same: one test's failure must not be the next one's. */
static inline void end_with_empty_box(struct __test_metadata *_metadata)
{
	EXPECT_EQ(0, drain()) {
		TH_LOG("messages were left in the box");
	}
	EXPECT_EQ(0, figure("pending")) {
		TH_LOG("memory of a put that has ended is still reserved");
	}
}

/* For tests that need no more than that. */
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
 * 6.1's harness would go on with the test after a SKIP in a fixture's setup;
 * 255 is how it learns of a skip from the process that runs the test.
 */
#define SKIP_TEST(fmt, ...) SKIP(_exit(255), fmt, ##__VA_ARGS__)

#endif

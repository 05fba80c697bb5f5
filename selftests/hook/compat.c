// SPDX-License-Identifier: GPL-2.0
/*
 * The calls are for 64-bit programs only. 32-bit programs, whichever instruction
 * they enter the kernel with, and x32 programs (x86) get ENOSYS, or a call of the kernel
 * that has the number in their own table, and the box does not change. Each caller first
 * makes a call that must work, to show that ENOSYS does not come from a broken entry.
 * 32-bit programs can use the device.
 */
#include <signal.h>

#include "caller32.h"
#include "child.h"
#include "msgbox.h"

static void run_caller32(const char *way, int out)
{
	char put_text[16], get_text[16];

	snprintf(put_text, sizeof(put_text), "%ld", put_nr);
	snprintf(get_text, sizeof(get_text), "%ld", get_nr);
	dup2(out, STDOUT_FILENO);
	execl(path_beside("caller32"), "caller32", way, put_text, get_text, NULL);
	_exit(errno == ENOEXEC ? 126 : 127);
}

FIXTURE(program32)
{
};

FIXTURE_VARIANT(program32)
{
	const char *way;
	/* Some processors do not have this instruction in 32-bit mode. */
	bool may_be_illegal;
};

#include "compat_callers.h"

FIXTURE_SETUP(program32)
{
	begin_with_empty_box(_metadata);
}

FIXTURE_TEARDOWN(program32)
{
	end_with_empty_box(_metadata);
}

TEST_F(program32, gets_enosys_and_can_use_the_device)
{
	struct replies replies;
	int status, fds[2];
	pid_t pid;

	ASSERT_EQ(0, pipe(fds));
	ASSERT_EQ(0, put("stays", 6));
	pid = fork();
	if (pid == 0)
		run_caller32(variant->way, fds[1]);
	close(fds[1]);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(6, get_expecting("stays", 6));
	ASSERT_EQ(-ENODATA, get_nothing());
	if (WIFEXITED(status) && WEXITSTATUS(status) == 126)
		SKIP_TEST("this kernel does not run 32-bit programs");
	if (variant->may_be_illegal && WIFSIGNALED(status) && WTERMSIG(status) == SIGILL)
		SKIP_TEST("this processor has no %s for 32-bit programs", variant->way);
	ASSERT_EQ(0, status);
	ASSERT_EQ(sizeof(replies), read(fds[0], &replies, sizeof(replies)));

	ASSERT_EQ(pid, replies.getpid);
	if (!table32_has(put_nr)) {
		EXPECT_EQ(-ENOSYS, replies.put);
		EXPECT_EQ(-ENOSYS, replies.put_null);
	}
	if (!table32_has(get_nr)) {
		EXPECT_EQ(-ENOSYS, replies.get);
		EXPECT_EQ(-ENOSYS, replies.get_null);
	}
	EXPECT_EQ(0, replies.written);
	/* Since 6.6, 452 is fchmodat2 in each table, and a put cannot be 452. */
	EXPECT_TRUE(replies.fchmodat2 == -ENOSYS ||
		    (replies.fchmodat2 == -ENOENT && put_nr != 452));
	/* The device is for all. */
	EXPECT_EQ(13, replies.device_write);
	EXPECT_EQ(13, replies.device_read);
	EXPECT_TRUE(replies.read_right);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * The calls are for 64-bit programs only. 32-bit programs, whichever instruction
 * they enter the kernel with, and x32 programs get ENOSYS, and the box does not
 * change. Each caller first makes a call that must work, to show that ENOSYS does
 * not come from a broken entry. 32-bit programs can use the device.
 */
#include <signal.h>

#include "caller32.h"
#include "child.h"
#include "msgbox.h"

#define X32		0x40000000
#define GETPID_32	20

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

FIXTURE_VARIANT_ADD(program32, int80)
{
	.way = "int80",
};

FIXTURE_VARIANT_ADD(program32, vdso)
{
	.way = "vdso",
};

FIXTURE_VARIANT_ADD(program32, sysenter)
{
	.way = "sysenter",
	.may_be_illegal = true,
};

FIXTURE_VARIANT_ADD(program32, syscall)
{
	.way = "syscall",
	.may_be_illegal = true,
};

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
	EXPECT_EQ(-ENOSYS, replies.put);
	EXPECT_EQ(-ENOSYS, replies.get);
	EXPECT_EQ(-ENOSYS, replies.put_null);
	EXPECT_EQ(-ENOSYS, replies.get_null);
	EXPECT_EQ(0, replies.written);
	/* The device is for all. */
	EXPECT_EQ(13, replies.device_write);
	EXPECT_EQ(13, replies.device_read);
	EXPECT_TRUE(replies.read_right);
}

/*
 * A 32-bit system call from a 64-bit program. Its arguments are in ebx and ecx. The
 * registers of a 64-bit call's arguments hold them, too, so that a call that is
 * wrongly served as a 64-bit one would succeed.
 */
static long int80(unsigned int nr, void *at, unsigned long len)
{
	long ret;

	/* The kernel clears r8 to r11. */
	asm volatile("int $0x80"
		     : "=a" (ret)
		     : "a" (nr), "b" (at), "c" (len), "d" (0), "S" (len), "D" (at)
		     : "r8", "r9", "r10", "r11", "memory");
	return (int)ret;
}

TEST_F(msgbox, int80_of_a_64_bit_program_gets_enosys)
{
	char *low = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	ASSERT_NE(MAP_FAILED, low);
	ASSERT_EQ(getpid(), int80(GETPID_32, 0, 0)) {
		TH_LOG("this kernel has no 32-bit system calls");
	}
	poison(low, PAGE);
	ASSERT_EQ(0, put("stays", 6));
	EXPECT_EQ(-ENOSYS, int80(put_nr, low, 16));
	EXPECT_EQ(-ENOSYS, int80(get_nr, low, 16));
	EXPECT_EQ(-ENOSYS, int80(put_nr, NULL, 0));
	EXPECT_EQ(-ENOSYS, int80(get_nr, NULL, 0));
	EXPECT_TRUE(is_poison(low, PAGE));
	ASSERT_EQ(6, get_expecting("stays", 6));
	ASSERT_EQ(-ENODATA, get_nothing());
	munmap(low, PAGE);
}

static long x32(long nr, void *at, unsigned long len)
{
	return raw(X32 | nr, (uintptr_t)at, len, 0, 0, 0, 0);
}

/* Debian's kernels support x32 if booted with syscall.x32=y. */
TEST_F(msgbox, x32_callers_get_enosys)
{
	long pid = x32(SYS_getpid, NULL, 0);
	char buf[ROOM];

	TH_LOG("this kernel supports x32: %s", pid == getpid() ? "yes" : "no");
	ASSERT_TRUE(pid == getpid() || pid == -ENOSYS);
	ASSERT_EQ(0, put("stays", 6));
	poison(buf, sizeof(buf));
	EXPECT_EQ(-ENOSYS, x32(put_nr, "from x32", 9));
	EXPECT_EQ(-ENOSYS, x32(get_nr, buf, sizeof(buf)));
	EXPECT_EQ(-ENOSYS, x32(put_nr, NULL, 0));
	EXPECT_EQ(-ENOSYS, x32(get_nr, NULL, 0));
	EXPECT_TRUE(is_poison(buf, sizeof(buf)));
	ASSERT_EQ(6, get_expecting("stays", 6));
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * The calls at the level of registers: which numbers reach them, which bits of the
 * arguments count, and which registers they change.
 */
#include <sys/utsname.h>

#include "child.h"
#include "msgbox.h"

static bool kernel_is_older_than(int major, int minor)
{
	struct utsname name;
	int has_major = 0, has_minor = 0;

	uname(&name);
	if (sscanf(name.release, "%d.%d", &has_major, &has_minor) != 2)
		return false;
	return has_major < major || (has_major == major && has_minor < minor);
}

/* Is the number ours or in use by the kernel? 451 exists since 6.5. */
static bool is_assigned(long nr)
{
	if (nr == put_nr || nr == get_nr)
		return true;
	/* The kernel's table marks these "don't use". */
	if (nr >= 387 && nr <= 423)
		return false;
	return nr < (kernel_is_older_than(6, 5) ? 451 : 512);
}

TEST_F(msgbox, the_numbers_beside_ours_still_give_enosys)
{
	char buf[16] = "beside";

	for (long nr = 387; nr < 600; nr++) {
		if (is_assigned(nr))
			continue;
		EXPECT_EQ(-ENOSYS, raw(nr, (long)buf, sizeof(buf), 0, 0, 0, 0)) {
			TH_LOG("system call %ld", nr);
		}
	}
	EXPECT_EQ(-ENOSYS, raw(0x7fffffff, (long)buf, sizeof(buf), 0, 0, 0, 0));
	EXPECT_EQ(-ENOSYS, raw(0xffffffff, (long)buf, sizeof(buf), 0, 0, 0, 0));
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_F(msgbox, garbage_in_registers_does_not_count)
{
	const unsigned long garbage = 0xdeadbeef00000000;
	char buf[16];

	/* Linux uses the lower 32 bits of the number, for every call. */
	ASSERT_EQ(getppid(), raw(garbage | SYS_getppid, 0, 0, 0, 0, 0, 0));

	ASSERT_EQ(0, raw(garbage | put_nr, (long)"message", garbage | 8, ~0, ~0, ~0, ~0));
	poison(buf, sizeof(buf));
	ASSERT_EQ(8, raw(garbage | get_nr, (long)buf, garbage | 8, ~0, ~0, ~0, ~0));
	ASSERT_STREQ("message", buf);
	ASSERT_TRUE(is_poison(buf + 8, 8));
	ASSERT_EQ(-ENODATA, get_nothing());
}

/*
 * A system call may change rax, rcx and r11 only. Compiled code would hardly notice
 * a change, as it keeps little in registers during a call. Returns the first register
 * that has changed, counted from 1, or 0.
 */
static int changed_register(unsigned long nr, const void *buf, unsigned long len)
{
	static unsigned long before[12], after[12];
	unsigned long *arguments = before;

	for (size_t i = 0; i < ARRAY_SIZE(before); i++)
		before[i] = 0x0101010101010101 * (i + 0x10);
	before[4] = (uintptr_t)buf;
	before[5] = len;

	/* The compiler may keep data in the red zone below the stack pointer: skip it. */
	asm volatile("leaq -128(%%rsp), %%rsp\n\t"
		     "push %%rbp\n\t"
		     "push %%rbx\n\t"
		     "movq 0(%[before]), %%rbx\n\t"
		     "movq 8(%[before]), %%rbp\n\t"
		     "movq 16(%[before]), %%r12\n\t"
		     "movq 24(%[before]), %%r13\n\t"
		     "movq 32(%[before]), %%rdi\n\t"
		     "movq 40(%[before]), %%rsi\n\t"
		     "movq 48(%[before]), %%rdx\n\t"
		     "movq 56(%[before]), %%r10\n\t"
		     "movq 64(%[before]), %%r8\n\t"
		     "movq 72(%[before]), %%r9\n\t"
		     "movq 80(%[before]), %%r14\n\t"
		     "movq 88(%[before]), %%r15\n\t"
		     "syscall\n\t"
		     /* The call may change rcx, so it is free to hold the address. */
		     "leaq %[after], %%rcx\n\t"
		     "movq %%rbx, 0(%%rcx)\n\t"
		     "movq %%rbp, 8(%%rcx)\n\t"
		     "movq %%r12, 16(%%rcx)\n\t"
		     "movq %%r13, 24(%%rcx)\n\t"
		     "movq %%rdi, 32(%%rcx)\n\t"
		     "movq %%rsi, 40(%%rcx)\n\t"
		     "movq %%rdx, 48(%%rcx)\n\t"
		     "movq %%r10, 56(%%rcx)\n\t"
		     "movq %%r8, 64(%%rcx)\n\t"
		     "movq %%r9, 72(%%rcx)\n\t"
		     "movq %%r14, 80(%%rcx)\n\t"
		     "movq %%r15, 88(%%rcx)\n\t"
		     "pop %%rbx\n\t"
		     "pop %%rbp\n\t"
		     "leaq 128(%%rsp), %%rsp"
		     : "+a" (nr), [before] "+c" (arguments), [after] "=m" (after)
		     :
		     : "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
		       "memory");
	for (size_t i = 0; i < ARRAY_SIZE(before); i++)
		if (before[i] != after[i])
			return i + 1;
	return 0;
}

TEST_F(msgbox, registers_are_preserved)
{
	char buf[16];

	EXPECT_EQ(0, changed_register(SYS_getppid, NULL, 0));

	EXPECT_EQ(0, changed_register(put_nr, "message", 8));
	EXPECT_EQ(0, changed_register(put_nr, NULL, 8));
	EXPECT_EQ(0, changed_register(put_nr, (char *)PAGE, 8));
	EXPECT_EQ(0, changed_register(get_nr, buf, 1));
	EXPECT_EQ(0, changed_register(get_nr, buf, sizeof(buf)));
	EXPECT_EQ(0, changed_register(get_nr, buf, sizeof(buf)));
	ASSERT_STREQ("message", buf);
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_F(msgbox, other_system_calls_are_as_before)
{
	pid_t parent = getppid();
	char buf[16];
	bool has_numa;
	int fds[2];

	ASSERT_EQ(0, pipe(fds));
	for (int i = 0; i < 1000; i++) {
		ASSERT_EQ(0, put("message", 8));
		ASSERT_EQ(parent, syscall(SYS_getppid));
		ASSERT_EQ(3, write(fds[1], "abc", 3));
		ASSERT_EQ(3, read(fds[0], buf, sizeof(buf)));
		ASSERT_EQ(8, get(buf, sizeof(buf)));
	}
	/*
	 * futex_waitv and set_mempolicy_home_node, the last two calls in 6.1's table.
	 * Kernels without NUMA do not have the latter.
	 */
	ASSERT_EQ(-1, syscall(449, -1, -1, -1, -1));
	ASSERT_EQ(EINVAL, errno);
	has_numa = !access("/sys/devices/system/node", F_OK);
	ASSERT_EQ(-1, syscall(450, -1, -1, -1, -1));
	ASSERT_EQ(has_numa, errno != ENOSYS);
	close(fds[0]);
	close(fds[1]);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * The calls at the level of registers: which numbers reach them, which bits of the
 * arguments count, and which registers they change.
 */
#include <sys/utsname.h>

#include "child.h"
#include "msgbox.h"
#include "registers.h"

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

TEST_F(msgbox, registers_are_preserved)
{
	char buf[16];

	EXPECT_EQ(0, changed_register(SYS_getppid, NULL, 0));

	EXPECT_EQ(0, changed_register(put_nr, "message", 8));
	EXPECT_EQ(0, changed_register(put_nr, NULL, 8));
	EXPECT_EQ(0, changed_register(put_nr, BAD_ADDRESS, 8));
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

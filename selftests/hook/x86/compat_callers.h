/* SPDX-License-Identifier: GPL-2.0 */
/* The callers of an x86 kernel that are no 64-bit ones, for compat.c. */

#define X32		0x40000000
#define GETPID_32	20

/* Has the table of 32-bit programs a call at this number of put or get? */
static bool table32_has(long nr)
{
	(void)nr;
	return false;
}

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

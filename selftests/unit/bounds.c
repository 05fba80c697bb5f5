// SPDX-License-Identifier: GPL-2.0
/*
 * Finding the bounds in the bytes of do_syscall_64: in each form that compilers
 * generate, and in nothing else.
 */
#include "kselftest_harness.h"

#include "bounds.h"

#define NR_SYSCALLS	451

/* Immediates, little endian. */
#define N449		"\xc1\x01\0\0"
#define N450		"\xc2\x01\0\0"
#define N451		"\xc3\x01\0\0"
#define N453		"\xc5\x01\0\0"
#define N454		"\xc6\x01\0\0"
#define N547		"\x23\x02\0\0"
#define N548		"\x24\x02\0\0"

/* Comparisons with an immediate. */
#define CMP_EAX		"\x3d"
#define CMP_RAX		"\x48\x3d"
#define CMP_RDX		"\x48\x81\xfa"
#define CMP_R12D	"\x41\x81\xfc"
#define CMP_R13		"\x49\x81\xfd"
#define CMP_MEMORY	"\x81\x3a"
#define MOV_EAX		"\xb8"

/* What follows the limit. */
#define JA_SHORT	"\x77\x20"
#define JA_NEAR		"\x0f\x87\x20\0\0\0"
#define JBE_SHORT	"\x76\x20"
#define JBE_NEAR	"\x0f\x86\x20\0\0\0"
#define JE_SHORT	"\x74\x20"

/* What follows the clamp. */
#define SBB_RCX		"\x48\x19\xc9"
#define SBB_R8		"\x4d\x19\xc0"
#define SBB_OTHER	"\x48\x19\xc8"

/* A good limit and a good clamp. */
#define LIMIT		"\x3d\xc2\x01\0\0\x77\x20"
#define CLAMP		"\x48\x3d\xc3\x01\0\0\x48\x19\xc9"

#define NOPS		"\x90\x90\x90"

static struct hook_bounds bounds;

/* The text is copied, so that AddressSanitizer detects a read of one byte too many. */
static int find_in(const char *text, size_t size)
{
	__u8 *copy = malloc(size);
	int ret;

	memcpy(copy, text, size);
	bounds = (struct hook_bounds) {};
	ret = hook_bounds_find(copy, size, NR_SYSCALLS - 1, NR_SYSCALLS, &bounds);
	free(copy);
	return ret;
}

#define find(text) find_in(text, sizeof(text) - 1)

TEST(every_form_is_found)
{
	EXPECT_EQ(0, find(NOPS CMP_EAX N450 JA_NEAR CMP_RAX N451 SBB_RCX));
	EXPECT_EQ(4, bounds.limit[0]);
	EXPECT_EQ(16, bounds.clamp);

	EXPECT_EQ(0, find(CMP_RDX N450 JA_SHORT CMP_RDX N451 SBB_R8));
	EXPECT_EQ(3, bounds.limit[0]);
	EXPECT_EQ(12, bounds.clamp);

	EXPECT_EQ(0, find(CMP_R12D N450 JA_SHORT NOPS CMP_R13 N451 SBB_RCX));
	EXPECT_EQ(3, bounds.limit[0]);
	EXPECT_EQ(15, bounds.clamp);

	EXPECT_EQ(0, find(CMP_R13 N450 JA_NEAR CMP_RAX N451 SBB_RCX NOPS));
	EXPECT_EQ(3, bounds.limit[0]);
	EXPECT_EQ(15, bounds.clamp);
}

/* 6.12: traced calls are compared in a place of their own. */
TEST(there_may_be_a_second_limit)
{
	EXPECT_EQ(0, find(LIMIT CLAMP));
	EXPECT_EQ(1, bounds.limits);
	EXPECT_EQ(0, find(LIMIT CLAMP NOPS CMP_R12D N450 JBE_NEAR));
	EXPECT_EQ(2, bounds.limits);
	EXPECT_EQ(1, bounds.limit[0]);
	EXPECT_EQ(22, bounds.limit[1]);
	EXPECT_EQ(9, bounds.clamp);
	EXPECT_EQ(0, find(CMP_EAX N450 JBE_SHORT LIMIT CLAMP));
	EXPECT_EQ(2, bounds.limits);
}

TEST(the_table_of_x32_is_left_alone)
{
	EXPECT_EQ(0, find(LIMIT CLAMP CMP_EAX N547 JA_SHORT CMP_RAX N548 SBB_RCX));
	EXPECT_EQ(1, bounds.limit[0]);
	EXPECT_EQ(9, bounds.clamp);
}

TEST(both_must_be_there)
{
	EXPECT_EQ(-ENOENT, find(""));
	EXPECT_EQ(-ENOENT, find(NOPS));
	EXPECT_EQ(-ENOENT, find(LIMIT));
	EXPECT_EQ(-ENOENT, find(CLAMP));
}

TEST(there_are_not_more)
{
	EXPECT_EQ(-ENOENT, find(LIMIT LIMIT LIMIT CLAMP));
	EXPECT_EQ(-ENOENT, find(LIMIT CLAMP CLAMP));
}

/* Another use of a value may be a third bound. */
TEST(the_values_are_nothing_else)
{
	EXPECT_EQ(-ENOENT, find(LIMIT CLAMP MOV_EAX N450));
	EXPECT_EQ(-ENOENT, find(LIMIT CLAMP MOV_EAX N451));
	EXPECT_EQ(-ENOENT, find(LIMIT CLAMP CMP_EAX N450 JE_SHORT));
	EXPECT_EQ(-ENOENT, find(LIMIT CLAMP CMP_EAX N451 JA_SHORT));
}

TEST(the_limit_comes_first)
{
	EXPECT_EQ(-ENOENT, find(CLAMP LIMIT));
}

TEST(other_values_are_not_them)
{
	EXPECT_EQ(-ENOENT, find(CMP_EAX N449 JA_SHORT CLAMP));
	EXPECT_EQ(-ENOENT, find(LIMIT CMP_RAX N450 SBB_RCX));
	/* As another module would have raised them. */
	EXPECT_EQ(-ENOENT, find(CMP_EAX N453 JA_SHORT CMP_RAX N454 SBB_RCX));
}

TEST(other_instructions_are_not_them)
{
	EXPECT_EQ(-ENOENT, find(MOV_EAX N450 JA_SHORT CLAMP));
	EXPECT_EQ(-ENOENT, find(CMP_MEMORY N450 JA_SHORT CLAMP));
	EXPECT_EQ(-ENOENT, find(CMP_EAX N450 JE_SHORT CLAMP));
	EXPECT_EQ(-ENOENT, find(LIMIT CMP_RAX N451 SBB_OTHER));
	EXPECT_EQ(-ENOENT, find(LIMIT CMP_RAX N451 JA_SHORT));
}

TEST(nothing_beyond_the_end_is_read)
{
	EXPECT_EQ(-ENOENT, find(CMP_EAX "\xc2"));
	EXPECT_EQ(-ENOENT, find(CMP_EAX N450));
	EXPECT_EQ(-ENOENT, find(CMP_EAX N450 "\x77"));
	EXPECT_EQ(-ENOENT, find(CMP_EAX N450 "\x0f"));
	EXPECT_EQ(-ENOENT, find(LIMIT CMP_RAX N451));
	EXPECT_EQ(-ENOENT, find(LIMIT CMP_RAX N451 "\x48\x19"));
}

TEST_HARNESS_MAIN

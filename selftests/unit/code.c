// SPDX-License-Identifier: GPL-2.0
/*
 * Tests hook/arm64/code.c with instructions that were assembled for arm64. The bytes of a
 * function begin at START.
 */
#include "kselftest_harness.h"
#include "code.h"

#define START	0xffff800008010ff8UL
#define NOP	0xd503201fU

#define TEXT(...)								\
	((struct hook_text){							\
		.bytes = (const __u8 *)(const __u32 []){ __VA_ARGS__ },		\
		.size = sizeof((const __u32 []){ __VA_ARGS__ }),		\
		.start = START,							\
	})

TEST(branches)
{
	/* BL to 8 bytes further, B to 4 bytes back. */
	EXPECT_TRUE(hook_code_branches_to(&TEXT(NOP, 0x94000002), START + 12));
	EXPECT_TRUE(hook_code_branches_to(&TEXT(NOP, 0x17ffffff), START));
	/* The longest ones: 128 MiB. */
	EXPECT_TRUE(hook_code_branches_to(&TEXT(0x95ffffff), START + 0x7fffffc));
	EXPECT_TRUE(hook_code_branches_to(&TEXT(0x96000000), START - 0x8000000));
}

TEST(no_branches)
{
	EXPECT_FALSE(hook_code_branches_to(&TEXT(NOP, 0x94000002), START + 8));
	/* CBZ, B.EQ and BLR with the same distance or none. */
	EXPECT_FALSE(hook_code_branches_to(&TEXT(0xb4000040), START + 8));
	EXPECT_FALSE(hook_code_branches_to(&TEXT(0x54000040), START + 8));
	EXPECT_FALSE(hook_code_branches_to(&TEXT(0xd63f0000), START));
	EXPECT_FALSE(hook_code_branches_to(&(struct hook_text){ .start = START }, START));
}

/* An instruction that is cut off at the end is not read. */
TEST(cut_off)
{
	struct hook_text text = TEXT(NOP, 0x94000002);

	text.size--;
	EXPECT_FALSE(hook_code_branches_to(&text, START + 12));
}

TEST(addresses)
{
	/* adrp x2, the next page; add x2, x2, #0x6e8: the second instruction is there. */
	EXPECT_EQ(0xffff8000080116e8UL,
		  hook_code_first_address(&TEXT(0xb0000002, 0x911ba042)));
	/* A jump does not end it. */
	EXPECT_EQ(0xffff8000080126ecUL,
		  hook_code_first_address(&TEXT(0x14000002, 0x90000002, 0xb0000002, 0x911bb042)));
	/* Nor does ftrace's call: mov x9, x30; bl. */
	EXPECT_EQ(0xffff8000080126e8UL,
		  hook_code_first_address(&TEXT(0xaa1e03e9, 0x94000002, 0xb0000002, 0x911ba042)));
	/* adrp x2, 16 MiB before; nop; add x2, x2, #0x10 */
	EXPECT_EQ(0xffff800007010010UL,
		  hook_code_first_address(&TEXT(0x90ff8002, NOP, 0x91004042)));
}

TEST(no_addresses)
{
	/* To another register; from another one; shifted by 12; behind a call; none. */
	EXPECT_EQ(0, hook_code_first_address(&TEXT(0xb0000002, 0x911ba043)));
	EXPECT_EQ(0, hook_code_first_address(&TEXT(0xb0000002, 0x911ba062)));
	EXPECT_EQ(0, hook_code_first_address(&TEXT(0xb0000002, 0x915ba042)));
	EXPECT_EQ(0, hook_code_first_address(&TEXT(0xb0000002, NOP, NOP, 0x94000002, 0x911ba042)));
	EXPECT_EQ(0, hook_code_first_address(&TEXT(NOP, NOP)));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Where do_syscall_64 and x64_sys_call send calls, read from their bytes: in each
 * form that compilers have given them, and not in anything else.
 */
#include "kselftest_harness.h"

#include "dispatch.h"

#define START	0xffffffff81000000UL
#define OTHER	(START + 0x1000)
#define LAST	450

#define CMP_LAST	"\x81\xfe\xc2\x01\0\0"
#define CMP_OTHER	"\x81\xfe\xc1\x01\0\0"
#define NOPS		"\x90\x90\x90"

/* Over the next five bytes, which are a jump to somewhere else. */
#define JE_5		"\x74\x05"
#define JNE_5		"\x75\x05"
#define JA_5		"\x77\x05"
#define JB_5		"\x72\x05"
#define JBE_5		"\x76\x05"
#define JAE_5		"\x73\x05"
#define JS_5		"\x78\x05"
#define JMP_5		"\xeb\x05"
#define JE_5_NEAR	"\x0f\x84\x05\0\0\0"
#define JNE_5_NEAR	"\x0f\x85\x05\0\0\0"
#define JNE_18		"\x75\x12"
#define ELSEWHERE	"\xe9\0\0\x10\0"

static __u8 bytes[256];
static struct hook_text text;

static void begin(void)
{
	memset(bytes, 0x90, sizeof(bytes));
	text = (struct hook_text) { bytes, 0, START };
}

static void add(const char *more, size_t size)
{
	memcpy(bytes + text.size, more, size);
	text.size += size;
}

#define ADD(more) add(more, sizeof(more) - 1)

/* A jump or a call to there. */
static void add_branch(const char *opcode, unsigned long target)
{
	__s32 relative;

	add(opcode, strlen(opcode));
	relative = target - (START + text.size + sizeof(relative));
	add((const char *)&relative, sizeof(relative));
}

/* The text is copied, so that AddressSanitizer sees one byte read too many. */
static bool with_copy(bool (*ask)(const struct hook_text *copy))
{
	__u8 *copy = malloc(text.size);
	struct hook_text exact = { copy, text.size, START };
	bool ret;

	memcpy(copy, bytes, text.size);
	ret = ask(&exact);
	free(copy);
	return ret;
}

static bool ask_goes_to(const struct hook_text *copy)
{
	return hook_dispatch_branches_to(copy, OTHER);
}

static bool ask_turns_away(const struct hook_text *copy)
{
	return hook_dispatch_rejects_above(copy, LAST, OTHER);
}

static bool goes_to(const char *opcode, unsigned long target)
{
	begin();
	ADD(NOPS);
	add_branch(opcode, target);
	return with_copy(ask_goes_to);
}

/* After these bytes: a jump elsewhere, then one to the other function. */
static bool turns_away(const char *first, size_t size)
{
	begin();
	add(first, size);
	ADD(ELSEWHERE);
	add_branch("\xe9", OTHER);
	ADD(NOPS);
	return with_copy(ask_turns_away);
}

#define TURNS_AWAY(first) turns_away(first, sizeof(first) - 1)

TEST(calls_and_jumps_are_seen)
{
	EXPECT_TRUE(goes_to("\xe8", OTHER));
	EXPECT_TRUE(goes_to("\xe9", OTHER));
	EXPECT_TRUE(goes_to("\x0f\x84", OTHER));
	EXPECT_TRUE(goes_to("\x0f\x87", OTHER));
}

TEST(other_instructions_are_not)
{
	EXPECT_FALSE(goes_to("\xb8", OTHER));
	EXPECT_FALSE(goes_to("\xea", OTHER));
	EXPECT_FALSE(goes_to("\x0f\x90", OTHER));
	EXPECT_FALSE(goes_to("\x0f", OTHER));
}

/* The room before a function in which call depth is counted, and its ENDBR. */
TEST(there_is_more_than_one_way_in)
{
	EXPECT_TRUE(goes_to("\xe8", OTHER - 15));
	EXPECT_TRUE(goes_to("\xe8", OTHER - 9));
	EXPECT_TRUE(goes_to("\xe8", OTHER + 4));
	EXPECT_FALSE(goes_to("\xe8", OTHER - 16));
	EXPECT_FALSE(goes_to("\xe8", OTHER + 5));
}

TEST(nothing_beyond_the_end_is_read)
{
	size_t whole;

	EXPECT_TRUE(goes_to("\x0f\x84", OTHER));
	for (whole = text.size; text.size--;)
		EXPECT_FALSE(with_copy(ask_goes_to));
	EXPECT_EQ(9, whole);
	/* Without the three NOPs at the end. */
	EXPECT_TRUE(TURNS_AWAY(CMP_LAST JNE_5));
	for (text.size -= 3; text.size--;)
		EXPECT_FALSE(with_copy(ask_turns_away));
}

TEST(what_is_greater_is_turned_away)
{
	EXPECT_TRUE(TURNS_AWAY(CMP_LAST JNE_5));
	EXPECT_TRUE(TURNS_AWAY(CMP_LAST JNE_5_NEAR));
	EXPECT_TRUE(TURNS_AWAY(CMP_LAST JA_5));
	EXPECT_TRUE(TURNS_AWAY(CMP_LAST JAE_5));
	EXPECT_TRUE(TURNS_AWAY(CMP_LAST JMP_5));
	EXPECT_TRUE(TURNS_AWAY(NOPS CMP_OTHER JE_5 CMP_LAST JE_5_NEAR JNE_5));
	EXPECT_TRUE(TURNS_AWAY(CMP_LAST JB_5 JBE_5 JE_5 JA_5));
}

TEST(what_is_greater_goes_elsewhere)
{
	EXPECT_FALSE(TURNS_AWAY(CMP_LAST));
	EXPECT_FALSE(TURNS_AWAY(CMP_LAST JE_5));
	EXPECT_FALSE(TURNS_AWAY(CMP_LAST JB_5));
	EXPECT_FALSE(TURNS_AWAY(CMP_LAST JBE_5));
}

/* As compilers do it that know that no number is greater. */
TEST(no_comparison_with_the_last_one)
{
	EXPECT_FALSE(TURNS_AWAY(NOPS));
	EXPECT_FALSE(TURNS_AWAY(CMP_OTHER JNE_5));
	EXPECT_FALSE(TURNS_AWAY("\x81\xff\xc2\x01\0\0" JNE_5));
	EXPECT_FALSE(TURNS_AWAY("\x83\xfe\xc2\x01\0\0" JNE_5));
}

TEST(what_is_not_understood_is_not_believed)
{
	EXPECT_FALSE(TURNS_AWAY(CMP_LAST NOPS JNE_5));
	EXPECT_FALSE(TURNS_AWAY(CMP_LAST JS_5 JNE_5));
	/* A breakpoint of somebody's. */
	EXPECT_FALSE(TURNS_AWAY(CMP_LAST "\xcc\x05"));
	/* To itself. */
	EXPECT_FALSE(TURNS_AWAY(CMP_LAST "\xeb\xfe"));
	/* A second one that does otherwise. */
	EXPECT_FALSE(TURNS_AWAY(CMP_LAST JNE_18 ELSEWHERE CMP_LAST JE_5));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * Choosing the function to attach to, from the bytes that the two begin with.
 */
#include "kselftest_harness.h"

#include "point.h"

#define ENDBR		"\xf3\x0f\x1e\xfa"
/* What is written over it where nobody takes the address: 6.12, 7.x. */
#define POISON		"\x66\x0f\x1f\x00"
#define LATER_POISON	"\x0f\x1f\x40\xd6"
#define NOP		"\x0f\x1f\x44\x00\x00"
#define CALL		"\xe8\x12\x34\x56\x78"
#define JMP		"\xe9\x12\x34\x56\x78"
#define ENOSYS_RET	"\x48\xc7\xc0\xda\xff\xff\xff\xc3"
#define EPERM_RET	"\x48\xc7\xc0\xff\xff\xff\xff\xc3"
#define CMP_ESI		"\x81\xfe\xb0\x00\x00\x00"

/* Copied, so that AddressSanitizer sees one byte read too many. */
static __u8 *copy(const char *text, size_t size)
{
	__u8 *bytes = malloc(HOOK_POINT_BYTES);

	memset(bytes, 0xcc, HOOK_POINT_BYTES);
	memcpy(bytes, text, size < HOOK_POINT_BYTES ? size : HOOK_POINT_BYTES);
	return bytes;
}

static enum hook_point choose_of(const char *not_implemented, size_t size,
				 const char *dispatch, size_t dispatch_size)
{
	__u8 *first = copy(not_implemented, size);
	__u8 *second = copy(dispatch, dispatch_size);
	enum hook_point choice = hook_point_choose(first, second);

	free(first);
	free(second);
	return choice;
}

#define choose(a, b) choose_of(a, sizeof(a) - 1, b, sizeof(b) - 1)

TEST(dispatch_where_nothing_else_can_be_traced)
{
	EXPECT_EQ(HOOK_POINT_DISPATCH, choose(ENOSYS_RET, NOP CMP_ESI));
	EXPECT_EQ(HOOK_POINT_DISPATCH, choose(ENDBR ENOSYS_RET, POISON NOP CMP_ESI));
	EXPECT_EQ(HOOK_POINT_DISPATCH, choose(ENDBR ENOSYS_RET, ENDBR NOP CMP_ESI));
	EXPECT_EQ(HOOK_POINT_DISPATCH, choose(ENDBR ENOSYS_RET, LATER_POISON NOP));
}

TEST(not_implemented_where_it_can_be_traced)
{
	EXPECT_EQ(HOOK_POINT_NOT_IMPLEMENTED, choose(ENDBR NOP ENOSYS_RET, CMP_ESI));
	EXPECT_EQ(HOOK_POINT_NOT_IMPLEMENTED, choose(NOP ENOSYS_RET, CMP_ESI));
	EXPECT_EQ(HOOK_POINT_NOT_IMPLEMENTED, choose(NOP ENOSYS_RET, NOP CMP_ESI));
}

TEST(another_user_is_no_obstacle_to_choosing)
{
	EXPECT_EQ(HOOK_POINT_NOT_IMPLEMENTED, choose(ENDBR CALL ENOSYS_RET, CMP_ESI));
	EXPECT_EQ(HOOK_POINT_DISPATCH, choose(ENOSYS_RET, POISON CALL CMP_ESI));
}

TEST(not_implemented_must_do_nothing_else)
{
	EXPECT_EQ(HOOK_POINT_NONE, choose(NOP EPERM_RET, CMP_ESI));
	EXPECT_EQ(HOOK_POINT_NONE, choose(ENDBR NOP CMP_ESI, CMP_ESI));
	EXPECT_EQ(HOOK_POINT_DISPATCH, choose(NOP EPERM_RET, NOP CMP_ESI));
}

TEST(neither_can_be_traced)
{
	EXPECT_EQ(HOOK_POINT_NONE, choose("", ""));
	EXPECT_EQ(HOOK_POINT_NONE, choose(ENOSYS_RET, CMP_ESI));
	EXPECT_EQ(HOOK_POINT_NONE, choose(ENDBR ENOSYS_RET, ENDBR CMP_ESI));
	EXPECT_EQ(HOOK_POINT_NONE, choose(ENOSYS_RET, JMP));
	/* An entry has one ENDBR at most. */
	EXPECT_EQ(HOOK_POINT_NONE, choose(ENOSYS_RET, ENDBR POISON NOP));
}

TEST_HARNESS_MAIN

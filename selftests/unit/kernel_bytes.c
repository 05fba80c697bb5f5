// SPDX-License-Identifier: GPL-2.0
/*
 * Finding the bounds in the real bytes of a kernel, without running it.
 *
 * The environment describes the kernel:
 *	KERNEL_TEXT		a file with the output of kernel_text on it, for
 *				do_syscall_64, x64_sys_call and __x64_sys_ni_syscall,
 *				and before each of them its name@address
 *	KERNEL_NR_SYSCALLS	the size of its table
 *	KERNEL_RELEASE		its release
 */
#include "kselftest_harness.h"

#include "bounds.h"
#include "dispatch.h"

#define LARGEST	(64 * 1024)

struct function {
	__u8 bytes[LARGEST];
	size_t size;
	unsigned long start;
};

static struct function do_syscall_64, x64_sys_call, ni_syscall;
static __u32 nr_syscalls;

/* "name+0xoffset: 0f 1f ..." */
static void read_line(struct function *function, char *at)
{
	char *end;

	for (;;) {
		unsigned long byte = strtoul(at, &end, 16);

		if (end == at || function->size == LARGEST)
			return;
		function->bytes[function->size++] = byte;
		at = end;
	}
}

static void read_function(struct function *function, const char *name)
{
	FILE *file = fopen(getenv("KERNEL_TEXT") ?: "", "r");
	char line[512];

	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, name, strlen(name)))
			continue;
		if (line[strlen(name)] == '+')
			read_line(function, strchr(line, ':') + 1);
		else if (line[strlen(name)] == '@')
			function->start = strtoul(line + strlen(name) + 1, NULL, 16);
	}
	if (file)
		fclose(file);
}

/* An exact copy, so that AddressSanitizer detects a read of one byte too many. */
static int find(const struct function *function, __u32 nr, struct hook_bounds *bounds)
{
	__u8 *copy = malloc(function->size);
	int ret;

	memcpy(copy, function->bytes, function->size);
	ret = hook_bounds_find(copy, function->size, nr - 1, nr, bounds);
	free(copy);
	return ret;
}

FIXTURE(kernel) {};

FIXTURE_SETUP(kernel)
{
	nr_syscalls = strtoul(getenv("KERNEL_NR_SYSCALLS") ?: "0", NULL, 10);
	ASSERT_NE(0, nr_syscalls);
	read_function(&do_syscall_64, "do_syscall_64");
	read_function(&x64_sys_call, "x64_sys_call");
	read_function(&ni_syscall, "__x64_sys_ni_syscall");
	ASSERT_NE(0, do_syscall_64.size);
	ASSERT_NE(0, x64_sys_call.size);
	ASSERT_NE(0, do_syscall_64.start);
	ASSERT_NE(0, x64_sys_call.start);
	ASSERT_NE(0, ni_syscall.start);
}

FIXTURE_TEARDOWN(kernel)
{
}

TEST_F(kernel, the_bounds_are_found)
{
	struct hook_bounds bounds;
	__u32 value;

	ASSERT_EQ(0, find(&do_syscall_64, nr_syscalls, &bounds));
	for (unsigned int i = 0; i < bounds.limits; i++) {
		memcpy(&value, do_syscall_64.bytes + bounds.limit[i], sizeof(value));
		EXPECT_EQ(nr_syscalls - 1, value);
	}
	memcpy(&value, do_syscall_64.bytes + bounds.clamp, sizeof(value));
	EXPECT_EQ(nr_syscalls, value);
}

TEST_F(kernel, no_other_size_of_the_table_is_believed)
{
	struct hook_bounds bounds;
	int believed = 0;

	/* The end of x32's table, 547, is compared with in the same way. */
	for (__u32 nr = 1; nr <= 512; nr++)
		believed += !find(&do_syscall_64, nr, &bounds);
	EXPECT_EQ(1, believed);
}

/* No corruption may make the module write anywhere but to the bounds. */
static bool is_within(const struct hook_bounds *found, const struct hook_bounds *good)
{
	for (unsigned int i = 0; i < found->limits; i++) {
		if (found->limit[i] != good->limit[0] && found->limit[i] != good->limit[1])
			return false;
	}
	return found->clamp == good->clamp && found->limits <= good->limits;
}

TEST_F(kernel, a_corrupted_bit_is_refused_or_finds_no_other_place)
{
	struct hook_bounds good = {}, bounds;
	int refused = 0;

	ASSERT_EQ(0, find(&do_syscall_64, nr_syscalls, &good));
	for (size_t i = 0; i < do_syscall_64.size; i++) {
		for (int bit = 0; bit < 8; bit++) {
			do_syscall_64.bytes[i] ^= 1 << bit;
			if (find(&do_syscall_64, nr_syscalls, &bounds))
				refused++;
			else
				ASSERT_TRUE(is_within(&bounds, &good));
			do_syscall_64.bytes[i] ^= 1 << bit;
		}
	}
	/* At least each bit of the first limit and of the clamp matters. */
	ASSERT_LE(2 * 32, refused);
}

TEST_F(kernel, a_corrupted_bound_is_refused)
{
	struct hook_bounds good, bounds;

	ASSERT_EQ(0, find(&do_syscall_64, nr_syscalls, &good));
	for (unsigned int i = 0; i < 64; i++) {
		size_t bound = i < 32 ? good.clamp : good.limit[0];
		__u8 *byte = &do_syscall_64.bytes[bound + i % 32 / 8];

		*byte ^= 1 << i % 8;
		EXPECT_EQ(-ENOENT, find(&do_syscall_64, nr_syscalls, &bounds));
		*byte ^= 1 << i % 8;
	}
}

TEST_F(kernel, a_function_cut_short_is_refused)
{
	struct hook_bounds good, bounds;
	size_t whole = do_syscall_64.size;

	ASSERT_EQ(0, find(&do_syscall_64, nr_syscalls, &good));
	for (size_t size = 0; size <= good.clamp + 4; size++) {
		do_syscall_64.size = size;
		ASSERT_EQ(-ENOENT, find(&do_syscall_64, nr_syscalls, &bounds));
	}
	do_syscall_64.size = whole;
}

/* As raised by another module, and while that module lowers them. */
TEST_F(kernel, raised_bounds_are_known)
{
	const __u32 raised = nr_syscalls + 3, limit = raised - 1;
	struct hook_bounds good, bounds;

	ASSERT_EQ(0, find(&do_syscall_64, nr_syscalls, &good));
	memcpy(do_syscall_64.bytes + good.clamp, &raised, sizeof(raised));
	EXPECT_EQ(-ENOENT, find(&do_syscall_64, nr_syscalls, &bounds));
	EXPECT_EQ(-ENOENT, find(&do_syscall_64, raised, &bounds));
	EXPECT_EQ(0, hook_bounds_find(do_syscall_64.bytes, do_syscall_64.size,
				      nr_syscalls - 1, raised, &bounds));
	for (unsigned int i = 0; i < good.limits; i++)
		memcpy(do_syscall_64.bytes + good.limit[i], &limit, sizeof(limit));
	EXPECT_EQ(0, find(&do_syscall_64, raised, &bounds));
	EXPECT_EQ(-ENOENT, find(&do_syscall_64, nr_syscalls, &bounds));
}

/* A copy, as in find(). */
static bool goes_to(const struct function *function, const struct function *other)
{
	__u8 *copy = malloc(function->size);
	struct hook_text text = { copy, function->size, function->start };
	bool ret;

	memcpy(copy, function->bytes, function->size);
	ret = hook_dispatch_branches_to(&text, other->start);
	free(copy);
	return ret;
}

static bool turns_away(__u32 last)
{
	__u8 *copy = malloc(x64_sys_call.size);
	struct hook_text text = { copy, x64_sys_call.size, x64_sys_call.start };
	bool ret;

	memcpy(copy, x64_sys_call.bytes, x64_sys_call.size);
	ret = hook_dispatch_rejects_above(&text, last, ni_syscall.start);
	free(copy);
	return ret;
}

TEST_F(kernel, calls_go_from_function_to_function)
{
	const struct function middle = { .start = x64_sys_call.start + x64_sys_call.size / 2 };

	EXPECT_TRUE(goes_to(&do_syscall_64, &x64_sys_call));
	EXPECT_TRUE(goes_to(&x64_sys_call, &ni_syscall));
	EXPECT_FALSE(goes_to(&do_syscall_64, &middle));
	EXPECT_FALSE(goes_to(&x64_sys_call, &do_syscall_64));
}

/* At most four bits move the target so little that it is still accepted. */
TEST_F(kernel, a_corrupted_call_is_not_believed)
{
	int refused = 0;

	for (size_t i = 0; i < do_syscall_64.size * 8; i++) {
		do_syscall_64.bytes[i / 8] ^= 1 << i % 8;
		refused += !goes_to(&do_syscall_64, &x64_sys_call);
		do_syscall_64.bytes[i / 8] ^= 1 << i % 8;
	}
	EXPECT_LE(28, refused);
	EXPECT_GE(40, refused);
}

/* CMP ESI, imm32, at any byte. */
static bool is_compared_with(__u32 nr)
{
	__u8 compare[2 + sizeof(nr)] = { 0x81, 0xfe };

	memcpy(compare + 2, &nr, sizeof(nr));
	return memmem(x64_sys_call.bytes, x64_sys_call.size, compare, sizeof(compare));
}

/*
 * Since 6.15 the kernel's source tells the compiler that no number is beyond
 * the table. gcc 14 then leaves out the last comparison, gcc 16 does not.
 */
TEST_F(kernel, the_end_of_the_table_is_known_or_not)
{
	const char *release = getenv("KERNEL_RELEASE") ?: "";
	char *rest;
	long major = strtol(release, &rest, 10), minor;

	ASSERT_EQ('.', *rest);
	minor = strtol(rest + 1, NULL, 10);
	EXPECT_TRUE(major != 6 || minor >= 15 || turns_away(nr_syscalls - 1));
	EXPECT_EQ(is_compared_with(nr_syscalls - 1), turns_away(nr_syscalls - 1));
	EXPECT_FALSE(turns_away(nr_syscalls));
	EXPECT_FALSE(turns_away(nr_syscalls - 2));
}

TEST_F(kernel, a_corrupted_end_is_not_believed)
{
	bool known = turns_away(nr_syscalls - 1);
	int refused = 0, believed = 0;

	for (size_t i = 0; i < x64_sys_call.size * 8; i++) {
		x64_sys_call.bytes[i / 8] ^= 1 << i % 8;
		if (turns_away(nr_syscalls - 1))
			believed++;
		else
			refused++;
		x64_sys_call.bytes[i / 8] ^= 1 << i % 8;
	}
	/* The 6 bytes of the comparison, and most bytes of the jumps. */
	EXPECT_TRUE(known ? refused >= 48 + 28 : !believed);
}

TEST_HARNESS_MAIN

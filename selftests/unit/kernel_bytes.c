// SPDX-License-Identifier: GPL-2.0
/*
 * Finding the bounds in the real bytes of a kernel, without that kernel.
 *
 * The environment says which:
 *	KERNEL_TEXT		a file with what kernel_text printed there of
 *				do_syscall_64
 *	KERNEL_NR_SYSCALLS	the size of its table
 */
#include "kselftest_harness.h"

#include "bounds.h"

#define LARGEST	(64 * 1024)

struct function {
	__u8 bytes[LARGEST];
	size_t size;
};

static struct function do_syscall_64;
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
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == '+')
			read_line(function, strchr(line, ':') + 1);
	}
	if (file)
		fclose(file);
}

/* A copy without room to spare, so that AddressSanitizer sees a byte too many. */
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
	ASSERT_NE(0, do_syscall_64.size);
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

	/* x32's table, which ends at 547, is compared with in the same way. */
	for (__u32 nr = 1; nr <= 512; nr++)
		believed += !find(&do_syscall_64, nr, &bounds);
	EXPECT_EQ(1, believed);
}

/* Nothing there may make us write to a place that is not one of the bounds. */
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

/* As another module has them raised, and while it lowers them again. */
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

TEST_HARNESS_MAIN

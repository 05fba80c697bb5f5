// SPDX-License-Identifier: GPL-2.0
/*
 * When a call is wrong in several ways, it returns the error that comes first in
 * the contract. Then the full box: a put fails with EAGAIN, no message is lost,
 * and the limit counts the memory really held.
 */
#include "meminfo.h"
#include "msgbox.h"

FIXTURE(order)
{
	long largest;
	long limit;
	long limit_before;
	char *message;
};

FIXTURE_SETUP(order)
{
	begin_with_empty_box(_metadata);
	self->largest = parameter("max_message_bytes");
	self->limit_before = parameter("max_bytes");
	ASSERT_LT(0, self->largest);
	ASSERT_LT(0, self->limit_before);
	/* A low limit is faster to reach; the tests also work with the present one. */
	self->limit = 4 * self->largest;
	if (set_parameter("max_bytes", self->limit))
		self->limit = self->limit_before;
	self->message = new_message(self->largest + 1, 1);
}

FIXTURE_TEARDOWN(order)
{
	if (self->limit != self->limit_before) {
		EXPECT_EQ(0, set_parameter("max_bytes", self->limit_before)) {
			TH_LOG("the limit stays at %ld", self->limit);
		}
	}
	free(self->message);
	end_with_empty_box(_metadata);
}

/* The smallest and the largest values that put takes for one, and AT_FDCWD. */
static const int descriptors[] = { 1, 3, 4095, -1, AT_FDCWD, -4095 };

/* The two ways to extend an int to a register: by its sign, or by zeros. */
static char *with_sign(int fd)
{
	return (char *)(long)fd;
}

static char *with_zeros(int fd)
{
	return (char *)(unsigned long)(unsigned int)fd;
}

/* Each put has to give ENOSYS, whatever else is wrong. Returns how many did not. */
static int puts_of_descriptors(const long *lengths, size_t count)
{
	int wrong = 0;

	for (size_t i = 0; i < ARRAY_SIZE(descriptors); i++) {
		for (size_t j = 0; j < count; j++) {
			wrong += put(with_sign(descriptors[i]), lengths[j]) != -ENOSYS;
			wrong += put(with_zeros(descriptors[i]), lengths[j]) != -ENOSYS;
		}
	}
	return wrong;
}

TEST_F(order, put_of_a_file_descriptor_before_all_else)
{
	const long lengths[] = { 0, 8, -1, INT_MIN, INT_MAX, self->largest + 1 };

	ASSERT_EQ(0, puts_of_descriptors(lengths, ARRAY_SIZE(lengths)));
	ASSERT_EQ(-ENODATA, get_nothing());
}

/* The neighbors of those values, and values with other bits above the int. */
TEST_F(order, put_of_what_is_no_file_descriptor)
{
	static const unsigned long addresses[] = {
		4096, -4096UL, 0xfffff000, 0x100000000, 0x100000003,
		0x1ffffff9c, 0xffffffff00000003, 0x7fffffffff9c, 0xfffffffeffffff9c,
	};

	ASSERT_EQ(-EINVAL, put(with_sign(0), 8));
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		EXPECT_EQ(-EINVAL, put((char *)addresses[i], -1)) {
			TH_LOG("at %lx", addresses[i]);
		}
		EXPECT_EQ(-EMSGSIZE, put((char *)addresses[i], self->largest + 1)) {
			TH_LOG("at %lx", addresses[i]);
		}
		EXPECT_EQ(-EFAULT, put((char *)addresses[i], 8)) {
			TH_LOG("at %lx", addresses[i]);
		}
	}
	ASSERT_EQ(-ENODATA, get_nothing());
}

/* For a get, a file descriptor is a bad pointer like any other. */
TEST_F(order, get_into_a_file_descriptor)
{
	for (size_t i = 0; i < ARRAY_SIZE(descriptors); i++) {
		char *at[2];

		at[0] = with_sign(descriptors[i]);
		at[1] = with_zeros(descriptors[i]);
		for (size_t j = 0; j < ARRAY_SIZE(at); j++) {
			ASSERT_EQ(-EINVAL, get(at[j], -1));
			ASSERT_EQ(-ENODATA, get(at[j], 8));
			ASSERT_EQ(0, put("message", 8));
			ASSERT_EQ(-EMSGSIZE, get(at[j], 7));
			ASSERT_EQ(-EFAULT, get(at[j], 8));
			ASSERT_EQ(8, get_expecting("message", 8));
		}
	}
}

/* Good memory at addresses with a lower half like a file descriptor's. */
TEST_F(order, buffers_near_file_descriptors_are_good)
{
	static const unsigned long addresses[] = {
		0xfffff000, 0x100000000, 0x100000003, 0x1ffffff9c, 0x500000000001,
	};

	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		char *at = (char *)addresses[i], *page = (char *)(addresses[i] & -PAGE);

		ASSERT_EQ(page, mmap(page, 2 * PAGE, PROT_READ | PROT_WRITE,
				     MAP_FIXED_NOREPLACE | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
		fill(at, PAGE, i);
		ASSERT_EQ(0, put(at, PAGE)) {
			TH_LOG("at %p", at);
		}
		poison(at, PAGE);
		ASSERT_EQ(PAGE, get(at, PAGE));
		ASSERT_TRUE(is_filled(at, PAGE, i));
		munmap(page, 2 * PAGE);
	}
}

/* The price of the rule: memory mapped here works for a get, but not for a put. */
TEST_F(order, the_last_page_below_4_gib)
{
	char *last = (char *)0xfffff000, *page = (char *)((uintptr_t)last & -PAGE);

	ASSERT_EQ(page, mmap(page, PAGE, PROT_READ | PROT_WRITE,
			     MAP_FIXED_NOREPLACE | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	ASSERT_EQ(-ENOSYS, put(last + 1, 8));
	ASSERT_EQ(0, put("message", 8));
	ASSERT_EQ(8, get(last + 1, 8));
	ASSERT_STREQ("message", last + 1);
	munmap(page, PAGE);
}

TEST_F(order, put_of_null_before_too_large)
{
	ASSERT_EQ(-EINVAL, put(NULL, self->largest + 1));
}

TEST_F(order, put_of_negative_before_bad_pointer)
{
	ASSERT_EQ(-EINVAL, put(BAD_ADDRESS, -1));
}

TEST_F(order, put_too_large_before_bad_pointer)
{
	ASSERT_EQ(-EMSGSIZE, put(BAD_ADDRESS, self->largest + 1));
	ASSERT_EQ(-EMSGSIZE, put(BAD_ADDRESS, INT_MAX));
}

TEST_F(order, put_of_the_largest_from_bad_pointer)
{
	ASSERT_EQ(-EFAULT, put(BAD_ADDRESS, self->largest));
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_F(order, get_into_null_before_empty)
{
	ASSERT_EQ(-EINVAL, get(NULL, 8));
}

TEST_F(order, get_of_negative_before_empty_and_bad_pointer)
{
	ASSERT_EQ(-EINVAL, get(BAD_ADDRESS, -1));
}

TEST_F(order, get_from_empty_before_bad_pointer)
{
	ASSERT_EQ(-ENODATA, get(BAD_ADDRESS, 8));
	ASSERT_EQ(-ENODATA, get(BAD_ADDRESS, 0));
}

TEST_F(order, get_into_null_before_too_short)
{
	ASSERT_EQ(0, put("message", 8));
	ASSERT_EQ(-EINVAL, get(NULL, 1));
	ASSERT_EQ(-EINVAL, get(BAD_ADDRESS, INT_MIN));
	ASSERT_EQ(8, get_expecting("message", 8));
}

TEST_F(order, get_too_short_before_bad_pointer)
{
	static const int sizes[] = { 8, 4 * KIB + 1, MIB };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		ASSERT_EQ(0, put(self->message, sizes[i]));
		ASSERT_EQ(-EMSGSIZE, get(BAD_ADDRESS, sizes[i] - 1));
		ASSERT_EQ(-EMSGSIZE, get(BAD_ADDRESS, 0));
		ASSERT_EQ(-EFAULT, get(BAD_ADDRESS, sizes[i]));
		ASSERT_EQ(sizes[i], get_expecting(self->message, sizes[i]));
	}
}

/*
 * Puts messages of one length until the box is full. Returns their number, or
 * the error if a put failed with another error than EAGAIN.
 */
static long put_until_full(char *message, long limit, long len)
{
	/* Each message takes memory, so there cannot be more than this. */
	long most = limit / (len + 1) + 1;
	long count, ret = 0;

	for (count = 0; count < most; count++) {
		fill(message, len < 64 ? len : 64, count);
		ret = put(message, len);
		if (ret)
			break;
	}
	return ret == -EAGAIN ? count : ret ? ret : -EOVERFLOW;
}

/* Gets the same messages, last one first. Returns how many were right. */
static long get_until_empty(char *message, long len, long count)
{
	char *buf = malloc(len + 1);
	long taken;

	for (taken = 0; taken < count; taken++) {
		fill(message, len < 64 ? len : 64, count - 1 - taken);
		buf[len] = (char)POISON;
		if (get(buf, len + 1) != len || memcmp(message, buf, len) ||
		    buf[len] != (char)POISON)
			break;
	}
	free(buf);
	return taken;
}

TEST_F(order, full_box_loses_nothing_and_works_again)
{
	static const long sizes[] = { MIB, 2 * MIB, 20000 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		long count = put_until_full(self->message, self->limit, sizes[i]);

		/* At least half of the limit is payload. */
		ASSERT_LE(self->limit / 2 / sizes[i], count) {
			TH_LOG("messages of %ld bytes", sizes[i]);
		}
		ASSERT_EQ(-EAGAIN, put(self->message, sizes[i]));

		/* A get makes room for a put of the same length. */
		fill(self->message, 64, count - 1);
		ASSERT_EQ(sizes[i], get_expecting(self->message, sizes[i]));
		ASSERT_EQ(0, put(self->message, sizes[i]));
		ASSERT_EQ(-EAGAIN, put(self->message, sizes[i]));

		ASSERT_EQ(count, get_until_empty(self->message, sizes[i], count)) {
			TH_LOG("messages of %ld bytes", sizes[i]);
		}
		ASSERT_EQ(-ENODATA, get_nothing());

		/* All the room was given back: as many fit again. */
		ASSERT_EQ(count, put_until_full(self->message, self->limit, sizes[i]));
		ASSERT_EQ(count, drain());
	}
}

TEST_F(order, full_box_comes_after_what_is_checked_first)
{
	long count = put_until_full(self->message, self->limit, self->largest);

	ASSERT_LT(0, count);
	ASSERT_EQ(0, puts_of_descriptors(&self->largest, 1));
	ASSERT_EQ(-EINVAL, put(NULL, self->largest));
	ASSERT_EQ(-EINVAL, put(self->message, -1));
	ASSERT_EQ(-EMSGSIZE, put(self->message, self->largest + 1));
	ASSERT_EQ(-EMSGSIZE, put(BAD_ADDRESS, self->largest + 1));
	ASSERT_EQ(count, get_until_empty(self->message, self->largest, count));
}

TEST_F(order, full_box_comes_before_a_bad_pointer)
{
	long count = put_until_full(self->message, self->limit, self->largest);

	ASSERT_LT(0, count);
	ASSERT_EQ(-EAGAIN, put(BAD_ADDRESS, self->largest));
	ASSERT_EQ(-EAGAIN, put((char *)0xffff888000000000, self->largest));
	ASSERT_EQ(count, get_until_empty(self->message, self->largest, count));
}

/* Exact; MemAvailable can miss freed pages for a long time. */
static long kernel_memory(void)
{
	return meminfo_bytes("VmallocUsed") + meminfo_bytes("Slab");
}

/*
 * A margin for everything else on the machine. A kernel that checks memory (KASAN,
 * kmemleak) records up to 4 KiB for each allocation.
 */
static long margin(long limit)
{
	return access("/sys/kernel/debug/kmemleak", F_OK) ? limit / 4 : limit / 2;
}

/*
 * For large messages, memory held and payload differ most at a length just above
 * a whole number of pages. The kernel's memory must not grow by more than the
 * limit.
 */
TEST_F(order, memory_really_held_is_within_the_limit)
{
	const long sizes[] = { PAGE + 1, 2 * PAGE + 1, 700 };
	long most = self->limit + margin(self->limit);

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		long before = kernel_memory(), available = meminfo_bytes("MemAvailable");
		long count = put_until_full(self->message, self->limit, sizes[i]);
		long more = kernel_memory() - before;
		long less = available - meminfo_bytes("MemAvailable");

		ASSERT_LT(0, count);
		EXPECT_GE(most, more) {
			TH_LOG("%ld messages of %ld bytes", count, sizes[i]);
		}
		EXPECT_GE(most, less) {
			TH_LOG("%ld messages of %ld bytes", count, sizes[i]);
		}
		EXPECT_GE(self->limit, count * sizes[i]);
		ASSERT_EQ(count, get_until_empty(self->message, sizes[i], count));
	}
}

/*
 * Small messages, even empty ones, are bounded as well. The default limit would
 * take many millions of them, so the limit is lowered.
 */
FIXTURE(low_limit)
{
	char *message;
	long limit;
	long largest;
};

FIXTURE_SETUP(low_limit)
{
	begin_with_empty_box(_metadata);
	self->limit = parameter("max_bytes");
	self->largest = parameter("max_message_bytes");
	ASSERT_LT(0, self->limit);
	if (set_parameter("max_bytes", MIB) &&
	    (set_parameter("max_message_bytes", MIB / 4) || set_parameter("max_bytes", MIB))) {
		set_parameter("max_message_bytes", self->largest);
		SKIP_TEST("max_bytes cannot be changed here");
	}
	self->message = malloc(MIB);
}

FIXTURE_TEARDOWN(low_limit)
{
	EXPECT_EQ(0, set_parameter("max_bytes", self->limit));
	EXPECT_EQ(0, set_parameter("max_message_bytes", self->largest));
	free(self->message);
	end_with_empty_box(_metadata);
}

TEST_F(low_limit, small_messages_are_bounded)
{
	static const long sizes[] = { 0, 1, 8, 64, 500 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		long count = put_until_full(self->message, MIB, sizes[i]);

		ASSERT_LT(0, count) {
			TH_LOG("messages of %ld bytes", sizes[i]);
		}
		/* At most 16 bytes each beyond the payload, and two spare segments. */
		EXPECT_LE(MIB / 2 / (sizes[i] + 16), count) {
			TH_LOG("messages of %ld bytes", sizes[i]);
		}
		ASSERT_EQ(-EAGAIN, put(BAD_ADDRESS, sizes[i]));
		ASSERT_EQ(count, get_until_empty(self->message, sizes[i], count));
		ASSERT_EQ(-ENODATA, get_nothing());
	}
}

TEST_F(low_limit, lowering_it_below_what_is_held_loses_nothing)
{
	long count;

	ASSERT_EQ(0, set_parameter("max_bytes", self->limit));
	for (count = 0; count < 3000; count++) {
		fill(self->message, 64, count);
		ASSERT_EQ(0, put(self->message, 1000));
	}
	ASSERT_EQ(0, set_parameter("max_bytes", MIB));
	ASSERT_EQ(-EAGAIN, put(self->message, 1000));
	ASSERT_EQ(count, get_until_empty(self->message, 1000, count));
	ASSERT_EQ(0, put(self->message, 1000));
	ASSERT_EQ(1, drain());
}

TEST_HARNESS_MAIN

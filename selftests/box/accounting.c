// SPDX-License-Identifier: GPL-2.0
/*
 * The figures in sysfs. Each call changes exactly the right ones. The memory that the
 * box reports is the memory that it takes from the kernel; it is little more than the
 * payload, stays within the limit in every pattern, and is freed as the box drains.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "meminfo.h"
#include "msgbox.h"
#include "segment.h"
#include "stuck_page.h"
#include "sysfs.h"

static const char * const figures[] = {
	"puts", "gets", "count", "bytes", "pending",
	"put_einval", "put_emsgsize", "put_eagain", "put_eaddrnotavail", "put_efault",
	"get_einval", "get_enodata", "get_emsgsize", "get_eaddrnotavail", "get_efault",
};

/* Have the figures changed by "name=number ...", and all others by 0? */
static bool have_moved(const long *before, const char *expected)
{
	bool as_expected = true;

	for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
		size_t len = strlen(figures[i]);
		const char *at = expected;
		long wanted = 0, found = figure(figures[i]) - before[i];

		for (; at; at = strchr(at, ' ')) {
			at += *at == ' ';
			if (!strncmp(at, figures[i], len) && at[len] == '=')
				wanted = atol(at + len + 1);
		}
		if (found != wanted) {
			ksft_print_msg("%s changed by %ld, expected %ld\n", figures[i], found,
				       wanted);
			as_expected = false;
		}
	}
	return as_expected;
}

static void remember(long *before)
{
	for (size_t i = 0; i < ARRAY_SIZE(figures); i++)
		before[i] = figure(figures[i]);
}

/* Memory of vmalloc: the box's segments, and little else that changes. */
static long vmalloc_used(void)
{
	return meminfo_bytes("VmallocUsed");
}

TEST_F(msgbox, each_call_moves_its_figures)
{
	char *message = new_message(5 * MIB, 1);
	long before[ARRAY_SIZE(figures)];
	char buf[16];

	remember(before);
	ASSERT_EQ(0, put(message, 10));
	EXPECT_TRUE(have_moved(before, "puts=1 count=1 bytes=10"));
	ASSERT_EQ(0, put(message, 0));
	EXPECT_TRUE(have_moved(before, "puts=2 count=2 bytes=10"));
	ASSERT_EQ(0, put(message, 100000));
	EXPECT_TRUE(have_moved(before, "puts=3 count=3 bytes=100010"));
	ASSERT_EQ(100000, get(message, 5 * MIB));
	ASSERT_EQ(0, get(buf, sizeof(buf)));
	EXPECT_TRUE(have_moved(before, "puts=3 gets=2 count=1 bytes=10"));

	remember(before);
	ASSERT_EQ(-EINVAL, put(NULL, 1));
	ASSERT_EQ(-EINVAL, put(message, -1));
	EXPECT_TRUE(have_moved(before, "put_einval=2"));
	ASSERT_EQ(-EMSGSIZE, put(message, 5 * MIB));
	EXPECT_TRUE(have_moved(before, "put_einval=2 put_emsgsize=1"));
	ASSERT_EQ(-EFAULT, put(BAD_ADDRESS, 1));
	ASSERT_EQ(-EFAULT, put(BAD_ADDRESS, 100000));
	EXPECT_TRUE(have_moved(before, "put_einval=2 put_emsgsize=1 put_efault=2"));
	/* ENOSYS is for a caller of fchmodat2, and no failure of a put. */
	ASSERT_EQ(-ENOSYS, put((char *)AT_FDCWD, 1));
	EXPECT_TRUE(have_moved(before, "put_einval=2 put_emsgsize=1 put_efault=2"));

	remember(before);
	ASSERT_EQ(-EINVAL, get(NULL, 1));
	ASSERT_EQ(-EMSGSIZE, get(buf, 9));
	ASSERT_EQ(-EMSGSIZE, get(buf, 0));
	ASSERT_EQ(-EFAULT, get(BAD_ADDRESS, 10));
	EXPECT_TRUE(have_moved(before, "get_einval=1 get_emsgsize=2 get_efault=1"));
	ASSERT_EQ(10, get(buf, sizeof(buf)));
	remember(before);
	ASSERT_EQ(0, put(message, 10));
	ASSERT_EQ(10, get(buf, sizeof(buf)));
	ASSERT_EQ(-ENODATA, get(buf, sizeof(buf)));
	EXPECT_TRUE(have_moved(before, "puts=1 gets=1 get_enodata=1"));
	free(message);
}

TEST_F(msgbox, a_full_box_is_counted)
{
	char *message = new_message(4 * MIB, 1);
	long before[ARRAY_SIZE(figures)];
	char expected[128];
	int count = 0;
	long ret;

	remember(before);
	while (!(ret = put(message, 4 * MIB)))
		ASSERT_GT(100, ++count);
	ASSERT_EQ(-EAGAIN, ret);
	EXPECT_EQ(0, figure("pending"));
	snprintf(expected, sizeof(expected), "puts=%d count=%d bytes=%ld put_eagain=1",
		 count, count, count * 4L * MIB);
	EXPECT_TRUE(have_moved(before, expected));
	EXPECT_EQ(count, drain());
	free(message);
}

/* Replaces a long spare segment by one of the usual size. */
static bool forget_large_messages(void)
{
	static char message[SEGMENT - 16];

	return !put(message, sizeof(message)) &&
	       get(message, sizeof(message)) == sizeof(message);
}

struct pending_put {
	char *buf;
	int len;
	long ret;
};

static void *make_pending_put(void *data)
{
	struct pending_put *call = data;

	call->ret = put(call->buf, call->len);
	return NULL;
}

FIXTURE(pending)
{
	struct stuck_page stuck;
	char *buf;
};

/* A message with a missing first page. */
FIXTURE_VARIANT(pending)
{
	int len;
};

FIXTURE_VARIANT_ADD(pending, one_byte) { .len = 1 };
FIXTURE_VARIANT_ADD(pending, small) { .len = 8192 };
FIXTURE_VARIANT_ADD(pending, large) { .len = 100000 };
FIXTURE_VARIANT_ADD(pending, largest) { .len = 4 * MIB };

FIXTURE_SETUP(pending)
{
	begin_with_empty_box(_metadata);
	self->buf = map(variant->len, PROT_READ | PROT_WRITE);
	madvise(self->buf, variant->len, MADV_NOHUGEPAGE);
	if (stuck_page_begin(&self->stuck, self->buf))
		SKIP_TEST("userfaultfd is not available");
}

FIXTURE_TEARDOWN(pending)
{
	munmap(self->buf, variant->len);
	end_with_empty_box(_metadata);
}

/* What the put of a message holds: whole pages, for a segment of its own. */
static long segment_for(int len)
{
	return (16 + len + PAGE - 1L) / PAGE * PAGE;
}

/* The memory does not count as the box's until the message is in the box. */
TEST_F(pending, a_stuck_put_shows_what_it_holds)
{
	struct pending_put call = { .buf = self->buf, .len = variant->len };
	long before[ARRAY_SIZE(figures)], memory;
	static const char content[PAGE_MAX];
	char expected[64];
	pthread_t thread;

	ASSERT_TRUE(forget_large_messages());
	memory = figure("memory");
	remember(before);
	ASSERT_EQ(0, pthread_create(&thread, NULL, make_pending_put, &call));
	ASSERT_TRUE(stuck_page_wait(&self->stuck));
	snprintf(expected, sizeof(expected), "pending=%ld", segment_for(variant->len));
	EXPECT_TRUE(have_moved(before, expected));
	EXPECT_EQ(memory, figure("memory"));

	ASSERT_EQ(0, stuck_page_arrive(&self->stuck, content));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_EQ(0, call.ret);
	snprintf(expected, sizeof(expected), "puts=1 count=1 bytes=%d", variant->len);
	EXPECT_TRUE(have_moved(before, expected));
	EXPECT_EQ(0, figure("pending"));
	EXPECT_EQ(1, drain());
}

#define THREADS		4
#define PER_THREAD	20000

struct tally {
	unsigned long seed;
	long puts, gets, put_efault, get_efault, get_enodata, get_emsgsize, other;
};

static atomic_int callers;

/* Makes random calls and counts their results. */
static void *caller(void *data)
{
	struct tally *tally = data;
	char buf[600];

	for (int i = 0; i < PER_THREAD; i++) {
		unsigned long dice = next_random(&tally->seed);
		char *at = dice >> 8 & 15 ? buf : BAD_ADDRESS;
		int len = 1 + (dice >> 16) % sizeof(buf);

		switch (dice & 1 ? put(at, len) : get(at, len)) {
		case 0:
			tally->puts++;
			break;
		case 1 ... sizeof(buf):
			tally->gets++;
			break;
		case -EFAULT:
			*(dice & 1 ? &tally->put_efault : &tally->get_efault) += 1;
			break;
		case -ENODATA:
			tally->get_enodata++;
			break;
		case -EMSGSIZE:
			tally->get_emsgsize++;
			break;
		default:
			tally->other++;
		}
	}
	atomic_fetch_sub(&callers, 1);
	return NULL;
}

/* Read all the time during the calls: none of these figures ever falls. */
static bool figures_only_rise(void)
{
	static const char * const rising[] = { "puts", "gets", "put_efault", "get_efault" };
	long last[ARRAY_SIZE(rising)] = {};
	bool rise = true;

	do {
		for (size_t i = 0; i < ARRAY_SIZE(rising); i++) {
			long now = figure(rising[i]);

			rise = rise && now >= last[i];
			last[i] = now;
		}
	} while (atomic_load(&callers));
	return rise;
}

TEST_F(msgbox, after_calls_from_many_threads_all_adds_up)
{
	struct tally tally[THREADS] = {}, sum = {};
	long before[ARRAY_SIZE(figures)];
	pthread_t threads[THREADS];
	char expected[256];

	remember(before);
	atomic_store(&callers, THREADS);
	for (int i = 0; i < THREADS; i++) {
		tally[i].seed = i;
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, caller, &tally[i]));
	}
	EXPECT_TRUE(figures_only_rise());
	for (int i = 0; i < THREADS; i++) {
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
		ASSERT_EQ(0, tally[i].other);
		sum.puts += tally[i].puts;
		sum.gets += tally[i].gets;
		sum.put_efault += tally[i].put_efault;
		sum.get_efault += tally[i].get_efault;
		sum.get_enodata += tally[i].get_enodata;
		sum.get_emsgsize += tally[i].get_emsgsize;
	}
	/* Otherwise the run has tested nothing. */
	ASSERT_LT(0, sum.get_emsgsize * sum.put_efault * sum.get_efault * sum.gets);

	snprintf(expected, sizeof(expected),
		 "puts=%ld gets=%ld count=%ld bytes=%ld put_efault=%ld get_efault=%ld get_enodata=%ld get_emsgsize=%ld",
		 sum.puts, sum.gets, sum.puts - sum.gets, figure("bytes"), sum.put_efault,
		 sum.get_efault, sum.get_enodata, sum.get_emsgsize);
	EXPECT_TRUE(have_moved(before, expected));
	EXPECT_EQ(sum.puts - sum.gets, drain());
	EXPECT_EQ(0, figure("bytes"));
}

TEST_F(msgbox, a_million_messages_of_16_bytes_fit_in_26_mb)
{
	long vmalloc = vmalloc_used(), before = figure("memory"), held;
	char message[16] = "sixteen bytes...";

	for (int i = 0; i < 1000000; i++)
		ASSERT_EQ(0, put(message, sizeof(message)));
	held = figure("memory");
	EXPECT_GE(26 * 1000 * 1000, held);
	/* The box does not take more than it reports. */
	EXPECT_GE(held - before + 256 * KIB, vmalloc_used() - vmalloc);
	EXPECT_EQ(1000000, drain());
	EXPECT_GE(EMPTY_MAX, figure("memory"));
	EXPECT_GE(vmalloc + SPARE_MAX + 256 * KIB, vmalloc_used());
}

FIXTURE(size)
{
};

FIXTURE_VARIANT(size)
{
	int len;
};

FIXTURE_VARIANT_ADD(size, of_0) { .len = 0 };
FIXTURE_VARIANT_ADD(size, of_1) { .len = 1 };
FIXTURE_VARIANT_ADD(size, of_2) { .len = 2 };
FIXTURE_VARIANT_ADD(size, of_3) { .len = 3 };
FIXTURE_VARIANT_ADD(size, of_4) { .len = 4 };
FIXTURE_VARIANT_ADD(size, of_5) { .len = 5 };
FIXTURE_VARIANT_ADD(size, of_100) { .len = 100 };
FIXTURE_VARIANT_ADD(size, of_1000) { .len = 1000 };
FIXTURE_VARIANT_ADD(size, of_4093) { .len = 4093 };
FIXTURE_VARIANT_ADD(size, of_4096) { .len = 4096 };
FIXTURE_VARIANT_ADD(size, of_5461) { .len = 5461 };
FIXTURE_VARIANT_ADD(size, of_8191) { .len = 8191 };
FIXTURE_VARIANT_ADD(size, of_8192) { .len = 8192 };

FIXTURE_SETUP(size)
{
	begin_with_empty_box(_metadata);
}

FIXTURE_TEARDOWN(size)
{
	end_with_empty_box(_metadata);
}

/* Beside the payload: 8 bytes each, a partly filled segment and a spare one. */
TEST_F(size, at_most_8_bytes_beyond_the_payload)
{
	char *message = new_message(variant->len, 1);
	long depth = variant->len > 500 ? 4000 : 20000;
	long payload, segments;		/* each has a header of 16 bytes */

	for (long i = 1; i <= depth; i++) {
		ASSERT_EQ(0, put(message, variant->len));
		if (i & (i - 1) && i != depth)
			continue;
		payload = i * (variant->len + 8L);
		segments = payload / SEGMENT + 1;
		ASSERT_GE(payload + segments * 16 + SEGMENT + SPARE_MAX, figure("memory")) {
			TH_LOG("%ld messages", i);
		}
	}
	ASSERT_GE(depth * (variant->len + 8L) + 2 * SEGMENT, figure("memory") - SPARE_MAX);
	for (long i = 0; i < depth; i++)
		ASSERT_EQ(variant->len, get_expecting(message, variant->len));
	EXPECT_GE(EMPTY_MAX, figure("memory"));
	free(message);
}

#define LIMIT (6 * MIB)

FIXTURE(pattern)
{
	long max_bytes;
};

/* Messages of two lengths that alternate. */
FIXTURE_VARIANT(pattern)
{
	int len[2];
};

FIXTURE_VARIANT_ADD(pattern, nothing) { .len = { 0, 0 } };
FIXTURE_VARIANT_ADD(pattern, large_and_nothing) { .len = { 8193, 0 } };
FIXTURE_VARIANT_ADD(pattern, large_and_small) { .len = { 100000, 8192 } };
FIXTURE_VARIANT_ADD(pattern, just_large) { .len = { 8193, 8193 } };
FIXTURE_VARIANT_ADD(pattern, a_byte_in_a_page_of_its_own) { .len = { 12273, 12273 } };
FIXTURE_VARIANT_ADD(pattern, just_above_a_segment) { .len = { 65521, 65521 } };
FIXTURE_VARIANT_ADD(pattern, largest) { .len = { 4194304, 1 } };

FIXTURE_SETUP(pattern)
{
	begin_with_empty_box(_metadata);
	self->max_bytes = parameter("max_bytes");
	if (set_parameter("max_bytes", LIMIT))
		SKIP_TEST("only root can change the limits");
}

FIXTURE_TEARDOWN(pattern)
{
	EXPECT_EQ(0, set_parameter("max_bytes", self->max_bytes));
	end_with_empty_box(_metadata);
}

/* For vmalloc's page tables, and everything else on the machine. */
#define MARGIN (512 * KIB)

TEST_F(pattern, never_more_than_the_limit)
{
	long vmalloc = vmalloc_used(), before = figure("memory"), count, taken;
	char *message = new_message(4 * MIB, 1);
	long ret = 0;

	for (count = 0; !ret; count++) {
		ASSERT_GT(LIMIT, count);
		ret = put(message, variant->len[count & 1]);
		if (count % 1024 == 0 || ret)
			ASSERT_GE(LIMIT, figure("memory"));
	}
	EXPECT_EQ(-EAGAIN, ret);
	count--;

	taken = vmalloc_used() - vmalloc;
	TH_LOG("%ld messages: payload %ld KiB, held %ld KiB, taken from the kernel %ld KiB",
	       count, figure("bytes") / KIB, figure("memory") / KIB, taken / KIB);
	EXPECT_GE(figure("memory") - before + MARGIN, taken);

	while (count--) {
		int len = variant->len[count & 1];

		ASSERT_EQ(len, get(message, 4 * MIB));
	}
	EXPECT_GE(EMPTY_MAX, figure("memory"));
	EXPECT_GE(vmalloc + SPARE_MAX + MARGIN, vmalloc_used());
	free(message);
}

/*
 * 64 messages are a little less than a segment, so 64 puts cross at most one border
 * between segments, and so do 64 gets, wherever they begin.
 */
TEST_F(msgbox, swinging_around_a_border_allocates_nothing)
{
	char message[1000] = "";
	long top = 0, bottom;

	ASSERT_TRUE(forget_large_messages());
	for (int base = 0; base < 70; base++) {
		for (int swing = 0; swing < 3; swing++) {
			bottom = figure("memory");
			/* The first round may need another segment. */
			if (swing)
				ASSERT_EQ(top, bottom);
			for (int i = 0; i < 64; i++)
				ASSERT_EQ(0, put(message, sizeof(message)));
			top = figure("memory");
			for (int i = 0; i < 64; i++)
				ASSERT_EQ(1000, get(message, sizeof(message)));
		}
		ASSERT_EQ(0, put(message, sizeof(message)));
	}
	EXPECT_EQ(70, drain());
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * The caller's memory is on a swap device when the call is made. storage.sh provides the
 * device and runs this.
 */
#include "msgbox.h"

/* Bits of a word in pagemap: the page is in memory, is on a swap device. */
#define PRESENT		0x8000000000000000
#define SWAPPED		0x4000000000000000

/* Memory on both sides of the message; the seeds of its bytes and of the message. */
#define MARGIN		PAGE
#define BEFORE		1
#define MESSAGE		2

/* How many of these pages are on a swap device and not in memory. */
static long count_swapped(const char *at, size_t pages)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	unsigned long word;
	long count = 0;

	for (size_t i = 0; i < pages; i++) {
		off_t offset = ((uintptr_t)at / PAGE + i) * sizeof(word);

		if (pread(fd, &word, sizeof(word), offset) != sizeof(word))
			abort();
		count += (word & (PRESENT | SWAPPED)) == SWAPPED;
	}
	close(fd);
	return count;
}

static void swap_out(struct __test_metadata *_metadata, char *at, size_t pages)
{
	/* The kernel may skip pages that are in use at the moment. */
	for (int i = 0; i < 100 && count_swapped(at, pages) < (long)pages; i++) {
		ASSERT_EQ(0, madvise(at, pages * PAGE, MADV_PAGEOUT));
		usleep(10000);
	}
	ASSERT_EQ((long)pages, count_swapped(at, pages));
}

/* A message of len bytes that begins this far before the end of a page (or 0). */
static const struct {
	size_t len;
	size_t before;
} cases[] = {
	{ 1, 0 }, { 64, 0 }, { 64, 10 }, { 5000, 0 }, { 8192, 1 }, { 9000, 10 },
	{ 100000, 0 }, { MIB, 100 },
};

/* Memory with room for the message, and the bytes that it should hold. */
struct area {
	size_t len;
	char *begin;
	char *at;
	char *expected;
};

static struct area make_area(struct __test_metadata *_metadata, size_t i)
{
	struct area area;

	area.len = (cases[i].len + PAGE - 1) / PAGE * PAGE + 3 * PAGE;
	area.begin = map(area.len, PROT_READ | PROT_WRITE);
	area.at = area.begin + MARGIN;
	if (cases[i].before)
		area.at += PAGE - cases[i].before;
	area.expected = new_message(area.len, BEFORE);
	/* A huge page would have to be split first. */
	madvise(area.begin, area.len, MADV_NOHUGEPAGE);
	fill(area.begin, area.len, BEFORE);
	swap_out(_metadata, area.begin, area.len / PAGE);
	return area;
}

/* Are all bytes right, also those beside the message on the same pages? */
static bool is_as_expected(struct area *area)
{
	bool same = !memcmp(area->expected, area->begin, area->len);

	munmap(area->begin, area->len);
	free(area->expected);
	return same;
}

TEST_F(msgbox, get_into_memory_that_is_swapped_out)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *message = new_message(cases[i].len, MESSAGE);
		struct area area;

		ASSERT_EQ(0, put(message, cases[i].len));
		area = make_area(_metadata, i);
		ASSERT_EQ((long)cases[i].len, get(area.at, cases[i].len));
		memcpy(area.expected + (area.at - area.begin), message, cases[i].len);
		ASSERT_TRUE(is_as_expected(&area)) {
			TH_LOG("%zu bytes", cases[i].len);
		}
		free(message);
	}
}

TEST_F(msgbox, put_from_memory_that_is_swapped_out)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct area area = make_area(_metadata, i);

		ASSERT_EQ(0, put(area.at, cases[i].len));
		ASSERT_EQ((long)cases[i].len,
			  get_expecting(area.expected + (area.at - area.begin), cases[i].len));
		ASSERT_TRUE(is_as_expected(&area)) {
			TH_LOG("%zu bytes", cases[i].len);
		}
	}
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/* The benchmark's buffers (selftests/bench/report.c): where they are, and their ends. */
#include "kselftest_harness.h"

#include "../bench/report.c"

static size_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

static bool is_mapped(char *page)
{
	unsigned char resident;

	return !mincore(page, page_size(), &resident);
}

TEST(a_buffer_has_its_pages_and_one_before_them)
{
	const size_t sizes[] = { 0, 1, 4096, 4097, 1048576 };
	size_t i, page = page_size();

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		char *buffer = new_buffer(sizes[i], 0x5a);

		ASSERT_EQ(0, (unsigned long)buffer % page);
		ASSERT_TRUE(is_mapped(buffer - page));
		ASSERT_EQ(0, *((long *)buffer - 1));
		if (sizes[i]) {
			ASSERT_EQ(0x5a, buffer[0]);
			ASSERT_EQ(0x5a, buffer[sizes[i] - 1]);
		}
		free_buffer(buffer, sizes[i]);
	}
}

/* The next one would be where this one was, if it did not begin one page further. */
TEST(buffers_share_no_place_with_those_of_other_rounds)
{
	unsigned long places[MAX_SHIFT];
	size_t i, j;

	for (i = 0; i < MAX_SHIFT; i++) {
		char *buffer = new_buffer(4096, 0);

		places[i] = (unsigned long)buffer / page_size() % 64;
		free_buffer(buffer, 4096);
		for (j = 0; j < i; j++)
			ASSERT_NE(places[j], places[i]);
	}
}

TEST(nothing_stays_mapped)
{
	size_t size = 3 * page_size();
	char *buffer = new_buffer(size, 0), *page;

	free_buffer(buffer, size);
	for (page = buffer - page_size(); page < buffer + size; page += page_size())
		ASSERT_FALSE(is_mapped(page));
}

static unsigned long mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long total = 0, start, end;
	char line[512];

	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx", &start, &end) == 2 && end - start < 1UL << 40)
			total += end - start;
	fclose(maps);
	return total;
}

TEST(what_is_left_out_is_not_kept_either)
{
	unsigned long before;
	int i;

	free_buffer(new_buffer(100, 0), 100);
	before = mappings();
	for (i = 0; i < 100; i++)
		free_buffer(new_buffer(100, 0), 100);
	ASSERT_EQ(before, mappings());
}

TEST_HARNESS_MAIN

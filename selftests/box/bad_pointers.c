// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that cannot be read or written, of every kind, with messages of one
 * byte to many pages. The call fails with EFAULT and leaves the box as it was:
 * no message put, none lost, the order unchanged.
 */
#include "arch.h"
#include "msgbox.h"

#define sizes ((const int []) {						\
	1, 7, 64, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE + 5, MIB,		\
})

/* Room for the largest size on either side of the border. */
#define SIDE	((size_t)2 * MIB)

/* Two messages below the one under test, which have to stay. */
static void put_two_below(struct __test_metadata *_metadata)
{
	ASSERT_EQ(0, put("bottom", 7));
	ASSERT_EQ(0, put("below", 6));
}

static void get_two_below(struct __test_metadata *_metadata)
{
	ASSERT_EQ(6, get_expecting("below", 6));
	ASSERT_EQ(7, get_expecting("bottom", 7));
	ASSERT_EQ(-ENODATA, get_nothing());
}

/* Bad memory on one side of a border, good memory on the other. */
struct border {
	char *start;
	/* Makes bad memory of these bytes, which are PROT_NONE before. */
	void (*spoil)(char *from, size_t len);
};

FIXTURE(border)
{
	struct border border;
};

FIXTURE_VARIANT(border)
{
	void (*spoil)(char *from, size_t len);
	bool readable;
};

static void unmap(char *from, size_t len)
{
	munmap(from, len);
}

static void forbid(char *from, size_t len)
{
	mmap(from, len, PROT_NONE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* These pages are present, unlike pages that were never touched. */
static void forbid_after_use(char *from, size_t len)
{
	mmap(from, len, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	poison(from, len);
	mprotect(from, len, PROT_NONE);
}

static void make_read_only(char *from, size_t len)
{
	mmap(from, len, PROT_READ, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void make_read_only_after_use(char *from, size_t len)
{
	mmap(from, len, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	poison(from, len);
	mprotect(from, len, PROT_READ);
}

static void map_file(char *from, size_t len, off_t size, int prot)
{
	int fd = memfd_create("bad_pointers", 0);

	if (fd < 0 || ftruncate(fd, size))
		abort();
	mmap(from, len, prot, MAP_FIXED | MAP_SHARED, fd, 0);
	close(fd);
}

static void map_file_read_only(char *from, size_t len)
{
	map_file(from, len, len, PROT_READ);
}

/* A process that touches this itself gets SIGBUS. */
static void map_beyond_end_of_file(char *from, size_t len)
{
	map_file(from, len, 0, PROT_READ | PROT_WRITE);
}

FIXTURE_VARIANT_ADD(border, unmapped)
{
	.spoil = unmap,
};

FIXTURE_VARIANT_ADD(border, prot_none)
{
	.spoil = forbid,
};

FIXTURE_VARIANT_ADD(border, prot_none_after_use)
{
	.spoil = forbid_after_use,
};

FIXTURE_VARIANT_ADD(border, beyond_end_of_file)
{
	.spoil = map_beyond_end_of_file,
};

FIXTURE_VARIANT_ADD(border, read_only)
{
	.spoil = make_read_only,
	.readable = true,
};

FIXTURE_VARIANT_ADD(border, read_only_after_use)
{
	.spoil = make_read_only_after_use,
	.readable = true,
};

FIXTURE_VARIANT_ADD(border, read_only_file)
{
	.spoil = map_file_read_only,
	.readable = true,
};

FIXTURE_SETUP(border)
{
	begin_with_empty_box(_metadata);
	self->border.start = map(2 * SIDE, PROT_NONE);
	self->border.spoil = variant->spoil;
}

FIXTURE_TEARDOWN(border)
{
	end_with_empty_box(_metadata);
}

/*
 * Restores the mapping. No code between spoil() and heal() may map memory: the
 * kernel could place it in the hole.
 */
static void heal(char *start)
{
	mmap(start, 2 * SIDE, PROT_NONE,
	     MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

static void make_good(char *from, size_t len)
{
	mprotect(from, len, PROT_READ | PROT_WRITE);
	poison(from, len);
}

static size_t whole_pages(size_t len)
{
	return (len + PAGE - 1) / PAGE * PAGE;
}

typedef long (*call_at)(char *buf, int len);

static long put_at(char *buf, int len)
{
	return put(buf, len);
}

/* Puts, and gets the message back if the put succeeded. */
static long put_and_take(char *buf, int len)
{
	static char taken[MIB];
	long ret = put(buf, len);

	if (ret)
		return ret;
	return get(taken, sizeof(taken)) == len ? 0 : -EILSEQ;
}

static long get_at(char *buf, int len)
{
	return get(buf, len);
}

/* The page is good but missing: the get has to fault it in. */
static long get_at_missing(char *buf, int len)
{
	madvise((char *)((unsigned long)buf & -PAGE), PAGE, MADV_DONTNEED);
	return get(buf, len);
}

/* Good memory up to the border, bad memory from there on. */
static long at_end_of_good(const struct border *border, call_at call, int good_bytes, int len)
{
	char *middle = border->start + SIDE;
	size_t good_pages = whole_pages(good_bytes);
	/* The memory beyond these is PROT_NONE, which is as bad. */
	size_t bad_pages = len < (int)SIDE ? PAGE + whole_pages(len - good_bytes) : SIDE;
	long ret;

	make_good(middle - good_pages, good_pages);
	border->spoil(middle, bad_pages);
	ret = call(middle - good_bytes, len);
	/* A get that fails has written nothing. */
	if (ret == -EFAULT && !is_poison(middle - good_pages, good_pages))
		ret = -EILSEQ;
	heal(border->start);
	return ret;
}

/* Bad memory up to the border, good memory from there on. */
static long at_end_of_bad(const struct border *border, call_at call, int len)
{
	char *middle = border->start + SIDE;
	long ret;

	make_good(middle, whole_pages(len));
	border->spoil(middle - PAGE, PAGE);
	ret = call(middle - 1, len);
	heal(border->start);
	return ret;
}

/*
 * Four cases of a put: the whole message is bad, its last byte, its first
 * byte, all but its first byte. Read-only memory is good memory for a put.
 */
TEST_F(border, put)
{
	long expected = variant->readable ? 0 : -EFAULT;

	put_two_below(_metadata);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		int len = sizes[i];

		EXPECT_EQ(expected, at_end_of_good(&self->border, put_and_take, 0, len)) {
			TH_LOG("the whole message, len %d", len);
		}
		EXPECT_EQ(expected, at_end_of_good(&self->border, put_and_take, len - 1, len)) {
			TH_LOG("the last byte, len %d", len);
		}
		EXPECT_EQ(expected, at_end_of_bad(&self->border, put_and_take, len)) {
			TH_LOG("the first byte, len %d", len);
		}
		if (len == 1)
			continue;
		EXPECT_EQ(expected, at_end_of_good(&self->border, put_and_take, 1, len)) {
			TH_LOG("all but the first byte, len %d", len);
		}
	}
	get_two_below(_metadata);
}

/*
 * The same four cases of a get. The message has to stay on top, whole: it is
 * taken only after all cases, so a message that was lost or pushed back in the
 * wrong place is noticed.
 */
TEST_F(border, get)
{
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		int len = sizes[i];
		char *message = new_message(len, len);

		put_two_below(_metadata);
		ASSERT_EQ(0, put(message, len));

		EXPECT_EQ(-EFAULT, at_end_of_good(&self->border, get_at, 0, len)) {
			TH_LOG("the whole message, len %d", len);
		}
		EXPECT_EQ(-EFAULT, at_end_of_good(&self->border, get_at, len - 1, len)) {
			TH_LOG("the last byte, len %d", len);
		}
		EXPECT_EQ(-EFAULT, at_end_of_bad(&self->border, get_at, len)) {
			TH_LOG("the first byte, len %d", len);
		}
		EXPECT_EQ(-EFAULT, at_end_of_good(&self->border, get_at, 0, INT_MAX)) {
			TH_LOG("the whole message, with the greatest length, len %d", len);
		}
		if (len > 1) {
			EXPECT_EQ(-EFAULT, at_end_of_good(&self->border, get_at, 1, len)) {
				TH_LOG("all but the first byte, len %d", len);
			}
		}

		ASSERT_EQ(len, get_expecting(message, len)) {
			TH_LOG("lost or torn, len %d", len);
		}
		get_two_below(_metadata);
		free(message);
	}
}

/* The message survives any number of EFAULTs. */
TEST_F(border, get_a_hundred_times)
{
	put_two_below(_metadata);
	ASSERT_EQ(0, put("top", 4));
	for (int i = 0; i < 100; i++) {
		ASSERT_EQ(-EFAULT, at_end_of_good(&self->border, get_at, 3, 4)) {
			TH_LOG("get %d", i);
		}
	}
	ASSERT_EQ(4, get_expecting("top", 4));
	get_two_below(_metadata);
}

/* At every place in the box: some messages lie in two segments. */
TEST_F(border, at_every_depth)
{
	static const int lengths[] = { 777, 5000 };
	const int depth = 200;
	char *message = malloc(5000);

	for (int i = 0; i < depth; i++) {
		int len = lengths[i % 2];

		fill(message, len, i);
		if (!variant->readable) {
			ASSERT_EQ(-EFAULT, at_end_of_good(&self->border, put_at, len / 2, len)) {
				TH_LOG("depth %d", i);
			}
		}
		ASSERT_EQ(0, put(message, len));
	}
	for (int i = depth; i-- > 0;) {
		int len = lengths[i % 2];

		ASSERT_EQ(-EFAULT, at_end_of_good(&self->border, get_at, len / 2, len)) {
			TH_LOG("depth %d", i);
		}
		fill(message, len, i);
		ASSERT_EQ(len, get_expecting(message, len)) {
			TH_LOG("depth %d", i);
		}
	}
	free(message);
}

/* Only as many bytes as the message has need to be writable, not all of len. */
TEST_F(border, bad_memory_beyond_the_message_does_not_matter)
{
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		int len = sizes[i];
		char *message = new_message(len, len);

		ASSERT_EQ(0, put(message, len));
		EXPECT_EQ(len, at_end_of_good(&self->border, get_at, len, len + 2 * PAGE)) {
			TH_LOG("len %d", len);
		}
		ASSERT_EQ(0, put(message, len));
		EXPECT_EQ(len, at_end_of_good(&self->border, get_at, len, INT_MAX)) {
			TH_LOG("the greatest length, len %d", len);
		}
		ASSERT_EQ(0, put(message, len));
		EXPECT_EQ(len, at_end_of_good(&self->border, get_at_missing, len, len + 2 * PAGE)) {
			TH_LOG("into a page that is missing, len %d", len);
		}
		ASSERT_EQ(-ENODATA, get_nothing());
		free(message);
	}
}

/* The call does not touch the byte after the buffer. */
TEST_F(border, good_up_to_the_border)
{
	char *message = new_message(MIB, 1);

	poison(message, MIB);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		int len = sizes[i];

		EXPECT_EQ(0, at_end_of_good(&self->border, put_at, len, len)) {
			TH_LOG("len %d", len);
		}
		ASSERT_EQ(len, get_expecting(message, len));
	}
	free(message);
}

/* Addresses that no process can use. */
static const struct {
	const char *what;
	uintptr_t at;
	bool is_descriptor;	/* put takes it for a file descriptor */
} kernel_addresses[] = {
	{ "the first page", 1, .is_descriptor = true },
	{ "the end of user space", USER_SPACE_END, .is_descriptor = false },
	{ "the first address that is not canonical", 0x800000000000, .is_descriptor = false },
	{ "not canonical", 0x8000000000000000, .is_descriptor = false },
	{ "the last address that is not canonical", 0xffff7fffffffffff, .is_descriptor = false },
	{ "the kernel's half", 0xffff800000000000, .is_descriptor = false },
	{ "the direct map, on arm64", 0xffff000000000000, .is_descriptor = false },
	{ "the direct map", 0xffff888000000000, .is_descriptor = false },
	{ "the direct map, some way in", 0xffff888001000000, .is_descriptor = false },
	{ "kernel text", 0xffffffff81000000, .is_descriptor = false },
	{ "modules", 0xffffffffc0000000, .is_descriptor = false },
	{ "the vsyscall page", 0xffffffffff600000, .is_descriptor = false },
	{ "the last page", -(uintptr_t)4096, .is_descriptor = false },
	{ "the last byte", -(uintptr_t)1, .is_descriptor = true },
};

/* The error that a put from this address has to return. */
static long put_error(size_t i)
{
	return kernel_addresses[i].is_descriptor ? -ENOSYS : -EFAULT;
}

TEST_F(msgbox, put_from_kernel_addresses)
{
	put_two_below(_metadata);
	for (size_t i = 0; i < ARRAY_SIZE(kernel_addresses); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(sizes); j++) {
			EXPECT_EQ(put_error(i), put((void *)kernel_addresses[i].at, sizes[j])) {
				TH_LOG("%s, len %d", kernel_addresses[i].what, sizes[j]);
			}
		}
	}
	get_two_below(_metadata);
}

/* The address, which differs at each boot; 0 if the kernel does not show it. */
static uintptr_t address_of(const char *symbol)
{
	char line[256], name[128];
	unsigned long address = 0;
	FILE *symbols = fopen("/proc/kallsyms", "r");

	while (symbols && fgets(line, sizeof(line), symbols))
		if (sscanf(line, "%lx %*c %127s", &address, name) == 2 && !strcmp(name, symbol))
			break;
	if (symbols && feof(symbols))
		address = 0;
	if (symbols)
		fclose(symbols);
	return address;
}

TEST_F(msgbox, put_from_kernel_memory_that_is_there)
{
	/* Some kernels have no names of data (6.1 on arm64). */
	char *there = (char *)(address_of("linux_banner") ?: address_of("_stext"));

	if (!there)
		SKIP_TEST("only root can read kernel addresses");
	for (int len = 1; len <= 16; len++) {
		EXPECT_EQ(-EFAULT, put(there, len)) {
			TH_LOG("len %d", len);
		}
	}
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_F(msgbox, get_into_kernel_addresses)
{
	for (size_t j = 0; j < ARRAY_SIZE(sizes); j++) {
		int len = sizes[j];
		char *message = new_message(len, j);

		put_two_below(_metadata);
		ASSERT_EQ(0, put(message, len));
		for (size_t i = 0; i < ARRAY_SIZE(kernel_addresses); i++) {
			char *at = (char *)kernel_addresses[i].at;

			EXPECT_EQ(-EFAULT, get(at, len)) {
				TH_LOG("%s, len %d", kernel_addresses[i].what, len);
			}
			EXPECT_EQ(-EFAULT, get(at, INT_MAX)) {
				TH_LOG("%s, the greatest length", kernel_addresses[i].what);
			}
		}
		ASSERT_EQ(len, get_expecting(message, len));
		get_two_below(_metadata);
		free(message);
	}
}

/* The last page of user space, and across its end. */
TEST_F(msgbox, across_the_end_of_user_space)
{
	char *end = (char *)USER_SPACE_END;
	char *page = mmap(end - PAGE, PAGE, PROT_READ | PROT_WRITE,
			  MAP_FIXED_NOREPLACE | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		SKIP_TEST("the last page of user space is taken");
	fill(page, PAGE, 1);
	put_two_below(_metadata);

	ASSERT_EQ(-EFAULT, put(end - 1, 2));
	ASSERT_EQ(-EFAULT, put(end - PAGE, PAGE + 1));
	ASSERT_EQ(-EFAULT, put(end - PAGE, MIB));

	ASSERT_EQ(0, put(end - PAGE, PAGE));
	ASSERT_EQ(-EFAULT, get(end - PAGE + 1, PAGE));
	ASSERT_EQ(-EFAULT, get(end - 1, INT_MAX));
	poison(page, PAGE);
	ASSERT_EQ(PAGE, get(end - PAGE, INT_MAX));
	ASSERT_TRUE(is_filled(page, PAGE, 1));
	get_two_below(_metadata);
	munmap(page, PAGE);
}

/* A call that accesses no byte cannot fault. */
TEST_F(msgbox, a_message_of_no_bytes_has_no_bad_pointer)
{
	for (size_t i = 0; i < ARRAY_SIZE(kernel_addresses); i++) {
		char *at = (char *)kernel_addresses[i].at;

		if (kernel_addresses[i].is_descriptor) {
			EXPECT_EQ(-ENOSYS, put(at, 0));
			EXPECT_EQ(0, put("", 0));
		} else {
			EXPECT_EQ(0, put(at, 0)) {
				TH_LOG("%s", kernel_addresses[i].what);
			}
		}
		EXPECT_EQ(0, get(at, 0)) {
			TH_LOG("%s", kernel_addresses[i].what);
		}
		EXPECT_EQ(0, put("", 0));
		EXPECT_EQ(0, get(at, INT_MAX)) {
			TH_LOG("%s, the greatest length", kernel_addresses[i].what);
		}
		EXPECT_EQ(-ENODATA, get_nothing());
	}
}

TEST_HARNESS_MAIN

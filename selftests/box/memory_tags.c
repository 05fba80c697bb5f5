// SPDX-License-Identifier: GPL-2.0
/*
 * Memory tags (MTE): each 16 bytes of memory have a tag, and a pointer whose tag differs
 * cannot be used. For put and get such memory is bad memory. The page is present, so
 * faulting it in would help nothing, and a call must not try for ever.
 */
#include <signal.h>
#include <sys/auxv.h>
#include <sys/prctl.h>

#include "child.h"
#include "msgbox.h"

/* From newer C libraries. */
#ifndef PROT_MTE
#define PROT_MTE		0x20
#endif
#ifndef HWCAP2_MTE
#define HWCAP2_MTE		0x40000
#endif

#define GRANULE			16
/* Which tags the processor may give to new memory: all but 0. */
#define ALL_TAGS_BUT_0		(0xfffeUL << PR_MTE_TAG_SHIFT)

#define NO_MTE			"this processor has no memory tags"

/* --- tags */

static char *with_tag(const char *at, unsigned long tag)
{
	return (char *)(((uintptr_t)at & ~(0xfUL << 56)) | tag << 56);
}

/* Gives the tag of the pointer to the 16 bytes there, which are aligned. */
static void set_tag(char *at)
{
	asm volatile(".arch armv8.5-a+memtag\n\t"
		     "stg	%0, [%0]"
		     : : "r" (at) : "memory");
}

/* Gives this tag to all bytes. Returns a pointer that has it. */
static char *set_tags(char *at, size_t len, unsigned long tag)
{
	for (size_t i = 0; i < len; i += GRANULE)
		set_tag(with_tag(at + i, tag));
	return with_tag(at, tag);
}

/*
 * Asks for this kind of checks in this thread: PR_MTE_TCF_SYNC, PR_MTE_TCF_ASYNC or
 * PR_MTE_TCF_NONE. With PR_TAGGED_ADDR_ENABLE the kernel takes pointers with tags.
 */
static bool set_checks(unsigned long checks)
{
	return !prctl(PR_SET_TAGGED_ADDR_CTRL, PR_TAGGED_ADDR_ENABLE | checks | ALL_TAGS_BUT_0,
		      0, 0, 0);
}

/* --- the tests */

FIXTURE(tags)
{
	char *memory;		/* its tag is 0 */
	size_t size;
	char *buf;		/* the same with a tag of its own, not at a granule's start */
	char *message;
};

FIXTURE_VARIANT(tags)
{
	int len;
};

FIXTURE_VARIANT_ADD(tags, one_byte) { .len = 1 };
FIXTURE_VARIANT_ADD(tags, small) { .len = 100 };
FIXTURE_VARIANT_ADD(tags, small_in_pages) { .len = 8 * KIB };
FIXTURE_VARIANT_ADD(tags, large) { .len = 8 * KIB + 1 };
FIXTURE_VARIANT_ADD(tags, large_in_many_pages) { .len = MIB };

#define TAG		5UL
#define OTHER_TAG	9UL
#define OFFSET		3

FIXTURE_SETUP(tags)
{
	begin_with_empty_box(_metadata);
	if (!(getauxval(AT_HWCAP2) & HWCAP2_MTE))
		SKIP_TEST(NO_MTE);
	self->size = (OFFSET + variant->len + GRANULE + PAGE - 1L) / PAGE * PAGE;
	self->memory = map(self->size, PROT_READ | PROT_WRITE | PROT_MTE);
	ASSERT_TRUE(set_checks(PR_MTE_TCF_SYNC));
	self->buf = set_tags(self->memory, self->size, TAG) + OFFSET;
	self->message = new_message(variant->len, 1);
	fill(self->buf, variant->len, 1);
}

FIXTURE_TEARDOWN(tags)
{
	free(self->message);
	munmap(self->memory, self->size);
	end_with_empty_box(_metadata);
}

TEST_F(tags, right_ones_work)
{
	ASSERT_EQ(0, put(self->buf, variant->len));
	poison(self->buf, variant->len);
	ASSERT_EQ(variant->len, get(self->buf, variant->len));
	ASSERT_EQ(0, memcmp(self->message, self->buf, variant->len));
	ASSERT_EQ(-ENODATA, get_nothing());
}

/* Both calls with a pointer or memory that has a wrong tag. */
static void expect_efault(struct __test_metadata *_metadata, char *at, const char *message, int len)
{
	EXPECT_EQ(-EFAULT, put(at, len));
	ASSERT_EQ(-ENODATA, get_nothing());
	ASSERT_EQ(0, put("below", 6));
	ASSERT_EQ(0, put(message, len));
	EXPECT_EQ(-EFAULT, get(at, len));
	EXPECT_EQ(-EFAULT, get(at, INT_MAX));
	ASSERT_EQ(len, get_expecting(message, len));
	ASSERT_EQ(6, get_expecting("below", 6));
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_F(tags, a_pointer_with_a_wrong_one)
{
	expect_efault(_metadata, with_tag(self->buf, OTHER_TAG), self->message, variant->len);
	expect_efault(_metadata, with_tag(self->buf, 0), self->message, variant->len);
}

/* The 16 bytes of which this one of the buffer is part get another tag. */
static void expect_efault_at(struct __test_metadata *_metadata, char *buf, int byte,
			     const char *message, int len)
{
	char *granule = (char *)((uintptr_t)(buf + byte) & -GRANULE);

	poison(buf, len);
	set_tag(with_tag(granule, OTHER_TAG));
	expect_efault(_metadata, buf, message, len);
	set_tag(with_tag(granule, TAG));
	ASSERT_TRUE(is_poison(buf, len)) {
		TH_LOG("a get has written to the buffer although it failed");
	}
}

TEST_F(tags, wrong_ones_at_the_start_in_the_middle_and_at_the_end)
{
	expect_efault_at(_metadata, self->buf, 0, self->message, variant->len);
	expect_efault_at(_metadata, self->buf, variant->len / 2, self->message, variant->len);
	expect_efault_at(_metadata, self->buf, variant->len - 1, self->message, variant->len);
}

/* Only the bytes that are copied need the right tag. */
TEST_F(tags, wrong_ones_beyond_the_message_do_not_matter)
{
	char *beyond = (char *)((uintptr_t)(self->buf + variant->len + GRANULE - 1) & -GRANULE);

	set_tag(with_tag(beyond, OTHER_TAG));
	ASSERT_EQ(0, put(self->buf, variant->len));
	poison(self->buf, variant->len);
	ASSERT_EQ(variant->len, get(self->buf, INT_MAX));
	ASSERT_EQ(0, memcmp(self->message, self->buf, variant->len));
}

/* The pages are missing, and then have the tag 0. */
TEST_F(tags, wrong_ones_of_missing_pages)
{
	ASSERT_EQ(0, madvise(self->memory, self->size, MADV_DONTNEED));
	EXPECT_EQ(-EFAULT, put(self->buf, variant->len));
	ASSERT_EQ(0, put(self->message, variant->len));
	ASSERT_EQ(0, madvise(self->memory, self->size, MADV_DONTNEED));
	EXPECT_EQ(-EFAULT, get(self->buf, variant->len));

	ASSERT_EQ(0, madvise(self->memory, self->size, MADV_DONTNEED));
	ASSERT_EQ(variant->len, get(with_tag(self->buf, 0), variant->len));
	ASSERT_EQ(0, memcmp(self->message, with_tag(self->buf, 0), variant->len));
	ASSERT_EQ(-ENODATA, get_nothing());
}

/* Without checks any tag will do. */
TEST_F(tags, wrong_ones_do_not_matter_without_checks)
{
	char *at = with_tag(self->buf, OTHER_TAG);

	ASSERT_TRUE(set_checks(PR_MTE_TCF_NONE));
	ASSERT_EQ(0, put(at, variant->len));
	poison(self->buf, variant->len);
	ASSERT_EQ(variant->len, get(at, variant->len));
	ASSERT_EQ(0, memcmp(self->message, at, variant->len));
}

/*
 * With asynchronous checks an access goes on, and a signal follows sometimes: the kernel
 * need not check its own. So each call either works or fails, and it ends.
 */
static int calls_with_asynchronous_checks(char *buf, const char *message, int len)
{
	char *at = with_tag(buf, OTHER_TAG);
	long ret;

	signal(SIGSEGV, SIG_IGN);
	if (!set_checks(PR_MTE_TCF_ASYNC))
		return 1;
	ret = put(at, len);
	if (ret && ret != -EFAULT)
		return 2;
	if (ret && put(message, len))
		return 3;
	ret = get(at, len);
	if (ret != len && ret != -EFAULT)
		return 4;
	return ret == -EFAULT && get_expecting(message, len) != len ? 5 : 0;
}

TEST_F(tags, wrong_ones_with_asynchronous_checks)
{
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(calls_with_asynchronous_checks(self->buf, self->message, variant->len));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	/* A forced signal kills, though it is ignored; the call has ended all the same. */
	if (WIFSIGNALED(status)) {
		EXPECT_EQ(SIGSEGV, WTERMSIG(status));
		ASSERT_LE(0, drain());
		return;
	}
	ASSERT_EQ(0, status);
	ASSERT_EQ(-ENODATA, get_nothing());
}

/* --- asymmetric checks: loads fault, and stores only send a signal later */

#define PROCESSORS	"/sys/devices/system/cpu"

/* Sets the kind of checks that the processors prefer where a program allows several. */
static bool set_preferred(const char *checks)
{
	char folder[64];

	for (int cpu = 0;; cpu++) {
		snprintf(folder, sizeof(folder), PROCESSORS "/cpu%d", cpu);
		if (access(folder, F_OK))
			return cpu > 0;
		if (write_text(folder, "mte_tcf_preferred", checks))
			return false;
	}
}

static long read_a_byte(char *to)
{
	int ends[2];
	long ret;

	if (pipe(ends) || write(ends[1], "", 1) != 1)
		return -EPIPE;
	ret = read(ends[0], to, 1);
	ret = ret < 0 ? -errno : ret;
	close(ends[0]);
	close(ends[1]);
	return ret;
}

static void ignore(int signal)
{
}

TEST_F(tags, wrong_ones_with_asymmetric_checks)
{
	char *at = with_tag(self->buf, OTHER_TAG);
	long from_pipe, put_ret, get_ret;

	ASSERT_EQ(0, put(self->message, variant->len));
	signal(SIGSEGV, ignore);
	if (!set_preferred("asymm"))
		SKIP_TEST("only root can ask for asymmetric checks, of newer processors");
	ASSERT_TRUE(set_checks(PR_MTE_TCF_SYNC | PR_MTE_TCF_ASYNC));
	from_pipe = read_a_byte(at);
	put_ret = put(at, variant->len);
	get_ret = get(at, variant->len);
	ASSERT_TRUE(set_checks(PR_MTE_TCF_NONE));
	ASSERT_TRUE(set_preferred("async"));

	EXPECT_EQ(1, from_pipe);
	EXPECT_EQ(-EFAULT, put_ret);
	ASSERT_EQ(variant->len, get_ret);
	ASSERT_EQ(0, memcmp(self->message, at, variant->len));
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_HARNESS_MAIN

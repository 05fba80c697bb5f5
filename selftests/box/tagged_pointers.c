// SPDX-License-Identifier: GPL-2.0
/*
 * Pointers with a tag in the top byte, which the processor ignores. The kernel takes them
 * only from a thread that asked for it. Otherwise they are bad pointers for put and get,
 * as for other calls. (memory_tags.c: memory that has tags as well.)
 */
#include <sys/prctl.h>
#include <sys/resource.h>

#include "msgbox.h"

FIXTURE(tagged)
{
	char *buf;
	char *message;
};

FIXTURE_VARIANT(tagged)
{
	int len;
};

FIXTURE_VARIANT_ADD(tagged, one_byte) { .len = 1 };
FIXTURE_VARIANT_ADD(tagged, small) { .len = 8 * KIB };
FIXTURE_VARIANT_ADD(tagged, large) { .len = 8 * KIB + 1 };
FIXTURE_VARIANT_ADD(tagged, large_in_many_pages) { .len = MIB };

/* The highest bit of an address may be set in a tag, too. */
static const unsigned long tags[] = { 0x01, 0x55, 0x7f, 0x80, 0xff };

static char *with_tag(const char *at, unsigned long tag)
{
	return (char *)((uintptr_t)at | tag << 56);
}

static bool take_tags(bool yes)
{
	return !prctl(PR_SET_TAGGED_ADDR_CTRL, yes ? PR_TAGGED_ADDR_ENABLE : 0, 0, 0, 0);
}

FIXTURE_SETUP(tagged)
{
	begin_with_empty_box(_metadata);
	self->message = new_message(variant->len, 1);
	self->buf = new_message(variant->len, 1);
	ASSERT_TRUE(take_tags(false));
}

FIXTURE_TEARDOWN(tagged)
{
	take_tags(false);
	free(self->message);
	free(self->buf);
	end_with_empty_box(_metadata);
}

TEST_F(tagged, works_where_the_thread_asked_for_it)
{
	ASSERT_TRUE(take_tags(true));
	for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
		char *at = with_tag(self->buf, tags[i]);

		ASSERT_EQ(0, put(at, variant->len)) {
			TH_LOG("tag %#lx", tags[i]);
		}
		poison(self->buf, variant->len);
		ASSERT_EQ(variant->len, get(at, variant->len)) {
			TH_LOG("tag %#lx", tags[i]);
		}
		ASSERT_EQ(0, memcmp(self->message, self->buf, variant->len));
	}
	ASSERT_EQ(-ENODATA, get_nothing());
}

/* Returns how many pages a put faults in, or the error of the put as a negative number. */
static long faults_of_put(const char *buf, int len)
{
	struct rusage before, after;
	long ret;

	getrusage(RUSAGE_THREAD, &before);
	ret = put(buf, len);
	getrusage(RUSAGE_THREAD, &after);
	return ret ? ret : after.ru_minflt - before.ru_minflt;
}

/*
 * All pages are present, so a put faults none in: that would cost the lock of the address
 * space for each page, and fail while the module is unloaded. Several attempts, as the
 * kernel may move a page at any time.
 */
TEST_F(tagged, faults_in_no_page_that_is_present)
{
	long faults = -1;

	ASSERT_TRUE(take_tags(true));
	for (int attempt = 0; attempt < 5 && faults; attempt++) {
		faults = faults_of_put(with_tag(self->buf, 0x55), variant->len);
		ASSERT_LE(0, faults);
		ASSERT_EQ(variant->len, get_expecting(self->message, variant->len));
	}
	EXPECT_EQ(0, faults);
}

TEST_F(tagged, is_a_bad_pointer_otherwise)
{
	for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
		char *at = with_tag(self->buf, tags[i]);

		EXPECT_EQ(-EFAULT, put(at, variant->len)) {
			TH_LOG("tag %#lx", tags[i]);
		}
		ASSERT_EQ(-ENODATA, get_nothing());
		ASSERT_EQ(0, put(self->message, variant->len));
		poison(self->buf, variant->len);
		EXPECT_EQ(-EFAULT, get(at, variant->len)) {
			TH_LOG("tag %#lx", tags[i]);
		}
		EXPECT_EQ(-EFAULT, get(at, INT_MAX));
		ASSERT_TRUE(is_poison(self->buf, variant->len));
		ASSERT_EQ(variant->len, get(self->buf, variant->len));
		ASSERT_EQ(0, memcmp(self->message, self->buf, variant->len));
	}
	ASSERT_EQ(-ENODATA, get_nothing());
}

/* A tag does not make an address out of a file descriptor. */
TEST_F(tagged, a_file_descriptor_is_one_without_a_tag_only)
{
	ASSERT_TRUE(take_tags(true));
	EXPECT_EQ(-EFAULT, put(with_tag((char *)3, 0x55), variant->len));
	EXPECT_EQ(-ENOSYS, put((char *)3, variant->len));
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_HARNESS_MAIN

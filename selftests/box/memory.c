// SPDX-License-Identifier: GPL-2.0
/*
 * Good memory in unusual states: missing pages, shared pages, copy-on-write
 * pages, buffers at any alignment; and messages of any size.
 */
#include <sys/random.h>
#include <sys/wait.h>

#include "msgbox.h"

#define sizes ((const int []) {						\
	0, 1, 64, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE + 5, 100 * KIB, MIB,	\
})

/* All bytes are zero, as in memory that was never written. */
static bool is_zero(const char *buf, size_t len)
{
	return !len || (!buf[0] && !memcmp(buf, buf + 1, len - 1));
}

FIXTURE(fresh)
{
	char *buf;
	size_t len;
};

FIXTURE_VARIANT(fresh)
{
	/* Memory of this length, all zero, whose pages are missing. */
	char *(*make)(size_t len);
};

static char *anonymous(size_t len)
{
	return map(len, PROT_READ | PROT_WRITE);
}

static char *shared(size_t len)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static char *of_a_file(size_t len, int flags)
{
	int fd = memfd_create("memory", 0);
	char *buf;

	if (fd < 0 || ftruncate(fd, len))
		abort();
	buf = mmap(NULL, len, PROT_READ | PROT_WRITE, flags, fd, 0);
	close(fd);
	return buf;
}

static char *shared_file(size_t len)
{
	return of_a_file(len, MAP_SHARED);
}

static char *private_file(size_t len)
{
	return of_a_file(len, MAP_PRIVATE);
}

static char *thrown_away(size_t len)
{
	char *buf = map(len, PROT_READ | PROT_WRITE);

	poison(buf, len);
	madvise(buf, len, MADV_DONTNEED);
	return buf;
}

static char *huge(size_t len)
{
	char *buf = map(len + 2 * MIB, PROT_READ | PROT_WRITE);

	buf += -(uintptr_t)buf % (2 * MIB);
	madvise(buf, len, MADV_HUGEPAGE);
	return buf;
}

/* A read maps the zero page, which all processes share. */
static char *zero_page(size_t len)
{
	char *buf = map(len, PROT_READ | PROT_WRITE);

	madvise(buf, len, MADV_NOHUGEPAGE);
	if (!is_zero(buf, len))
		abort();
	return buf;
}

FIXTURE_VARIANT_ADD(fresh, anonymous)
{
	.make = anonymous,
};

FIXTURE_VARIANT_ADD(fresh, shared)
{
	.make = shared,
};

FIXTURE_VARIANT_ADD(fresh, shared_file)
{
	.make = shared_file,
};

FIXTURE_VARIANT_ADD(fresh, private_file)
{
	.make = private_file,
};

FIXTURE_VARIANT_ADD(fresh, thrown_away)
{
	.make = thrown_away,
};

FIXTURE_VARIANT_ADD(fresh, huge)
{
	.make = huge,
};

FIXTURE_VARIANT_ADD(fresh, zero_page)
{
	.make = zero_page,
};

FIXTURE_SETUP(fresh)
{
	begin_with_empty_box(_metadata);
	self->len = 2 * MIB;
	self->buf = variant->make(self->len);
	ASSERT_NE(MAP_FAILED, self->buf);
}

FIXTURE_TEARDOWN(fresh)
{
	munmap(self->buf, self->len);
	end_with_empty_box(_metadata);
}

TEST_F(fresh, put)
{
	char *zeroes = calloc(1, MIB);

	/* From the end, so that each put finds untouched pages. */
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		self->len -= sizes[i];
		ASSERT_EQ(0, put(self->buf + self->len, sizes[i]));
		ASSERT_EQ(sizes[i], get_expecting(zeroes, sizes[i]));
	}
	self->len = 2 * MIB;
	ASSERT_TRUE(is_zero(self->buf, self->len));
	free(zeroes);
}

TEST_F(fresh, get)
{
	size_t end = self->len;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		char *message = new_message(sizes[i], i);

		end -= sizes[i];
		ASSERT_EQ(0, put(message, sizes[i]));
		ASSERT_EQ(sizes[i], get(self->buf + end, sizes[i]));
		ASSERT_EQ(0, memcmp(message, self->buf + end, sizes[i]));
		free(message);
	}
	/* The memory before the last message is unchanged. */
	ASSERT_TRUE(is_zero(self->buf, end));
}

TEST_F(fresh, get_does_not_write_to_the_page_of_zeroes)
{
	char *other = map(PAGE, PROT_READ | PROT_WRITE);

	ASSERT_TRUE(is_zero(other, PAGE));
	ASSERT_EQ(0, put("written", 8));
	ASSERT_EQ(8, get(self->buf, 8));
	ASSERT_STREQ("written", self->buf);
	ASSERT_TRUE(is_zero(other, PAGE));
	munmap(other, PAGE);
}

/*
 * Runs the function in a child and returns its exit status, because the harness
 * does not see an EXPECT that fails in a child; -1 if the child did not exit.
 */
static int child_says(int (*child)(char *buf), char *buf)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(child(buf));
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

#define FORK_LEN	(3 * PAGE + 5)

static int get_the_message(char *buf)
{
	if (get(buf, FORK_LEN) != FORK_LEN)
		return 1;
	return is_filled(buf, FORK_LEN, 2) ? 0 : 2;
}

TEST_F(msgbox, a_childs_get_does_not_show_in_its_parent)
{
	char *buf = new_message(FORK_LEN, 1);
	char *message = new_message(FORK_LEN, 2);

	ASSERT_EQ(0, put(message, FORK_LEN));
	ASSERT_EQ(0, child_says(get_the_message, buf));
	ASSERT_TRUE(is_filled(buf, FORK_LEN, 1));
	ASSERT_EQ(-ENODATA, get_nothing());
	free(message);
	free(buf);
}

TEST_F(msgbox, a_childs_get_into_shared_memory_shows_in_its_parent)
{
	char *buf = shared(FORK_LEN);
	char *message = new_message(FORK_LEN, 2);

	ASSERT_NE(MAP_FAILED, buf);
	ASSERT_EQ(0, put(message, FORK_LEN));
	ASSERT_EQ(0, child_says(get_the_message, buf));
	ASSERT_TRUE(is_filled(buf, FORK_LEN, 2));
	free(message);
	munmap(buf, FORK_LEN);
}

static int put_the_message(char *buf)
{
	return put(buf, FORK_LEN) ? 1 : 0;
}

/* The box has its own copy of the message. */
TEST_F(msgbox, a_message_outlives_the_child_that_put_it)
{
	char *buf = new_message(FORK_LEN, 1);

	ASSERT_EQ(0, child_says(put_the_message, buf));
	ASSERT_EQ(FORK_LEN, get_expecting(buf, FORK_LEN));
	free(buf);
}

static int write_and_put(char *buf)
{
	fill(buf, FORK_LEN, 2);
	return put_the_message(buf);
}

TEST_F(msgbox, a_child_puts_its_own_copy)
{
	char *buf = new_message(FORK_LEN, 1);
	char *message = new_message(FORK_LEN, 2);

	ASSERT_EQ(0, child_says(write_and_put, buf));
	ASSERT_TRUE(is_filled(buf, FORK_LEN, 1));
	ASSERT_EQ(FORK_LEN, get_expecting(message, FORK_LEN));
	free(message);
	free(buf);
}

/* Here the parent's page is the one that is copied on write. */
TEST_F(msgbox, a_get_after_fork_does_not_show_in_the_child)
{
	char *buf = new_message(FORK_LEN, 1);
	char *message = new_message(FORK_LEN, 2);
	int go[2], status;
	char byte;
	pid_t pid;

	ASSERT_EQ(0, pipe(go));
	ASSERT_EQ(0, put(message, FORK_LEN));
	pid = fork();
	if (pid == 0)
		_exit(read(go[0], &byte, 1) == 1 && is_filled(buf, FORK_LEN, 1) ? 0 : 1);
	ASSERT_LT(0, pid);
	ASSERT_EQ(FORK_LEN, get(buf, FORK_LEN));
	ASSERT_TRUE(is_filled(buf, FORK_LEN, 2));
	ASSERT_EQ(1, write(go[1], "", 1));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	free(message);
	free(buf);
}

TEST_F(msgbox, changing_the_buffer_does_not_change_the_message)
{
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		char *message = new_message(sizes[i], i);
		char *buf = new_message(sizes[i], i);

		ASSERT_EQ(0, put(buf, sizes[i]));
		poison(buf, sizes[i]);
		ASSERT_EQ(sizes[i], get_expecting(message, sizes[i]));
		free(buf);
		free(message);
	}
}

TEST_F(msgbox, every_alignment)
{
	char *message = new_message(2 * PAGE, 1);
	char *buf = map(3 * PAGE, PROT_READ | PROT_WRITE);

	for (int at = 0; at < 70; at++) {
		int len = PAGE + 1 - at;

		ASSERT_EQ(0, put(message + at, len));
		poison(buf, 3 * PAGE);
		ASSERT_EQ(len, get(buf + 1 + at * 3, len));
		ASSERT_EQ(0, memcmp(message + at, buf + 1 + at * 3, len));
		ASSERT_TRUE(is_poison(buf, 1 + at * 3));
		ASSERT_TRUE(is_poison(buf + 1 + at * 3 + len, 3 * PAGE - 1 - at * 3 - len));
	}
	munmap(buf, 3 * PAGE);
	free(message);
}

/* Messages begin at every offset of a segment. */
TEST_F(msgbox, every_length_on_top_of_each_other)
{
	const int most = 3000;
	char *message = malloc(most);

	for (int len = 0; len < most; len++) {
		fill(message, len, len);
		ASSERT_EQ(0, put(message, len)) {
			TH_LOG("len %d", len);
		}
	}
	for (int len = most; len-- > 0;) {
		fill(message, len, len);
		ASSERT_EQ(len, get_expecting(message, len)) {
			TH_LOG("len %d", len);
		}
	}
	free(message);
}

/* The page is missing at each call, also when the box has to grow. */
TEST_F(msgbox, missing_pages_at_every_depth)
{
	const int depth = 100, len = 3000;
	char *buf = map(2 * PAGE, PROT_READ | PROT_WRITE);
	char *zeroes = calloc(1, len);

	for (int i = 0; i < depth; i++) {
		ASSERT_EQ(0, madvise(buf, 2 * PAGE, MADV_DONTNEED));
		ASSERT_EQ(0, put(buf + PAGE - len / 2, len)) {
			TH_LOG("depth %d", i);
		}
	}
	for (int i = 0; i < depth; i++) {
		ASSERT_EQ(0, madvise(buf, 2 * PAGE, MADV_DONTNEED));
		ASSERT_EQ(len, get(buf + PAGE - len / 2, len)) {
			TH_LOG("depth %d", depth - i);
		}
		ASSERT_EQ(0, memcmp(zeroes, buf + PAGE - len / 2, len));
	}
	free(zeroes);
	munmap(buf, 2 * PAGE);
}

TEST_F(msgbox, messages_of_no_bytes_are_counted)
{
	for (int i = 0; i < 100; i++) {
		ASSERT_EQ(0, put("not taken", 0)) {
			TH_LOG("message %d", i);
		}
	}
	for (int i = 0; i < 100; i++) {
		ASSERT_EQ(0, get_expecting("", 0)) {
			TH_LOG("message %d", i);
		}
	}
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_F(msgbox, a_message_of_no_bytes_fits_a_buffer_of_no_bytes)
{
	char byte = POISON;

	ASSERT_EQ(0, put("", 0));
	ASSERT_EQ(0, get(&byte, 0));
	ASSERT_TRUE(is_poison(&byte, 1));
	ASSERT_EQ(-ENODATA, get(&byte, 0));
}

TEST_F(msgbox, the_largest_message_and_one_byte_more)
{
	long largest = parameter("max_message_bytes");
	char *message;

	ASSERT_LT(0, largest);
	message = new_message(largest + 1, 1);

	ASSERT_EQ(0, put("below", 6));
	ASSERT_EQ(0, put(message, largest));
	ASSERT_EQ(-EMSGSIZE, put(message, largest + 1));
	ASSERT_EQ(-EMSGSIZE, put(message, INT_MAX));
	ASSERT_EQ(largest, get_expecting(message, largest));

	ASSERT_EQ(0, put(message, largest - 1));
	ASSERT_EQ(largest - 1, get_expecting(message, largest - 1));
	ASSERT_EQ(6, get_expecting("below", 6));
	free(message);
}

/* The register's bits above bit 31 do not count. */
TEST_F(msgbox, len_is_an_int)
{
	static const unsigned long garbage[] = {
		0x100000000, 0x8000000000000000, 0xdeadbeef00000000, 0xffffffff00000000,
	};
	char buf[16];

	for (size_t i = 0; i < ARRAY_SIZE(garbage); i++) {
		ASSERT_EQ(0, syscall(put_nr, "garbage", garbage[i] | 8));
		poison(buf, sizeof(buf));
		ASSERT_EQ(8, syscall(get_nr, buf, garbage[i] | 8));
		ASSERT_STREQ("garbage", buf);
		ASSERT_TRUE(is_poison(buf + 8, 8));

		ASSERT_EQ(0, put("garbage", 8));
		ASSERT_EQ(-1, syscall(get_nr, buf, garbage[i] | 7));
		ASSERT_EQ(EMSGSIZE, errno);
		ASSERT_EQ(-1, syscall(get_nr, buf, garbage[i] | 0x80000000));
		ASSERT_EQ(EINVAL, errno);
		ASSERT_EQ(-1, syscall(put_nr, buf, garbage[i] | 0xffffffff));
		ASSERT_EQ(EINVAL, errno);
		ASSERT_EQ(8, get_expecting("garbage", 8));

		ASSERT_EQ(0, syscall(put_nr, "", garbage[i]));
		ASSERT_EQ(0, get_expecting("", 0));
	}
}

/*
 * A random walk, compared with a stack in user space. The bytes of a message are
 * derived from its seed, so that stack only stores seeds and lengths.
 */
#define STEPS		3000
#define MOST_BYTES	(16 * MIB)

struct shadow {
	unsigned long seed;
	int len;
};

static unsigned long first_seed(void)
{
	const char *given = getenv("DM510_MSGBOX_SEED");
	unsigned long seed = 1;

	if (given)
		return strtoull(given, NULL, 0);
	/* Without a random seed the test still runs. */
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) < 0)
		return 1;
	return seed;
}

/* Each power of two is equally likely, so that small and large sizes occur. */
static int random_len(unsigned long *random, long largest)
{
	int len = next_random(random) % (1UL << next_random(random) % 23);

	return len > largest ? largest : len;
}

TEST_F(msgbox, random_sizes_up_to_the_largest)
{
	unsigned long seed = first_seed(), random = seed;
	long largest = parameter("max_message_bytes");
	struct shadow *shadow = calloc(STEPS, sizeof(*shadow));
	char *buf = malloc(largest + PAGE);
	long depth = 0, bytes = 0;

	TH_LOG("DM510_MSGBOX_SEED=%#llx repeats this run", (unsigned long long)seed);
	ASSERT_LT(0, largest);
	for (int step = 0; step < STEPS; step++) {
		unsigned long dice = next_random(&random);
		int offset = dice % PAGE;
		struct shadow *top = &shadow[depth];

		/* The box mostly grows for 500 steps, then mostly shrinks. */
		if (!depth || (dice >> 32) % 8 < (step / 500 % 2 ? 3 : 5)) {
			top->seed = dice;
			top->len = random_len(&random, largest);
			if (bytes + top->len > MOST_BYTES)
				top->len = 1;
			fill(buf + offset, top->len, top->seed);
			ASSERT_EQ(0, put(buf + offset, top->len)) {
				TH_LOG("step %d, len %d", step, top->len);
			}
			bytes += top->len;
			depth++;
			continue;
		}

		top--;
		if (top->len) {
			ASSERT_EQ(-EMSGSIZE, get(buf + offset, dice % top->len)) {
				TH_LOG("step %d, len %d", step, top->len);
			}
		}
		ASSERT_EQ(top->len, get(buf + offset, largest)) {
			TH_LOG("step %d", step);
		}
		ASSERT_TRUE(is_filled(buf + offset, top->len, top->seed)) {
			TH_LOG("step %d, len %d: torn", step, top->len);
		}
		bytes -= top->len;
		depth--;
	}
	while (depth--) {
		ASSERT_EQ(shadow[depth].len, get(buf, largest));
		ASSERT_TRUE(is_filled(buf, shadow[depth].len, shadow[depth].seed));
	}
	ASSERT_EQ(-ENODATA, get_nothing());
	free(buf);
	free(shadow);
}

TEST_HARNESS_MAIN

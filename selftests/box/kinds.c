// SPDX-License-Identifier: GPL-2.0
/*
 * Kinds of memory. A get can fill what read(2) can fill, and a put can send what
 * write(2) can send. For each kind and size the test makes both calls, each in a
 * process of its own, so that no call finds pages that another one faulted in.
 * memory_kinds.c makes the memory.
 *
 * The table marks where get has to differ (.unpinnable): a large message is
 * delivered only to memory that the kernel can pin. Memory that another thread
 * changes during the call is tested by faults_in_the_middle.
 */
#include <sys/wait.h>

#include "memory_kinds.h"
#include "msgbox.h"

#define LARGE(len)	((len) > 8 * KIB)

static const int sizes[] = { 1, 64, 5000, 9000, 100000, MIB };

/* How much of the memory a call uses; UNKNOWN: it depends on the machine or the length. */
enum share { NOTHING, ALL, UNKNOWN };

/* The result of a child. */
struct answer {
	bool none;	/* this machine has no such memory */
	bool ended;	/* the call returned */
	long ret;
	bool whole;	/* the buffer holds the expected bytes */
};

FIXTURE(kind)
{
	struct answer *answer;
	int file;
	long huge_pages;
};

FIXTURE_VARIANT(kind)
{
	char *(*make)(size_t len);
	enum share fills;	/* read(2) */
	enum share sends;	/* write(2) */
	bool changes;		/* by itself, so the bytes cannot be compared */
	bool unpinnable;
};

FIXTURE_VARIANT_ADD(kind, present) { .make = present, .fills = ALL, .sends = ALL };
FIXTURE_VARIANT_ADD(kind, anonymous) { .make = anonymous, .fills = ALL, .sends = ALL };
FIXTURE_VARIANT_ADD(kind, huge) { .make = huge, .fills = ALL, .sends = ALL };
FIXTURE_VARIANT_ADD(kind, hugetlb) { .make = hugetlb, .fills = ALL, .sends = ALL };
FIXTURE_VARIANT_ADD(kind, private_file) { .make = private_file, .fills = ALL, .sends = ALL };
FIXTURE_VARIANT_ADD(kind, shared_file) { .make = shared_file, .fills = ALL, .sends = ALL };

FIXTURE_VARIANT_ADD(kind, read_only_file)
{
	.make = read_only_file, .fills = NOTHING, .sends = ALL,
};

FIXTURE_VARIANT_ADD(kind, tmpfs) { .make = tmpfs, .fills = ALL, .sends = ALL };

FIXTURE_VARIANT_ADD(kind, behind_the_end_of_a_file)
{
	.make = behind_the_end_of_a_file, .fills = NOTHING, .sends = NOTHING,
};

FIXTURE_VARIANT_ADD(kind, secret)
{
	.make = secret, .fills = ALL, .sends = ALL,
	.unpinnable = true,
};

FIXTURE_VARIANT_ADD(kind, key_without_write)
{
	.make = key_without_write, .fills = NOTHING, .sends = ALL,
};

FIXTURE_VARIANT_ADD(kind, key_without_access)
{
	.make = key_without_access, .fills = NOTHING, .sends = NOTHING,
};

FIXTURE_VARIANT_ADD(kind, executable_only)
{
	.make = executable_only, .fills = NOTHING, .sends = UNKNOWN,
};

FIXTURE_VARIANT_ADD(kind, none_at_the_end)
{
	.make = none_at_the_end, .fills = NOTHING, .sends = NOTHING,
};

FIXTURE_VARIANT_ADD(kind, guard_at_the_end)
{
	.make = guard_at_the_end, .fills = NOTHING, .sends = NOTHING,
};

FIXTURE_VARIANT_ADD(kind, poisoned_at_the_end)
{
	.make = poisoned_at_the_end, .fills = NOTHING, .sends = NOTHING,
};

FIXTURE_VARIANT_ADD(kind, device)
{
	.make = device, .fills = ALL, .sends = ALL,
	.changes = true,
	.unpinnable = true,
};

FIXTURE_VARIANT_ADD(kind, of_the_vdso) { .make = of_the_vdso, .fills = NOTHING, .sends = UNKNOWN };

FIXTURE_VARIANT_ADD(kind, of_its_data)
{
	.make = of_its_data, .fills = NOTHING, .sends = UNKNOWN,
	.changes = true,
};

FIXTURE_VARIANT_ADD(kind, vsyscall) { .make = vsyscall, .fills = NOTHING, .sends = NOTHING };

FIXTURE_VARIANT_ADD(kind, top_of_the_address_space)
{
	.make = top_of_the_address_space, .fills = ALL, .sends = ALL,
};

FIXTURE_VARIANT_ADD(kind, beyond_the_top)
{
	.make = beyond_the_top, .fills = NOTHING, .sends = NOTHING,
};

FIXTURE_VARIANT_ADD(kind, below_the_stack) { .make = below_the_stack, .fills = ALL, .sends = ALL };

FIXTURE_VARIANT_ADD(kind, from_below_into_the_stack)
{
	.make = from_below_into_the_stack, .fills = ALL, .sends = ALL,
};

FIXTURE_VARIANT_ADD(kind, below_what_grows_down)
{
	.make = below_what_grows_down, .fills = ALL, .sends = ALL,
};

FIXTURE_VARIANT_ADD(kind, from_a_mapping_into_what_grows_down)
{
	.make = from_a_mapping_into_what_grows_down, .fills = ALL, .sends = ALL,
};

FIXTURE_VARIANT_ADD(kind, userfaultfd_missing)
{
	.make = userfaultfd_missing, .fills = ALL, .sends = ALL,
};

FIXTURE_VARIANT_ADD(kind, userfaultfd_minor)
{
	.make = userfaultfd_minor, .fills = ALL, .sends = ALL,
};

FIXTURE_VARIANT_ADD(kind, userfaultfd_write_protect)
{
	.make = userfaultfd_write_protect, .fills = ALL, .sends = ALL,
};

static long with_error(long ret)
{
	return ret < 0 ? -errno : ret;
}

static long read_file(char *buf, int len, int fd)
{
	return with_error(pread(fd, buf, len, 0));
}

static long write_file(char *buf, int len, int fd)
{
	return with_error(pwrite(fd, buf, len, 0));
}

static long get_message(char *buf, int len, int fd)
{
	(void)fd;
	return get(buf, len);
}

static long put_message(char *buf, int len, int fd)
{
	(void)fd;
	return put(buf, len);
}

static long nothing(char *buf, int len, int fd)
{
	(void)buf;
	(void)fd;
	return -len;
}

/* In a child: makes one call on memory of this kind. */
static void ask(struct answer *answer, char *(*make)(size_t len),
		long (*call)(char *buf, int len, int fd), int len, int fd)
{
	char *buf = make(len);

	answer->none = !buf;
	if (!buf)
		return;
	answer->ret = call(buf, len, fd);
	answer->ended = true;
	if (answer->ret == len)
		answer->whole = is_filled(buf, len, len);
}

/* Returns false if there is no such memory or the child gave no answer. */
static bool child_asks(struct answer *answer, char *(*make)(size_t len),
		       long (*call)(char *buf, int len, int fd), int len, int fd)
{
	int status;
	pid_t pid;

	memset(answer, 0, sizeof(*answer));
	pid = fork();
	if (pid == 0) {
		ask(answer, make, call, len, fd);
		_exit(0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && !answer->none && answer->ended;
}

FIXTURE_SETUP(kind)
{
	begin_with_empty_box(_metadata);
	self->huge_pages = read_number(HUGE_PAGES);
	self->file = memfd_create("kinds", 0);
	self->answer = mmap(NULL, sizeof(*self->answer), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->answer);
	if (!child_asks(self->answer, variant->make, nothing, 1, -1) && self->answer->none)
		SKIP_TEST("this machine has no such memory");
}

FIXTURE_TEARDOWN(kind)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", self->huge_pages);
	write_text(HUGE_PAGES, text);
	close(self->file);
	end_with_empty_box(_metadata);
}

static void asks(struct __test_metadata *_metadata, struct answer *answer,
		 char *(*make)(size_t len), long (*call)(char *buf, int len, int fd), int len,
		 int fd)
{
	ASSERT_TRUE(child_asks(answer, make, call, len, fd)) {
		TH_LOG("%d bytes: no answer", len);
	}
}

TEST_F(kind, get_fills_what_read_fills)
{
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		int len = sizes[i];
		char *message = new_message(len, len);
		bool filled;

		ASSERT_EQ(len, pwrite(self->file, message, len, 0));
		asks(_metadata, self->answer, variant->make, read_file, len, self->file);
		filled = self->answer->ret == len;
		if (variant->fills != UNKNOWN)
			ASSERT_EQ(variant->fills == ALL, filled) TH_LOG("%d bytes", len);
		if (filled && !variant->changes)
			ASSERT_TRUE(self->answer->whole);

		ASSERT_EQ(0, put(message, len));
		asks(_metadata, self->answer, variant->make, get_message, len, self->file);
		if (filled && !(variant->unpinnable && LARGE(len))) {
			ASSERT_EQ(len, self->answer->ret) TH_LOG("%d bytes", len);
			if (!variant->changes)
				ASSERT_TRUE(self->answer->whole);
		} else {
			ASSERT_EQ(-EFAULT, self->answer->ret) TH_LOG("%d bytes", len);
			ASSERT_EQ(len, get_expecting(message, len));
		}
		ASSERT_EQ(-ENODATA, get_nothing());
		free(message);
	}
}

TEST_F(kind, put_sends_what_write_sends)
{
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		int len = sizes[i];
		char *sent = calloc(1, len);
		bool all;

		asks(_metadata, self->answer, variant->make, write_file, len, self->file);
		all = self->answer->ret == len;
		if (variant->sends != UNKNOWN)
			ASSERT_EQ(variant->sends == ALL, all) TH_LOG("%d bytes", len);

		asks(_metadata, self->answer, variant->make, put_message, len, self->file);
		ASSERT_EQ(all ? 0 : -EFAULT, self->answer->ret) TH_LOG("%d bytes", len);
		if (all && variant->changes) {
			ASSERT_EQ(1, drain());
		} else if (all) {
			ASSERT_EQ(len, pread(self->file, sent, len, 0));
			ASSERT_EQ(len, get_expecting(sent, len));
		}
		ASSERT_EQ(-ENODATA, get_nothing());
		free(sent);
	}
}

TEST_HARNESS_MAIN

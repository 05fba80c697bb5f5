// SPDX-License-Identifier: GPL-2.0
/*
 * The box's memory is charged to the memory cgroup of the process that puts. When
 * that cgroup is full, the put fails and nothing else happens: no other call
 * fails, no message is half put, and no process is killed.
 */
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "msgbox.h"
#include "segment.h"
#include "sysfs.h"

/* Much less than the box's limit, much more than an empty box may hold. */
#define MEMORY_MAX	(8 * MIB)
/* More messages than fit in MEMORY_MAX, at any size tested here. */
#define PUTS_MAX	(2 * MEMORY_MAX / 1000)
/*
 * How many puts have to fail, so that a leak in each of them adds up. A put between
 * them may succeed if the kernel has reclaimed some memory.
 */
#define REFUSALS	100

/* The report of the process in the cgroup; shared, so that it needs no memory. */
struct told {
	long puts;		/* puts that succeeded */
	long refusals;		/* puts that failed for lack of memory */
	long got;		/* result of a get when the cgroup was full */
	long put_again;		/* result of a put after that get */
};

FIXTURE(cgroup)
{
	char mounted[32];	/* by this test; empty if cgroup2 was mounted before */
	char folder[96];
	char *message;
	struct told *told;
};

FIXTURE_VARIANT(cgroup)
{
	int len;
};

FIXTURE_VARIANT_ADD(cgroup, small) { .len = 1000 };
FIXTURE_VARIANT_ADD(cgroup, large) { .len = 100000 };
FIXTURE_VARIANT_ADD(cgroup, megabyte) { .len = MIB };

/* The number after this word, or, with an empty word, the only number; or -1. */
static long read_file(const char *folder, const char *name, const char *word)
{
	char path[160], line[128];
	size_t len = strlen(word);
	long value = -1;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "r");
	while (file && value < 0 && fgets(line, sizeof(line), file))
		if (!len || (!strncmp(line, word, len) && line[len] == ' '))
			value = atol(line + len);
	if (file)
		fclose(file);
	return value;
}

static bool has_memory_controller(const char *folder)
{
	/* Without a memory controller the write gives EINVAL or ENOENT. */
	return !write_text(folder, "cgroup.subtree_control", "+memory");
}

FIXTURE_SETUP(cgroup)
{
	const char *root = "/sys/fs/cgroup";
	char max[16];

	begin_with_empty_box(_metadata);
	self->message = new_message(variant->len, 1);
	self->told = mmap(NULL, sizeof(*self->told), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->told);

	if (!has_memory_controller(root)) {
		strcpy(self->mounted, "/tmp/cgroup.XXXXXX");
		ASSERT_NE(NULL, mkdtemp(self->mounted));
		root = self->mounted;
		if (mount("cgroup2", root, "cgroup2", 0, NULL)) {
			rmdir(root);
			SKIP_TEST("cgroup2 cannot be mounted: not root, or no cgroup2");
		}
		if (!has_memory_controller(root)) {
			umount(root);
			rmdir(root);
			SKIP_TEST("cgroup2 has no memory controller");
		}
	}
	snprintf(self->folder, sizeof(self->folder), "%s/dm510_msgbox.%d", root, getpid());
	ASSERT_EQ(0, mkdir(self->folder, 0755));
	snprintf(max, sizeof(max), "%d", MEMORY_MAX);
	ASSERT_EQ(0, write_text(self->folder, "memory.max", max));
}

FIXTURE_TEARDOWN(cgroup)
{
	end_with_empty_box(_metadata);
	EXPECT_EQ(0, rmdir(self->folder));
	if (*self->mounted) {
		EXPECT_EQ(0, umount(self->mounted));
		EXPECT_EQ(0, rmdir(self->mounted));
	}
	munmap(self->told, sizeof(*self->told));
	free(self->message);
}

/*
 * Once the cgroup is full, its process must not need more memory itself, or the OOM
 * killer would end it. So it locks all its memory before it enters the cgroup.
 */
static void put_until_refused(struct told *told, const char *message, char *buf, int len)
{
	*told = (struct told) {};
	while (told->refusals < REFUSALS && told->puts < PUTS_MAX) {
		long ret = put(message, len);

		if (ret == -EADDRNOTAVAIL)
			told->refusals++;
		else if (!ret)
			told->puts++;
		else
			break;
	}
	told->got = get(buf, len);
	told->put_again = put(message, len);
}

/* Returns the wait status of the process in the cgroup, or -1. */
static int run_in_cgroup(const char *folder, struct told *told, const char *message, int len)
{
	char *buf = map(len, PROT_READ | PROT_WRITE);
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		if (mlockall(MCL_CURRENT))
			_exit(1);
		if (write_text(folder, "cgroup.procs", "0"))
			_exit(2);
		put_until_refused(told, message, buf, len);
		_exit(0);
	}
	munmap(buf, len);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return status;
}

/* Puts the message count times. Returns how many puts succeeded. */
static long put_many(const char *message, int len, long count)
{
	long done = 0;

	while (done < count && !put(message, len))
		done++;
	return done;
}

/* Gets the message count times. Returns how many gets were right. */
static long get_many(const char *message, int len, long count)
{
	long done = 0;

	while (done < count && get_expecting(message, len) == len)
		done++;
	return done;
}

/* Each CPU keeps a charge of up to 64 pages in stock; the rest is bookkeeping. */
static long charged_anyway(void)
{
	return sysconf(_SC_NPROCESSORS_CONF) * 64 * PAGE + 512 * KIB;
}

TEST_F(cgroup, a_put_that_is_refused_hurts_nobody)
{
	long puts = figure("puts"), gets = figure("gets");
	long refusals = figure("put_eaddrnotavail"), full = figure("put_eagain");
	long held = figure("memory");
	struct told *told = self->told;
	static const char other[8000];
	int len = variant->len;
	/* A large message takes its bytes, a header, and the rest of a page. */
	long each = len > 8 * KIB ? len + 16 + PAGE : len + 8;

	ASSERT_EQ(0, run_in_cgroup(self->folder, told, self->message, len));
	ASSERT_EQ(REFUSALS, told->refusals);
	/* It used all its memory, and can put again after a get. */
	EXPECT_LT(MEMORY_MAX - EMPTY_MAX - charged_anyway() - each, told->puts * each);
	EXPECT_EQ(len, told->got);
	EXPECT_EQ(0, told->put_again);
	EXPECT_EQ(0, read_file(self->folder, "memory.events", "oom_kill"));

	EXPECT_EQ(told->puts + 1, figure("puts") - puts);
	EXPECT_EQ(1, figure("gets") - gets);
	EXPECT_EQ(REFUSALS, figure("put_eaddrnotavail") - refusals);
	EXPECT_EQ(full, figure("put_eagain"));
	EXPECT_EQ(told->puts, figure("count"));
	EXPECT_EQ(told->puts * len, figure("bytes"));
	EXPECT_GE(held + told->puts * each + 2 * SEGMENT, figure("memory"));

	/* Processes outside the cgroup are not affected. */
	ASSERT_EQ(100, put_many(other, sizeof(other), 100));
	ASSERT_EQ(0, put(self->message, len));
	ASSERT_EQ(len, get_expecting(self->message, len));
	ASSERT_EQ(100, get_many(other, sizeof(other), 100));

	EXPECT_EQ(told->puts, get_many(self->message, len, told->puts));
	EXPECT_EQ(-ENODATA, get_nothing());
}

TEST_F(cgroup, what_is_taken_is_no_longer_charged)
{
	struct told *told = self->told;
	long first;

	ASSERT_EQ(0, run_in_cgroup(self->folder, told, self->message, variant->len));
	ASSERT_EQ(REFUSALS, told->refusals);
	first = told->puts;
	EXPECT_LT(MEMORY_MAX - EMPTY_MAX - charged_anyway(),
		  read_file(self->folder, "memory.current", ""));
	EXPECT_EQ(first, drain());
	EXPECT_GT(EMPTY_MAX + charged_anyway(),
		  read_file(self->folder, "memory.current", ""));

	/* The cgroup has room again. */
	ASSERT_EQ(0, run_in_cgroup(self->folder, told, self->message, variant->len));
	EXPECT_EQ(REFUSALS, told->refusals);
	EXPECT_LT(first / 2, told->puts);
	EXPECT_EQ(told->puts, drain());
	EXPECT_EQ(0, read_file(self->folder, "memory.events", "oom_kill"));
}

TEST_HARNESS_MAIN

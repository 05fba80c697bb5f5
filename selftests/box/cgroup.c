// SPDX-License-Identifier: GPL-2.0
/*
 * The box's memory is charged to the memory cgroup of whoever puts. Where that
 * has no more room the put fails, and nothing else happens: no other call is
 * hurt, nothing is half done, and nobody is killed for it.
 */
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "msgbox.h"
#include "sysfs.h"

#define SEGMENT		(64 * KIB)
/* What an empty box may hold: its own segment and an unused one. */
#define EMPTY_MAX	(SEGMENT + MIB + PAGE)
/* Small beside the box's own limit, large beside what an empty box may hold. */
#define MEMORY_MAX	(8 * MIB)
/* More than MEMORY_MAX has room for, whatever the size of the messages. */
#define PUTS_MAX	(2 * MEMORY_MAX / 1000)
/*
 * How often a put is refused: if each left something behind, it would show.
 * Between them one may succeed, where the kernel has found some room after all.
 */
#define REFUSALS	100

/* What the process in the cgroup tells. Shared, so that telling takes no memory. */
struct told {
	long puts;		/* that succeeded */
	long refusals;		/* puts that were refused for want of memory */
	long got;		/* what it could still get */
	long put_again;		/* and put in its place */
};

FIXTURE(cgroup)
{
	char mounted[32];	/* by this test; empty if there was one */
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

/* The number behind a word, or the only one; -1 if there is none. */
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
	/* It says EINVAL or ENOENT where there is no such controller. */
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
			SKIP_TEST("cgroup2 cannot be mounted: not root, or not there");
		}
		if (!has_memory_controller(root)) {
			umount(root);
			rmdir(root);
			SKIP_TEST("cgroup2 has no memory controller to give");
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
 * Once the cgroup is full its process must not need memory for itself: that
 * would be the OOM killer's business. So all that it has is made its own
 * before it goes in.
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

/* How the process in the cgroup ended; 0 is well. */
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

/* How many of so many could be put. */
static long put_many(const char *message, int len, long count)
{
	long done = 0;

	while (done < count && !put(message, len))
		done++;
	return done;
}

/* How many of so many came out, and were this message. */
static long get_many(const char *message, int len, long count)
{
	long done = 0;

	while (done < count && get_expecting(message, len) == len)
		done++;
	return done;
}

/* Charges that a CPU keeps for the next one, 64 pages each, and bookkeeping. */
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
	/* Of a large message: its bytes, a header, and the rest of a page. */
	long each = len > 8 * KIB ? len + 16 + PAGE : len + 8;

	ASSERT_EQ(0, run_in_cgroup(self->folder, told, self->message, len));
	ASSERT_EQ(REFUSALS, told->refusals);
	/* Its room was used, and it can go on with that. */
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

	/* Who is not in the cgroup notices nothing. */
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

	/* And it can be used once more. */
	ASSERT_EQ(0, run_in_cgroup(self->folder, told, self->message, variant->len));
	EXPECT_EQ(REFUSALS, told->refusals);
	EXPECT_LT(first / 2, told->puts);
	EXPECT_EQ(told->puts, drain());
	EXPECT_EQ(0, read_file(self->folder, "memory.events", "oom_kill"));
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * The box's memory is charged to the memory cgroup of the process that puts. When
 * that cgroup is full, the put fails and nothing else happens: no other call
 * fails, no message is half put, and no process is killed. The box of an IPC namespace
 * is charged to the process that makes it by its first put, or by a file of the device.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "msgbox.h"
#include "namespace.h"
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
	long first;		/* result of the first put in another namespace */
	long written;		/* of the first write to a file of that namespace */
	long polled;		/* what poll(2) of the file has reported */
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

/* --- the boxes of IPC namespaces */

#define NAMESPACES	30
/* Less than struct msgbox has, more than the kernel leaves uncharged for each box. */
#define BOX_MIN		512
/* Takes what a large message leaves. */
#define SMALL		1000

static int away[NAMESPACES];

/* In the cgroup: makes the box of each namespace, then waits until the test has read. */
static int make_boxes(const char *folder, int done, int go_on)
{
	char byte;

	if (mlockall(MCL_CURRENT) || write_text(folder, "cgroup.procs", "0"))
		return 1;
	for (int i = 0; i < NAMESPACES; i++)
		if (enter_namespace(away[i]) || put("x", 1))
			return 2;
	if (write(done, "", 1) != 1 || read(go_on, &byte, 1))
		return 3;
	return 0;
}

/*
 * The boxes' segments, and their structures, which are in slabs. The kernel sums up the
 * charges of slabs with a delay.
 */
TEST_F(cgroup, a_box_is_charged_to_who_makes_it)
{
	long boxes = figure("boxes"), charged, slab;
	int done[2], go_on[2], status;
	char byte;
	pid_t pid;

	ASSERT_EQ(0, pipe(done));
	ASSERT_EQ(0, pipe(go_on));
	for (int i = 0; i < NAMESPACES; i++) {
		away[i] = new_namespace();
		ASSERT_LE(0, away[i]);
	}
	charged = read_file(self->folder, "memory.current", "");
	slab = read_file(self->folder, "memory.stat", "slab_unreclaimable");
	pid = fork();
	if (!pid) {
		close(go_on[1]);
		_exit(make_boxes(self->folder, done[1], go_on[0]));
	}
	ASSERT_EQ(1, read(done[0], &byte, 1));
	EXPECT_EQ(boxes + NAMESPACES, figure("boxes"));
	EXPECT_LE(NAMESPACES * SEGMENT, read_file(self->folder, "memory.current", "") - charged);
	EXPECT_TRUE(comes_true(read_file(self->folder, "memory.stat", "slab_unreclaimable") -
			       slab >= NAMESPACES * BOX_MIN)) {
		TH_LOG("slab: %ld", read_file(self->folder, "memory.stat",
					      "slab_unreclaimable") - slab);
	}
	close(go_on[1]);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	for (int i = 0; i < NAMESPACES; i++)
		close(away[i]);
	EXPECT_TRUE(boxes_become(boxes));
	EXPECT_TRUE(comes_true(read_file(self->folder, "memory.current", "") - charged <
			       charged_anyway())) {
		TH_LOG("still charged: %ld", read_file(self->folder, "memory.current", ""));
	}
}

static atomic_int stage;
/* For the box of away[0]. */
static int file;

/* Is in another namespace before the cgroup is full: that needs memory as well. */
static void *put_first(void *data)
{
	struct pollfd poll_for = { .fd = file, .events = POLLIN };
	struct told *told = data;

	told->first = enter_namespace(away[0]);
	atomic_store(&stage, 1);
	while (atomic_load(&stage) == 1)
		sched_yield();
	if (!told->first)
		told->first = put("x", 1);
	told->written = device_write(file, "x", 1);
	told->polled = poll(&poll_for, 1, 0) < 0 ? -errno : poll_for.revents;
	return NULL;
}

/* Puts until the memory does not suffice. Returns whether it came to that. */
static bool fill_cgroup(struct told *told, const char *message, int len)
{
	long ret;

	do {
		ret = put(message, len);
		told->puts += !ret;
	} while (!ret && told->puts < PUTS_MAX);
	return ret == -EADDRNOTAVAIL;
}

static int put_first_when_full(const char *folder, struct told *told, const char *message,
			       char *buf, int len)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, put_first, told))
		return 1;
	while (!atomic_load(&stage))
		sched_yield();
	if (mlockall(MCL_CURRENT) || write_text(folder, "cgroup.procs", "0"))
		return 2;
	if (!fill_cgroup(told, message, len) || !fill_cgroup(told, message, SMALL))
		return 3;
	atomic_store(&stage, 2);
	pthread_join(thread, NULL);
	told->got = get(buf, len);
	return 0;
}

/* Returns whether it was full, and no box was made. */
static bool is_first_when_full(struct told *told, const char *folder, const char *message, int len)
{
	char *buf = map(len, PROT_READ | PROT_WRITE);
	long boxes = figure("boxes");
	int status = -1;
	pid_t pid;

	*told = (struct told) {};
	pid = fork();
	if (!pid)
		_exit(put_first_when_full(folder, told, message, buf, len));
	waitpid(pid, &status, 0);
	munmap(buf, len);
	return is("status", 0, status) && is("first put", -EADDRNOTAVAIL, told->first) &&
	       is("first write", -EADDRNOTAVAIL, told->written) &&
	       is("first poll", POLLERR, told->polled) && told->got > 0 &&
	       is("boxes", boxes, figure("boxes")) &&
	       is("kills", 0, read_file(folder, "memory.events", "oom_kill"));
}

TEST_F(cgroup, a_box_that_cannot_be_charged_is_not_made)
{
	struct epoll_event event = { .events = EPOLLIN };
	int home = this_namespace(), epoll = epoll_create1(EPOLL_CLOEXEC);
	long boxes = figure("boxes");

	away[0] = new_namespace();
	ASSERT_EQ(0, enter_namespace(away[0]));
	file = device_open(O_RDWR | O_NONBLOCK);
	ASSERT_EQ(0, enter_namespace(home));
	EXPECT_TRUE(is_first_when_full(self->told, self->folder, self->message, variant->len));

	/* Outside of the cgroup the first put succeeds. */
	ASSERT_EQ(0, enter_namespace(away[0]));
	EXPECT_EQ(0, put("message", 8));
	/* A put may not have woken who has been told of the error. So it stays. */
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, file, &event));
	EXPECT_EQ(EPOLLERR, reported(epoll));
	close(file);
	/* Opened again, the file is like any other. */
	file = device_open(O_RDWR | O_NONBLOCK);
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, file, &event));
	EXPECT_EQ(EPOLLIN, reported(epoll));
	EXPECT_EQ(8, get_expecting("message", 8));
	EXPECT_EQ(0, reported(epoll));
	close(file);
	ASSERT_EQ(0, enter_namespace(home));
	EXPECT_EQ(self->told->puts - 1, drain());
	close(epoll);
	close(away[0]);
	EXPECT_TRUE(boxes_become(boxes));
}

TEST_HARNESS_MAIN

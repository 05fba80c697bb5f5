// SPDX-License-Identifier: GPL-2.0
/*
 * Each IPC namespace has a box of its own. What is done in one namespace is not seen,
 * taken or counted in another. A box is made by the first put, or by the first write, poll
 * or blocking read of a file of the device, and freed when the namespace ends. An open
 * file keeps the namespace.
 */
#include <grp.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include "child.h"
#include "device.h"
#include "meminfo.h"
#include "msgbox.h"
#include "namespace.h"
#include "segment.h"
#include "stuck_page.h"

#define LARGE		100000
#define MANY		20
#define THREADS		6
/* Everything else on the machine that can use memory of vmalloc meanwhile. */
#define MARGIN		(512 * KIB)

static const char * const figures[] = {
	"count", "bytes", "memory", "pending", "puts", "gets", "waiting",
	"put_einval", "put_eacces", "put_emsgsize", "put_eagain", "put_eaddrnotavail",
	"put_efault", "get_einval", "get_eacces", "get_enodata", "get_emsgsize",
	"get_eaddrnotavail", "get_efault",
};

FIXTURE(namespaces)
{
	int home;
	long boxes;
};

FIXTURE_SETUP(namespaces)
{
	begin_with_empty_box(_metadata);
	self->home = this_namespace();
	ASSERT_LE(0, self->home);
	if (unshare(CLONE_NEWIPC))
		SKIP_TEST("only root can make an IPC namespace");
	ASSERT_EQ(0, enter_namespace(self->home));
	self->boxes = figure("boxes");
	ASSERT_LE(1, self->boxes);
}

FIXTURE_TEARDOWN(namespaces)
{
	EXPECT_EQ(0, enter_namespace(self->home));
	EXPECT_TRUE(boxes_become(self->boxes));
	end_with_empty_box(_metadata);
}

/* Memory of vmalloc: the boxes' segments, and little else that changes. */
static long vmalloc_used(void)
{
	return meminfo_bytes("VmallocUsed");
}

static void remember(long *values)
{
	for (size_t i = 0; i < ARRAY_SIZE(figures); i++)
		values[i] = figure(figures[i]);
}

/* Are all figures of this thread's box what they were, or 0 without a pointer? */
static bool figures_are(const long *values)
{
	bool same = true;

	for (size_t i = 0; i < ARRAY_SIZE(figures); i++)
		same &= is(figures[i], values ? values[i] : 0, figure(figures[i]));
	return same;
}

TEST_F(namespaces, messages_stay_where_they_were_put)
{
	static const int lengths[] = { 0, 8, 8 * KIB, LARGE };

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		int len = lengths[i], away = new_namespace();
		char *here = new_message(LARGE, 1), *there = new_message(LARGE, 2);

		ASSERT_EQ(0, put(here, len));
		ASSERT_EQ(0, enter_namespace(away));
		ASSERT_EQ(-ENODATA, get_expecting(here, len));
		ASSERT_EQ(0, put(there, len));
		ASSERT_EQ(0, put(there, len));
		ASSERT_EQ(0, enter_namespace(self->home));
		ASSERT_EQ(len, get_expecting(here, len));
		ASSERT_EQ(-ENODATA, get_nothing());
		ASSERT_EQ(0, enter_namespace(away));
		ASSERT_EQ(len, get_expecting(there, len));
		ASSERT_EQ(len, get_expecting(there, len));
		ASSERT_EQ(-ENODATA, get_nothing());
		ASSERT_EQ(0, enter_namespace(self->home));
		close(away);
		free(here);
		free(there);
	}
}

/* One call of each kind that fails, and two that do not. */
static bool make_calls_of_all_kinds(void)
{
	char buf[16];

	return is("put", 0, put("four", 4)) && is("put", 0, put("four", 4)) &&
	       is("put of NULL", -EINVAL, put(NULL, 1)) &&
	       is("put too large", -EMSGSIZE, put(buf, INT_MAX)) &&
	       is("put from nowhere", -EFAULT, put(BAD_ADDRESS, 1)) &&
	       is("get into NULL", -EINVAL, get(NULL, 1)) &&
	       is("get too short", -EMSGSIZE, get(buf, 3)) &&
	       is("get to nowhere", -EFAULT, get(BAD_ADDRESS, 4)) &&
	       is("get", 4, get(buf, 4));
}

TEST_F(namespaces, calls_are_counted_where_they_are_made)
{
	static const struct {
		const char *name;
		long value;
	} expected[] = {
		{ "count", 1 }, { "bytes", 4 }, { "memory", SEGMENT }, { "pending", 0 },
		{ "puts", 2 }, { "gets", 1 }, { "put_einval", 1 }, { "put_emsgsize", 1 },
		{ "put_efault", 1 }, { "get_einval", 1 }, { "get_emsgsize", 1 },
		{ "get_efault", 1 }, { "get_enodata", 0 }, { "put_eacces", 0 },
	};
	long before[ARRAY_SIZE(figures)];

	remember(before);
	ASSERT_EQ(0, enter_new_namespace());
	ASSERT_TRUE(make_calls_of_all_kinds());
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		EXPECT_TRUE(is(expected[i].name, expected[i].value, figure(expected[i].name)));
	ASSERT_EQ(4, get_expecting("four", 4));
	ASSERT_EQ(0, enter_namespace(self->home));
	EXPECT_TRUE(figures_are(before));
}

/* Nothing is counted where no box is, either. */
TEST_F(namespaces, without_a_put_there_is_no_box)
{
	int away = new_namespace();
	char buf[16];

	ASSERT_LE(0, away);
	ASSERT_EQ(0, enter_namespace(away));
	ASSERT_TRUE(figures_are(NULL));
	ASSERT_EQ(-ENODATA, get(buf, sizeof(buf)));
	ASSERT_EQ(-ENODATA, get(BAD_ADDRESS, 0));
	ASSERT_EQ(-EINVAL, get(NULL, 0));
	ASSERT_EQ(-EINVAL, put(NULL, 0));
	ASSERT_EQ(-ENOSYS, put((char *)AT_FDCWD, 1));
	ASSERT_EQ(-EMSGSIZE, put(buf, INT_MAX));
	ASSERT_TRUE(figures_are(NULL));
	ASSERT_EQ(0, enter_namespace(self->home));
	ASSERT_EQ(self->boxes, figure("boxes"));

	ASSERT_EQ(0, enter_namespace(away));
	ASSERT_EQ(0, put(buf, 0));
	ASSERT_EQ(0, enter_namespace(self->home));
	ASSERT_EQ(self->boxes + 1, figure("boxes"));
	close(away);
}

/* Neither do calls that are refused or find nothing. A write does, from any namespace. */
TEST_F(namespaces, opening_the_device_makes_no_box)
{
	int away = new_namespace(), fd;
	/* Not on the stack: so many bytes after it are beyond the user's address space. */
	static char buf[8];

	ASSERT_EQ(0, enter_namespace(away));
	fd = device_open(O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EAGAIN, device_read(fd, buf, sizeof(buf)));
	EXPECT_EQ(-EINVAL, device_read(fd, NULL, 0));
	EXPECT_EQ(-EINVAL, device_write(fd, NULL, 0));
	EXPECT_EQ(-EMSGSIZE, device_write(fd, buf, INT_MAX / 2));
	EXPECT_EQ(0, figure("memory"));
	ASSERT_EQ(0, enter_namespace(self->home));
	EXPECT_EQ(self->boxes, figure("boxes"));
	EXPECT_EQ(8, device_write(fd, "message", 8));
	EXPECT_EQ(self->boxes + 1, figure("boxes"));
	close(fd);
	EXPECT_EQ(self->boxes + 1, figure("boxes"));
	ASSERT_EQ(0, enter_namespace(away));
	EXPECT_EQ(SEGMENT, figure("memory"));
	EXPECT_EQ(8, get_expecting("message", 8));
	close(away);
}

TEST_F(namespaces, memory_is_used_by_those_that_put)
{
	long before, used;
	int away[MANY];
	char buf[1];

	for (int i = 0; i < MANY; i++) {
		away[i] = new_namespace();
		ASSERT_LE(0, away[i]);
	}
	before = vmalloc_used();
	for (int i = 0; i < MANY; i++) {
		ASSERT_EQ(0, enter_namespace(away[i]));
		ASSERT_EQ(-ENODATA, get(buf, 1));
	}
	EXPECT_GT(MARGIN, vmalloc_used() - before);
	for (int i = 0; i < MANY; i++) {
		ASSERT_EQ(0, enter_namespace(away[i]));
		ASSERT_EQ(0, put(buf, 1));
	}
	used = vmalloc_used() - before;
	EXPECT_LT(MANY * SEGMENT - MARGIN, used);
	EXPECT_GT(MANY * (SEGMENT + PAGE) + MARGIN, used);
	ASSERT_EQ(0, enter_namespace(self->home));
	EXPECT_EQ(self->boxes + MANY, figure("boxes"));
	for (int i = 0; i < MANY; i++)
		close(away[i]);
	ASSERT_TRUE(boxes_become(self->boxes));
	EXPECT_GT(MARGIN, vmalloc_used() - before);
}

/* --- many first puts at once */

static pthread_barrier_t barrier;

struct first_put {
	long number;
	bool by_device;
	long ret;
};

static void *make_first_put(void *data)
{
	struct first_put *first = data;
	int fd = first->by_device ? device_open(O_WRONLY) : -1;

	pthread_barrier_wait(&barrier);
	if (first->by_device)
		first->ret = device_write(fd, &first->number, sizeof(first->number));
	else
		first->ret = put(&first->number, sizeof(first->number));
	close(fd);
	return NULL;
}

/* The puts of this thread's namespace, which has no box yet. Returns their success. */
static bool put_first_at_once(bool some_write)
{
	struct first_put first[THREADS] = {};
	pthread_t threads[THREADS];
	bool good = true;

	for (long i = 0; i < THREADS; i++) {
		first[i].number = i;
		first[i].by_device = some_write && i % 2;
		if (pthread_create(&threads[i], NULL, make_first_put, &first[i]))
			abort();
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		good &= is("put", first[i].by_device ? sizeof(long) : 0, first[i].ret);
	}
	return good;
}

/* Each number is there once, in any order. */
static bool all_are_there(void)
{
	long number, seen = 0;

	for (int i = 0; i < THREADS; i++) {
		if (!is("get", sizeof(number), get(&number, sizeof(number))))
			return false;
		seen |= 1L << number;
	}
	return is("get", -ENODATA, get_nothing()) && is("numbers", (1 << THREADS) - 1, seen);
}

static void first_at_once(struct __test_metadata *_metadata, int home, long boxes,
			  bool some_write)
{
	ASSERT_EQ(0, pthread_barrier_init(&barrier, NULL, THREADS));
	for (int round = 0; round < 60; round++) {
		int away = new_namespace();

		ASSERT_EQ(0, enter_namespace(away));
		ASSERT_TRUE(put_first_at_once(some_write));
		ASSERT_EQ(THREADS, figure("count"));
		ASSERT_EQ(0, enter_namespace(home));
		ASSERT_TRUE(boxes_become(boxes + 1));
		ASSERT_EQ(0, enter_namespace(away));
		ASSERT_TRUE(all_are_there());
		ASSERT_EQ(0, enter_namespace(home));
		close(away);
		ASSERT_TRUE(boxes_become(boxes));
	}
	pthread_barrier_destroy(&barrier);
}

TEST_F(namespaces, many_first_puts_at_once_make_one_box)
{
	first_at_once(_metadata, self->home, self->boxes, false);
}

TEST_F(namespaces, first_puts_and_writes_at_once_make_one_box)
{
	first_at_once(_metadata, self->home, self->boxes, true);
}

/* --- two namespaces at the same time */

struct worker {
	int namespace;
	long first;	/* its numbers begin here */
	long wrong;
};

/* Puts a number and takes it again: nobody else is in the namespace. */
static void *work(void *data)
{
	struct worker *worker = data;

	if (enter_namespace(worker->namespace)) {
		worker->wrong = -1;
		return NULL;
	}
	for (long i = 0; i < 20000; i++) {
		long number = worker->first + i, found = 0;

		worker->wrong += put(&number, sizeof(number)) != 0;
		worker->wrong += get(&found, sizeof(found)) != sizeof(found);
		worker->wrong += found != number;
	}
	return NULL;
}

TEST_F(namespaces, they_do_not_meet_when_all_call_at_once)
{
	struct worker workers[4];
	pthread_t threads[4];

	for (int i = 0; i < 4; i++) {
		workers[i] = (struct worker) { .first = i << 20 };
		workers[i].namespace = i ? new_namespace() : self->home;
		ASSERT_LE(0, workers[i].namespace);
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, work, &workers[i]));
	}
	for (int i = 0; i < 4; i++) {
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
		EXPECT_EQ(0, workers[i].wrong);
		if (i)
			close(workers[i].namespace);
	}
}

/* --- ways into a namespace */

static int child_takes_what_was_put(long unused)
{
	(void)unused;
	return !(is("get", 8, get_expecting("parent's", 8)) &&
		 is("put", 0, put("child's", 7)));
}

static int child_goes_away(long unused)
{
	(void)unused;
	return !(is("unshare", 0, enter_new_namespace()) &&
		 is("get", -ENODATA, get_nothing()) && figures_are(NULL) &&
		 is("put", 0, put("lost", 4)));
}

TEST_F(namespaces, a_child_has_its_parents)
{
	ASSERT_EQ(0, enter_new_namespace());
	ASSERT_EQ(0, put("parent's", 8));
	ASSERT_EQ(0, status_of(child_takes_what_was_put, 0));
	ASSERT_EQ(0, status_of(child_goes_away, 0));
	ASSERT_EQ(7, get_expecting("child's", 7));
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_F(namespaces, clone_makes_one)
{
	int status;
	pid_t pid;

	ASSERT_EQ(0, put("parent's", 8));
	pid = syscall(SYS_clone, CLONE_NEWIPC | SIGCHLD, NULL, NULL, NULL, 0);
	if (!pid)
		_exit(child_goes_away(0) || put("more", 4));
	ASSERT_LT(0, pid);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	ASSERT_EQ(8, get_expecting("parent's", 8));
}

/* Without any rights outside of its own namespaces. */
static int nobody_uses_a_box(long unused)
{
	(void)unused;
	return !(become(NOBODY, NOBODY) &&
		 is("unshare", 0, unshare(CLONE_NEWUSER | CLONE_NEWIPC)) &&
		 figures_are(NULL) && is("get", -ENODATA, get_nothing()) &&
		 make_calls_of_all_kinds() && is("get", 4, get_expecting("four", 4)) &&
		 is("get", -ENODATA, get_nothing()) && is("puts", 2, figure("puts")) &&
		 is("boxes", -EACCES, figure("boxes")));
}

TEST_F(namespaces, nobody_has_one_in_a_user_namespace)
{
	long before[ARRAY_SIZE(figures)];

	ASSERT_EQ(0, put("root's", 6));
	remember(before);
	ASSERT_EQ(0, status_of(nobody_uses_a_box, 0));
	EXPECT_TRUE(figures_are(before));
	ASSERT_EQ(6, get_expecting("root's", 6));
}

/* --- limits */

/* Returns how many messages fit, or another error than EAGAIN. */
static long fill_up(const char *message, int len)
{
	long count = 0, ret;

	do {
		ret = put(message, len);
	} while (!ret && ++count < 100000);
	return ret == -EAGAIN ? count : ret;
}

TEST_F(namespaces, each_box_has_the_whole_limit)
{
	long limit = parameter("max_bytes"), low = MIB, here, there;
	static const char message[5000];
	int away = new_namespace();

	ASSERT_EQ(0, set_parameter("max_bytes", low));
	here = fill_up(message, sizeof(message));
	EXPECT_LT(low / 2 / (long)sizeof(message), here);
	ASSERT_EQ(0, enter_namespace(away));
	there = fill_up(message, sizeof(message));
	EXPECT_GE(low, figure("memory"));
	/* An empty box may have a spare segment from before. */
	EXPECT_LT(here - 13, there);
	EXPECT_EQ(there, drain());
	ASSERT_EQ(0, enter_namespace(self->home));
	EXPECT_GE(low, figure("memory"));
	EXPECT_EQ(here, drain());
	ASSERT_EQ(0, set_parameter("max_bytes", limit));
	close(away);
}

struct stuck_put {
	char *buf;
	int len;
	long ret;
};

static void *make_stuck_put(void *data)
{
	struct stuck_put *call = data;

	call->ret = put(call->buf, call->len);
	return NULL;
}

TEST_F(namespaces, puts_in_progress_count_in_their_own_box)
{
	struct stuck_put call = { .len = 200 * KIB };
	long limit = parameter("max_pending_bytes");
	static const char content[PAGE_MAX];
	int away = new_namespace();
	struct stuck_page stuck;
	pthread_t thread;

	call.buf = map(MIB, PROT_READ | PROT_WRITE);
	memset(call.buf + PAGE, 1, call.len);
	ASSERT_EQ(0, stuck_page_begin(&stuck, call.buf));
	ASSERT_EQ(0, set_parameter("max_pending_bytes", MIB));
	ASSERT_EQ(0, pthread_create(&thread, NULL, make_stuck_put, &call));
	ASSERT_TRUE(stuck_page_wait(&stuck));
	EXPECT_LE(call.len, figure("pending"));
	EXPECT_EQ(-EAGAIN, put(call.buf + PAGE, call.len));
	ASSERT_EQ(0, enter_namespace(away));
	EXPECT_EQ(0, figure("pending"));
	EXPECT_EQ(0, put(call.buf + PAGE, call.len));
	ASSERT_EQ(0, enter_namespace(self->home));
	EXPECT_EQ(0, stuck_page_arrive(&stuck, content));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, call.ret);
	EXPECT_EQ(1, drain());
	ASSERT_EQ(0, set_parameter("max_pending_bytes", limit));
	close(away);
}

/* --- the end of a namespace */

TEST_F(namespaces, the_end_of_one_frees_its_messages)
{
	char *message = new_message(LARGE, 1);
	long before = vmalloc_used();

	ASSERT_EQ(0, enter_new_namespace());
	for (int i = 0; i < 100; i++) {
		ASSERT_EQ(0, put(message, LARGE));
		ASSERT_EQ(0, put(message, 5000));
	}
	EXPECT_LT(100 * (LARGE + 5000) - MARGIN, vmalloc_used() - before);
	ASSERT_EQ(0, enter_namespace(self->home));
	ASSERT_TRUE(boxes_become(self->boxes));
	EXPECT_GT(MARGIN, vmalloc_used() - before);
	ASSERT_EQ(-ENODATA, get_nothing());
	free(message);
}

/* Returns whether namespaces that were left have ended: another one that was left later. */
static bool those_left_have_ended(int home, long boxes)
{
	for (int i = 0; i < 3; i++) {
		if (enter_new_namespace() || put("x", 1) || enter_namespace(home) ||
		    !boxes_become(boxes))
			return false;
	}
	return true;
}

TEST_F(namespaces, a_file_descriptor_keeps_it)
{
	int away;

	ASSERT_EQ(0, enter_new_namespace());
	ASSERT_EQ(0, put("kept", 4));
	away = this_namespace();
	ASSERT_LE(0, away);
	ASSERT_EQ(0, enter_namespace(self->home));
	ASSERT_TRUE(those_left_have_ended(self->home, self->boxes + 1));

	ASSERT_EQ(0, enter_namespace(away));
	EXPECT_EQ(1, figure("count"));
	ASSERT_EQ(4, get_expecting("kept", 4));
	ASSERT_EQ(0, put("kept again", 10));
	ASSERT_EQ(0, enter_namespace(self->home));
	close(away);
	ASSERT_TRUE(boxes_become(self->boxes));
}

TEST_F(namespaces, a_bind_mount_keeps_it)
{
	char path[] = "/tmp/namespace.XXXXXX";
	int away = mkstemp(path);

	ASSERT_LE(0, away);
	close(away);
	ASSERT_EQ(0, enter_new_namespace());
	ASSERT_EQ(0, put("kept", 4));
	ASSERT_EQ(0, mount("/proc/thread-self/ns/ipc", path, NULL, MS_BIND, NULL));
	ASSERT_EQ(0, enter_namespace(self->home));
	EXPECT_TRUE(those_left_have_ended(self->home, self->boxes + 1));

	away = open(path, O_RDONLY);
	ASSERT_EQ(0, enter_namespace(away));
	close(away);
	EXPECT_EQ(0, umount(path));
	EXPECT_EQ(0, unlink(path));
	ASSERT_EQ(4, get_expecting("kept", 4));
}

/* The box is that of who opened the file. */
TEST_F(namespaces, an_open_file_keeps_a_namespace_without_processes)
{
	char buf[16];
	int fd;

	ASSERT_EQ(0, enter_new_namespace());
	ASSERT_EQ(0, put("from before", 11));
	fd = device_open(O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, enter_namespace(self->home));
	ASSERT_TRUE(those_left_have_ended(self->home, self->boxes + 1));

	ASSERT_EQ(9, device_write(fd, "after it!", 9));
	ASSERT_EQ(-ENODATA, get_nothing());
	ASSERT_EQ(9, device_read(fd, buf, sizeof(buf)));
	EXPECT_EQ(0, memcmp(buf, "after it!", 9));
	ASSERT_EQ(11, device_read(fd, buf, sizeof(buf)));
	EXPECT_EQ(0, memcmp(buf, "from before", 11));
	ASSERT_EQ(-EAGAIN, device_read(fd, buf, sizeof(buf)));
	ASSERT_EQ(9, device_write(fd, "left here", 9));
	EXPECT_EQ(self->boxes + 1, figure("boxes"));
	close(fd);
	ASSERT_TRUE(boxes_become(self->boxes));
}

TEST_F(namespaces, a_reader_sleeps_on_in_a_namespace_without_processes)
{
	int away = new_namespace(), fd;
	char buf[16];

	ASSERT_EQ(0, enter_namespace(away));
	fd = device_open(O_RDWR);
	ASSERT_EQ(0, enter_namespace(self->home));

	struct sleeper reader = READER(fd, buf, sizeof(buf));

	ASSERT_TRUE(falls_asleep(&reader));
	ASSERT_EQ(0, enter_namespace(away));
	EXPECT_TRUE(comes_true(figure("waiting") == 1));
	ASSERT_EQ(0, enter_namespace(self->home));
	EXPECT_EQ(0, figure("waiting"));
	close(away);
	ASSERT_TRUE(those_left_have_ended(self->home, self->boxes + 1));
	ASSERT_EQ(0, put("not for it", 10));
	ASSERT_TRUE(sleeps_on(&reader));
	ASSERT_EQ(10, get_expecting("not for it", 10));
	ASSERT_EQ(6, device_write(fd, "for it", 6));
	ASSERT_TRUE(ends(&reader));
	EXPECT_EQ(6, reader.ret);
	close(fd);
}

/* Sets the limit of this process's user namespace. Returns success. */
static bool limit_namespaces(const char *number)
{
	return is("limit", 0, write_text("/proc/sys/user", "max_ipc_namespaces", number));
}

/* Makes a namespace and puts the number into its box. Returns the box's file, or -1. */
static int leave_a_file_in_a_new_namespace(long number)
{
	int fd;

	if (!is("unshare", 0, enter_new_namespace()))
		return -1;
	fd = device_open(O_RDWR | O_NONBLOCK);
	return fd >= 0 && is("write", sizeof(number),
			     device_write(fd, &number, sizeof(number))) ? fd : -1;
}

/* Without their files those that were left would end in this time, and not count any more. */
static bool no_other_can_be_made(void)
{
	for (int i = 0; i < 2000; i++) {
		if (!is("one more", -ENOSPC, unshare(CLONE_NEWIPC) ? -errno : 0))
			return false;
		usleep(1000);
	}
	return true;
}

static bool each_has_its_number(const int *files, int count)
{
	for (long i = 0, number = -1; i < count; i++) {
		if (!is("read", sizeof(number),
			device_read(files[i], &number, sizeof(number))) || !is("number", i, number))
			return false;
	}
	return true;
}

static int nobody_keeps_files(long unused)
{
	int files[4];

	(void)unused;
	if (!become(NOBODY, NOBODY) || !is("unshare", 0, unshare(CLONE_NEWUSER)) ||
	    !limit_namespaces("4"))
		return 1;
	for (int i = 0; i < 4; i++) {
		files[i] = leave_a_file_in_a_new_namespace(i);
		if (files[i] < 0)
			return 1;
	}
	if (!no_other_can_be_made() || !each_has_its_number(files, 4))
		return 1;
	/* All but the last are kept by their file alone. */
	for (int i = 0; i < 3; i++) {
		close(files[i]);
		if (leave_a_file_in_a_new_namespace(i) < 0 || !no_other_can_be_made())
			return 1;
	}
	return 0;
}

/* So user.max_ipc_namespaces bounds the boxes, however many files one process has. */
TEST_F(namespaces, a_namespace_with_an_open_file_counts)
{
	ASSERT_EQ(0, status_of(nobody_keeps_files, 0));
}

/* --- the memory of namespaces is used again for new ones */

/* This thread's namespace is new. Leaves messages and failures behind. */
static bool is_new_and_is_left_full(void)
{
	bool is_new = figures_are(NULL) && is("get", -ENODATA, get_nothing());

	return is_new && make_calls_of_all_kinds();
}

/*
 * Every other namespace stays until the next round, as a file keeps it.
 * selftests/hook/churn.sh checks that addresses are used again.
 */
static bool make_and_leave(int *files, int count)
{
	for (int i = 0; i < count; i++) {
		if (enter_new_namespace() || !is_new_and_is_left_full())
			return false;
		if (i % 2)
			continue;
		close(files[i]);
		files[i] = device_open(O_RDWR);
		if (files[i] < 0)
			return false;
	}
	return true;
}

TEST_F(namespaces, each_new_one_is_empty)
{
	time_t end = time(NULL) + 10;
	int files[MANY], rounds = 0;

	for (int i = 0; i < MANY; i++)
		files[i] = -1;
	do {
		ASSERT_TRUE(make_and_leave(files, MANY));
		ASSERT_EQ(0, enter_namespace(self->home));
		ASSERT_TRUE(boxes_become(self->boxes + MANY / 2));
	} while (++rounds < 150 && time(NULL) < end);
	for (int i = 0; i < MANY; i++)
		close(files[i]);
	ksft_print_msg("%d namespaces\n", rounds * MANY);
}

/* --- the figure that is for root alone */

/* Opened here, read there. Returns the error as a negative number, or 0. */
static long read_boxes_in(int fd, int namespace)
{
	int here = this_namespace();
	char text[16];
	long ret;

	if (enter_namespace(namespace))
		abort();
	ret = pread(fd, text, sizeof(text), 0) < 0 ? -errno : 0;
	if (enter_namespace(here))
		abort();
	close(here);
	return ret;
}

static int nobody_cannot_open_boxes(long unused)
{
	(void)unused;
	return !(become(NOBODY, NOBODY) && is("boxes", -EACCES, figure("boxes")) &&
		 is("count", 0, figure("count")));
}

TEST_F(namespaces, boxes_is_for_root_in_the_initial_one)
{
	int fd = open(FIGURES_FOLDER "/boxes", O_RDONLY), away = new_namespace(), there;
	struct stat stat;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fstat(fd, &stat));
	EXPECT_EQ(0400, stat.st_mode & 0777);
	EXPECT_EQ(0, stat.st_uid);
	EXPECT_EQ(0, read_boxes_in(fd, self->home));
	EXPECT_EQ(-EPERM, read_boxes_in(fd, away));
	ASSERT_EQ(0, enter_namespace(away));
	there = open(FIGURES_FOLDER "/boxes", O_RDONLY);
	EXPECT_EQ(-EPERM, read_boxes_in(there, away));
	EXPECT_EQ(0, read_boxes_in(there, self->home));
	ASSERT_EQ(0, enter_namespace(self->home));
	EXPECT_EQ(0, status_of(nobody_cannot_open_boxes, 0));
	for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
		char path[64];

		snprintf(path, sizeof(path), FIGURES_FOLDER "/%s", figures[i]);
		EXPECT_EQ(0, lstat(path, &stat));
		EXPECT_EQ(0444, stat.st_mode & 0777);
	}
	close(fd);
	close(there);
	close(away);
}

TEST_HARNESS_MAIN

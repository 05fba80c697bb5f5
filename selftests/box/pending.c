// SPDX-License-Identifier: GPL-2.0
/*
 * A put in progress holds memory for as long as its caller's memory is missing, and
 * a caller can make that forever. All puts in progress together hold no more than
 * max_pending_bytes, and however many are stuck, the puts of other users succeed.
 * Gets in progress hold no memory meanwhile.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "meminfo.h"
#include "msgbox.h"
#include "namespace.h"
#include "segment.h"
#include "stuck_page.h"
#include "sysfs.h"

#define MAX		(8 * MIB)
#define LEN		(300 * KIB)
/* The size of that message's segment, which has a header of 16 bytes and whole pages. */
#define TAKES		((16 + LEN + PAGE - 1) / PAGE * PAGE)
#define MOST_CHILDREN	200

/* User ids that no other process has. */
#define USER(n)		(65534 - (n))

/* The children of a test, and the pipe to which they report. */
static pid_t child[MOST_CHILDREN];
static int children;
static int said[2];

FIXTURE(pending)
{
	long max;
};

FIXTURE_SETUP(pending)
{
	begin_with_empty_box(_metadata);
	self->max = parameter("max_pending_bytes");
	if (set_parameter("max_pending_bytes", MAX))
		SKIP_TEST("only root can change the limits");
	ASSERT_EQ(0, pipe(said));
	ASSERT_EQ(0, figure("pending"));
}

static void end_children(struct __test_metadata *_metadata)
{
	for (int i = 0; i < children; i++)
		kill(child[i], SIGKILL);
	while (children > 0) {
		pid_t pid = child[--children];

		ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	}
}

FIXTURE_TEARDOWN(pending)
{
	end_children(_metadata);
	EXPECT_EQ(0, set_parameter("max_pending_bytes", self->max));
	EXPECT_EQ(0, figure("pending"));
	end_with_empty_box(_metadata);
}

/* --- puts by another user, in a child */

/* The report of a child with a stuck put. */
#define STUCK	1

/* @users, @ipc: file descriptors of namespaces in which the put is made, or 0 */
struct user_put {
	uid_t user;
	char *buf;
	int len;
	int to;
	int users, ipc;
};

static void say(int to, long what)
{
	if (write(to, &what, sizeof(what)) != sizeof(what))
		_exit(1);
}

/* The bare system call changes this thread alone; the C library changes all. */
static void *put_as_user(void *data)
{
	struct user_put *as = data;

	if (syscall(SYS_setresuid, as->user, as->user, as->user))
		_exit(2);
	say(as->to, put(as->buf, as->len));
	return NULL;
}

static bool enter_namespaces(const struct user_put *as)
{
	return (!as->ipc || !setns(as->ipc, CLONE_NEWIPC)) &&
	       (!as->users || !setns(as->users, CLONE_NEWUSER));
}

/* Puts a message with a last page that never arrives. */
static void be_stuck(struct user_put *as)
{
	struct stuck_page page;
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	as->buf = map(as->len, PROT_READ | PROT_WRITE);
	madvise(as->buf, as->len, MADV_NOHUGEPAGE);
	memset(as->buf, 1, as->len);
	/* Without userfaultfd there is no stuck put, and the test has to fail. */
	if (stuck_page_begin(&page, as->buf + (as->len - 1) / PAGE * PAGE) ||
	    !enter_namespaces(as) ||
	    pthread_create(&thread, NULL, put_as_user, as))
		say(as->to, -EOPNOTSUPP);
	else if (stuck_page_wait(&page))
		say(as->to, STUCK);
	for (;;)
		pause();
}

/* A put with a missing page. Returns STUCK, or the put's result. */
static long stuck_put_as(struct __test_metadata *_metadata, struct user_put as)
{
	long what;
	pid_t pid;

	as.to = said[1];
	ASSERT_GT(MOST_CHILDREN, children);
	pid = fork();
	if (pid == 0)
		be_stuck(&as);
	ASSERT_LT(0, pid);
	child[children++] = pid;
	ASSERT_EQ(sizeof(what), read(said[0], &what, sizeof(what)));
	return what;
}

static long stuck_put(struct __test_metadata *_metadata,
		      uid_t user, int len)
{
	return stuck_put_as(_metadata, (struct user_put) { .user = user, .len = len });
}

/* Makes stuck puts until one fails. Returns how many are stuck. */
static int stick_as(struct __test_metadata *_metadata, struct user_put as)
{
	int stuck = 0;
	long what;

	while ((what = stuck_put_as(_metadata, as)) == STUCK)
		stuck++;
	ASSERT_EQ(-EAGAIN, what);
	return stuck;
}

static int stick(struct __test_metadata *_metadata,
		 uid_t user, int len)
{
	return stick_as(_metadata, (struct user_put) { .user = user, .len = len });
}

/* A put by this user of a message in present memory. Returns its result. */
static long put_by(struct __test_metadata *_metadata,
		   uid_t user, const char *message, int len)
{
	struct user_put as = {
		.user = user, .buf = (char *)message, .len = len, .to = said[1],
	};
	pthread_t thread;
	long what;

	ASSERT_EQ(0, pthread_create(&thread, NULL, put_as_user, &as));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_EQ(sizeof(what), read(said[0], &what, sizeof(what)));
	return what;
}

TEST_F(pending, a_stuck_put_is_seen)
{
	ASSERT_EQ(STUCK, stuck_put(_metadata, USER(0), LEN));
	ASSERT_EQ(TAKES, figure("pending"));
	ASSERT_EQ(STUCK, stuck_put(_metadata, USER(0), 64));
	ASSERT_EQ(TAKES + PAGE, figure("pending"));
	ASSERT_EQ(0, figure("bytes"));
	end_children(_metadata);
	ASSERT_EQ(0, figure("pending"));
}

/* The puts of one user hold at most half, and leave room for its small puts. */
TEST_F(pending, a_user_who_is_stuck_leaves_room)
{
	char *message = new_message(LEN, 1);
	int stuck = stick(_metadata, USER(0), LEN);

	ASSERT_LT(1, stuck);
	ASSERT_EQ(stuck * TAKES, figure("pending"));
	ASSERT_GE(MAX / 2, figure("pending"));
	ASSERT_LT(MAX / 4, figure("pending"));

	ASSERT_EQ(0, put(message, LEN));
	ASSERT_EQ(0, put_by(_metadata, USER(1), message, LEN));
	/* More than fit in a segment, so that the msgstack needs another one. */
	for (int i = 0; i < 30; i++)
		ASSERT_EQ(0, put_by(_metadata, USER(0), message, 5000));
	ASSERT_EQ(32, drain());
	free(message);
}

TEST_F(pending, many_users_who_are_stuck_leave_room_for_another)
{
	char *message = new_message(LEN, 1);
	long before = 0;

	for (int i = 0; i < 6; i++) {
		stick(_metadata, USER(i), 100 * KIB);
		ASSERT_LT(before, figure("pending")) {
			TH_LOG("user %d", i);
		}
		before = figure("pending");
	}
	ASSERT_GE(MAX, before);
	for (int i = 0; i < 30; i++)
		ASSERT_EQ(0, put(message, 5000));
	ASSERT_EQ(0, put(message, 100 * KIB));
	ASSERT_EQ(31, drain());
	free(message);
}

/* --- user namespaces, in which one user has many ids */

/* The ids of the namespaces: the user's own, and others that nobody else has. */
#define OWN_ID		0
#define OTHER_ID(n)	(1 + (n))

/* Sets the namespaces of @as to new ones of this user. */
static void make_namespaces(struct __test_metadata *_metadata, struct user_put *as, uid_t user)
{
	struct users_namespaces made;
	char map[64];

	snprintf(map, sizeof(map), "%d %d 1\n%d 100000 10\n", OWN_ID, user, OTHER_ID(0));
	ASSERT_EQ(0, make_users_namespaces(&made, user, map, map));
	as->users = made.user;
	as->ipc = made.ipc;
}

TEST_F(pending, the_ids_of_a_user_namespace_count_as_its_maker)
{
	struct user_put as = { .len = 100 * KIB };
	char *message = new_message(LEN, 1);

	make_namespaces(_metadata, &as, USER(0));
	close(as.ipc);
	as.ipc = 0;
	for (int i = 0; i < 6; i++) {
		as.user = OTHER_ID(i);
		stick_as(_metadata, as);
	}
	ASSERT_LT(MAX / 4, figure("pending"));
	ASSERT_GE(MAX / 2, figure("pending"));
	EXPECT_EQ(-EAGAIN, stuck_put(_metadata, USER(0), as.len));
	ASSERT_EQ(0, put_by(_metadata, USER(1), message, LEN));
	ASSERT_EQ(LEN, get_expecting(message, LEN));
	free(message);
}

/* As those of services: they must not count as root. */
TEST_F(pending, the_ids_of_a_user_namespace_of_root_are_users)
{
	struct user_put as = { .len = 100 * KIB };
	char *message = new_message(as.len, 1);
	long before = 0;

	make_namespaces(_metadata, &as, 0);
	close(as.ipc);
	as.ipc = 0;
	for (int i = 0; i < 6; i++) {
		as.user = OTHER_ID(i);
		stick_as(_metadata, as);
		ASSERT_LT(before, figure("pending")) {
			TH_LOG("user %d", i);
		}
		before = figure("pending");
	}
	ASSERT_EQ(0, put(message, as.len));
	ASSERT_EQ(as.len, get_expecting(message, as.len));
	free(message);
}

/* As those of a container: they share a box of their own. */
TEST_F(pending, the_ids_of_a_boxs_user_namespace_are_users)
{
	struct user_put as = { .len = 100 * KIB };

	make_namespaces(_metadata, &as, USER(0));
	for (int i = 0; i < 6; i++) {
		as.user = OTHER_ID(i);
		ASSERT_LT(0, stick_as(_metadata, as)) {
			TH_LOG("user %d", i);
		}
	}
	ASSERT_EQ(0, figure("pending"));
}

TEST_F(pending, no_put_takes_more_than_a_quarter)
{
	char *message = new_message(MIB, 1);

	ASSERT_EQ(0, set_parameter("max_pending_bytes", 4 * MIB));
	ASSERT_EQ(-EAGAIN, put(message, MIB));
	ASSERT_EQ(0, put(message, MIB - PAGE));
	ASSERT_EQ(0, set_parameter("max_pending_bytes", 4 * (MIB + PAGE)));
	ASSERT_EQ(0, put(message, MIB));
	ASSERT_EQ(MIB, get_expecting(message, MIB));
	ASSERT_EQ(MIB - PAGE, get_expecting(message, MIB - PAGE));
	free(message);
}

/* Memory that is held stays held; new puts fail. */
TEST_F(pending, lowered_below_what_is_held)
{
	char *message = new_message(LEN, 1);

	stick(_metadata, USER(0), LEN);
	ASSERT_EQ(0, set_parameter("max_pending_bytes", 8 * SEGMENT));
	ASSERT_EQ(-EAGAIN, put(message, LEN));
	ASSERT_EQ(-EAGAIN, put(message, 10 * KIB));
	/* A put that needs no segment succeeds. */
	ASSERT_EQ(0, put(message, 64));
	ASSERT_EQ(64, get_expecting(message, 64));
	end_children(_metadata);
	ASSERT_EQ(0, figure("pending"));
	ASSERT_EQ(0, put(message, 10 * KIB));
	ASSERT_EQ(10 * KIB, get_expecting(message, 10 * KIB));
	free(message);
}

/* --- a hundred threads of one user, each with a message that cannot be put */

static void *put_in_vain(void *data)
{
	struct user_put *as = data;

	if (syscall(SYS_setresuid, as->user, as->user, as->user))
		_exit(2);
	for (;;)
		put(as->buf, as->len);
	return NULL;
}

static void attack(struct user_put *as)
{
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	as->buf = map(as->len, PROT_READ | PROT_WRITE);
	memset(as->buf, 1, as->len);
	if (mprotect(as->buf + as->len - PAGE, PAGE, PROT_NONE))
		_exit(3);
	for (int i = 0; i < 100; i++)
		if (pthread_create(&thread, NULL, put_in_vain, as))
			_exit(4);
	say(as->to, STUCK);
	for (;;)
		pause();
}

TEST_F(pending, a_hundred_threads_of_a_user_take_their_part_and_no_more)
{
	struct user_put as = { .user = USER(0), .len = 4 * MIB, .to = said[1] };
	char *message = new_message(LEN, 1);
	long most = 0, what;

	ASSERT_EQ(0, set_parameter("max_pending_bytes", 64 * MIB));
	child[children++] = fork();
	if (child[0] == 0)
		attack(&as);
	ASSERT_EQ(sizeof(what), read(said[0], &what, sizeof(what)));
	for (time_t end = time(NULL) + 5; time(NULL) < end;) {
		long pending = figure("pending");

		most = pending > most ? pending : most;
		ASSERT_EQ(0, put(message, LEN));
		ASSERT_EQ(LEN, get_expecting(message, LEN));
	}
	TH_LOG("%ld bytes at most", most);
	ASSERT_GE(64 * MIB / 2, most);
	ASSERT_LE(4 * MIB, most);
	free(message);
}

/* --- gets: what one allocates is charged to nobody, so it must not hold it for ever */

#define GETS		400
#define GET_LEN		(4 * MIB)
/*
 * What a get of this message allocates: a pointer for each page. The buffer begins within a
 * page, so with pages of 4 KiB this is more than 8 KiB, and KASAN does not keep it once freed.
 */
#define GET_PAGES	(GET_LEN / PAGE + 1)
#define GET_TAKES	((long)(GET_PAGES * sizeof(void *)))

struct gets {
	pthread_barrier_t begin;
	char *buf;
};

static void *get_in_vain(void *data)
{
	struct gets *gets = data;

	pthread_barrier_wait(&gets->begin);
	get(gets->buf, GET_LEN);
	return NULL;
}

TEST_F(pending, stuck_gets_hold_no_memory)
{
	char *message = new_message(GET_LEN, 1), content[PAGE_MAX] = { 0 };
	char *buf = map(GET_PAGES * PAGE, PROT_READ | PROT_WRITE);
	struct gets gets = { .buf = buf + 1 };
	pthread_t thread[GETS];
	struct stuck_page page;
	long before;

	ASSERT_EQ(0, set_parameter("max_pending_bytes", 64 * MIB));
	ASSERT_EQ(0, put(message, GET_LEN));
	madvise(buf, GET_PAGES * PAGE, MADV_NOHUGEPAGE);
	memset(buf, 1, GET_PAGES * PAGE);
	ASSERT_EQ(0, stuck_page_begin(&page, buf + GET_LEN));
	pthread_barrier_init(&gets.begin, NULL, GETS + 1);
	for (int i = 0; i < GETS; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, get_in_vain, &gets));

	before = meminfo_bytes("Slab");
	pthread_barrier_wait(&gets.begin);
	for (int i = 0; i < GETS; i++)
		ASSERT_TRUE(stuck_page_wait(&page));
	EXPECT_GT(GETS / 2 * GET_TAKES, meminfo_bytes("Slab") - before);

	ASSERT_EQ(0, stuck_page_arrive(&page, content));
	for (int i = 0; i < GETS; i++)
		ASSERT_EQ(0, pthread_join(thread[i], NULL));
	ASSERT_EQ(-ENODATA, get_nothing());
	munmap(buf, GET_PAGES * PAGE);
	free(message);
}

TEST_HARNESS_MAIN

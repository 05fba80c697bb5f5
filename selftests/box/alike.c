// SPDX-License-Identifier: GPL-2.0
/*
 * Where the contract says nothing, the device behaves as a pipe and a POSIX message
 * queue do. So each test here runs with all three: O_NONBLOCK, signals, poll, select,
 * epoll and io_uring.
 */
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "device.h"
#include "io_uring.h"
#include "msgbox.h"

/* All messages have the same bytes: a box is last in, first out, and the others not. */
#define LEN		POLLOUT_LEN
static char message[PAGE_MAX];
static char buf[PAGE_MAX];

#define QUEUE		"/dm510_msgbox_alike"
#define MOST		1000

FIXTURE(alike)
{
	int in;
	int out;
	struct sleeper receiver;
	struct sleeper sender;
	long max_bytes;
	long len;
};

FIXTURE_VARIANT(alike)
{
	/* Opens both ends. Returns 0, or the error. */
	int (*open)(int fds[2], int flags);
	long (*receive)(struct sleeper *sleeper);
	long (*send)(struct sleeper *sleeper);
	/* Room is counted in pages: a message is one at least. */
	bool pages;
	/* The system calls in which they sleep. */
	long receive_nr;
	long send_nr;
};

static int open_device(int fds[2], int flags)
{
	fds[0] = device_open(O_RDONLY | flags);
	fds[1] = device_open(O_WRONLY | flags);
	return fds[0] < 0 ? fds[0] : fds[1] < 0 ? fds[1] : 0;
}

static int open_pipe(int fds[2], int flags)
{
	return pipe2(fds, flags) ? -errno : 0;
}

static int open_queue(int fds[2], int flags)
{
	struct mq_attr attributes = { .mq_maxmsg = 4, .mq_msgsize = LEN };

	fds[1] = mq_open(QUEUE, O_CREAT | O_EXCL | O_WRONLY | flags, 0600, &attributes);
	fds[0] = mq_open(QUEUE, O_RDONLY | flags);
	mq_unlink(QUEUE);
	return fds[0] < 0 || fds[1] < 0 ? -errno : 0;
}

static long queue_receive(struct sleeper *sleeper)
{
	long ret = mq_receive(sleeper->fd, sleeper->buf, sleeper->len, NULL);

	return ret < 0 ? -errno : ret;
}

static long queue_send(struct sleeper *sleeper)
{
	return mq_send(sleeper->fd, sleeper->buf, sleeper->len, 0) ? -errno : (long)sleeper->len;
}

FIXTURE_VARIANT_ADD(alike, device)
{
	.open = open_device,
	.receive = sleeper_read,
	.send = sleeper_write,
	.receive_nr = SYS_read,
	.send_nr = SYS_write,
};

FIXTURE_VARIANT_ADD(alike, pipe)
{
	.open = open_pipe,
	.pages = true,
	.receive = sleeper_read,
	.send = sleeper_write,
	.receive_nr = SYS_read,
	.send_nr = SYS_write,
};

FIXTURE_VARIANT_ADD(alike, queue)
{
	.open = open_queue,
	.receive = queue_receive,
	.send = queue_send,
	.receive_nr = SYS_mq_timedreceive,
	.send_nr = SYS_mq_timedsend,
};

FIXTURE_SETUP(alike)
{
	int fds[2];

	begin_with_empty_box(_metadata);
	/* A small box is soon full. */
	self->max_bytes = parameter("max_bytes");
	if (set_parameter("max_bytes", 128 * KIB))
		SKIP_TEST("only root can change the limits");
	self->len = variant->pages && PAGE > LEN ? PAGE : LEN;
	/* A read into a missing page can wake a second time. */
	poison(buf, sizeof(buf));
	ASSERT_EQ(0, variant->open(fds, 0));
	self->in = fds[0];
	self->out = fds[1];
	self->receiver = (struct sleeper) {
		.call = variant->receive, .nr = variant->receive_nr,
		.fd = self->in, .buf = buf, .len = self->len,
	};
	self->sender = (struct sleeper) {
		.call = variant->send, .nr = variant->send_nr,
		.fd = self->out, .buf = message, .len = self->len,
	};
}

FIXTURE_TEARDOWN(alike)
{
	close(self->in);
	close(self->out);
	EXPECT_EQ(0, set_parameter("max_bytes", self->max_bytes));
	drain();
	end_with_empty_box(_metadata);
}

static void set_nonblocking(struct __test_metadata *_metadata, int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	ASSERT_LE(0, flags);
	flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	ASSERT_EQ(0, fcntl(fd, F_SETFL, flags));
}

/* These never sleep, and return the length or the error. */
static long receive(struct __test_metadata *_metadata, struct sleeper *receiver)
{
	long ret;

	set_nonblocking(_metadata, receiver->fd, true);
	ret = receiver->call(receiver);
	set_nonblocking(_metadata, receiver->fd, false);
	return ret;
}

static long send_one(struct __test_metadata *_metadata, struct sleeper *sender)
{
	return receive(_metadata, sender);
}

/* Sends until there is no room. Returns how many messages were sent. */
static int send_until_full(struct __test_metadata *_metadata, struct sleeper *sender)
{
	int count = 0;
	long ret;

	while ((ret = send_one(_metadata, sender)) == (long)sender->len && count < MOST)
		count++;
	ASSERT_EQ(-EAGAIN, ret);
	ASSERT_LT(1, count);
	return count;
}

/* --- O_NONBLOCK */

TEST_F(alike, nonblocking_from_the_start)
{
	int count, fds[2];

	close(self->in);
	close(self->out);
	ASSERT_EQ(0, variant->open(fds, O_NONBLOCK));
	self->in = fds[0];
	self->out = fds[1];
	self->receiver.fd = self->in;
	self->sender.fd = self->out;

	ASSERT_EQ(-EAGAIN, variant->receive(&self->receiver));
	for (count = 0; variant->send(&self->sender) == self->len; count++)
		ASSERT_GT(MOST, count);
	ASSERT_EQ(-EAGAIN, variant->send(&self->sender));
	while (count--)
		ASSERT_EQ(self->len, variant->receive(&self->receiver));
	ASSERT_EQ(-EAGAIN, variant->receive(&self->receiver));
}

/* The flag belongs to the open file, so it also holds for its other descriptors. */
TEST_F(alike, nonblocking_from_now_on)
{
	int copy = dup(self->in);

	set_nonblocking(_metadata, copy, true);
	ASSERT_EQ(-EAGAIN, variant->receive(&self->receiver));
	set_nonblocking(_metadata, copy, false);
	ASSERT_TRUE(falls_asleep(&self->receiver));
	/* It is asked when the call begins. */
	set_nonblocking(_metadata, copy, true);
	ASSERT_TRUE(sleeps_on(&self->receiver));
	ASSERT_EQ(self->len, variant->send(&self->sender));
	ASSERT_TRUE(ends(&self->receiver));
	ASSERT_EQ(self->len, self->receiver.ret);
	close(copy);
}

TEST_F(alike, nonblocking_when_full)
{
	int count = send_until_full(_metadata, &self->sender);

	ASSERT_TRUE(falls_asleep(&self->sender));
	ASSERT_EQ(self->len, variant->receive(&self->receiver));
	ASSERT_TRUE(ends(&self->sender));
	ASSERT_EQ(self->len, self->sender.ret);
	while (count--)
		ASSERT_EQ(self->len, receive(_metadata, &self->receiver));
	ASSERT_EQ(-EAGAIN, receive(_metadata, &self->receiver));
}

/* --- signals */

static atomic_int signals;

static void on_signal(int signal)
{
	(void)signal;
	atomic_fetch_add(&signals, 1);
}

static void handle_alarms(struct __test_metadata *_metadata, int flags)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };

	ASSERT_EQ(0, sigaction(SIGALRM, &action, NULL));
	atomic_store(&signals, 0);
}

/* The handler runs, and the call ends with EINTR. */
static void ends_with_eintr(struct __test_metadata *_metadata, struct sleeper *sleeper)
{
	handle_alarms(_metadata, 0);
	ASSERT_TRUE(falls_asleep(sleeper));
	ASSERT_EQ(0, pthread_kill(sleeper->thread, SIGALRM));
	ASSERT_TRUE(ends(sleeper));
	ASSERT_EQ(-EINTR, sleeper->ret);
	ASSERT_EQ(1, atomic_load(&signals));
}

/* The handler runs, and the call sleeps on. */
static void is_restarted(struct __test_metadata *_metadata, struct sleeper *sleeper)
{
	handle_alarms(_metadata, SA_RESTART);
	ASSERT_TRUE(falls_asleep(sleeper));
	for (int i = 1; i <= 3; i++) {
		ASSERT_EQ(0, pthread_kill(sleeper->thread, SIGALRM));
		ASSERT_TRUE(comes_true(atomic_load(&signals) == i));
		ASSERT_TRUE(sleeps_on(sleeper));
	}
}

TEST_F(alike, a_signal_ends_a_receive)
{
	ends_with_eintr(_metadata, &self->receiver);
	ASSERT_EQ(self->len, variant->send(&self->sender));
	ASSERT_EQ(self->len, variant->receive(&self->receiver));
}

TEST_F(alike, a_signal_ends_a_send)
{
	int count = send_until_full(_metadata, &self->sender);

	ends_with_eintr(_metadata, &self->sender);
	while (count--)
		ASSERT_EQ(self->len, receive(_metadata, &self->receiver));
	ASSERT_EQ(-EAGAIN, receive(_metadata, &self->receiver));
}

TEST_F(alike, with_sa_restart_a_receive_goes_on)
{
	is_restarted(_metadata, &self->receiver);
	ASSERT_EQ(self->len, variant->send(&self->sender));
	ASSERT_TRUE(ends(&self->receiver));
	ASSERT_EQ(self->len, self->receiver.ret);
}

TEST_F(alike, with_sa_restart_a_send_goes_on)
{
	send_until_full(_metadata, &self->sender);
	is_restarted(_metadata, &self->sender);
	ASSERT_EQ(self->len, variant->receive(&self->receiver));
	ASSERT_TRUE(ends(&self->sender));
	ASSERT_EQ(self->len, self->sender.ret);
}

/* A signal that is ignored or stops the process is nobody's EINTR. */
TEST_F(alike, a_stopped_receiver_goes_on)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(variant->receive(&self->receiver) != self->len);
	ASSERT_TRUE(comes_true(sleeps_in(pid, variant->receive_nr)));
	ASSERT_EQ(0, kill(pid, SIGSTOP));
	ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	ASSERT_TRUE(WIFSTOPPED(status));
	ASSERT_EQ(0, kill(pid, SIGCONT));
	ASSERT_TRUE(comes_true(sleeps_in(pid, variant->receive_nr)));
	ASSERT_EQ(self->len, variant->send(&self->sender));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
}

/* --- poll and select */

/* Returns what poll says at once. */
static int ready(int fd, int events)
{
	struct pollfd pollfd = { .fd = fd, .events = events };

	return poll(&pollfd, 1, 0) < 0 ? -errno : pollfd.revents;
}

static int selects(int fd, bool write)
{
	struct timeval now = {};
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	return select(fd + 1, write ? NULL : &set, write ? &set : NULL, NULL, &now);
}

TEST_F(alike, poll_and_select_for_a_message)
{
	ASSERT_EQ(0, ready(self->in, POLLIN | POLLRDNORM));
	ASSERT_EQ(0, selects(self->in, false));
	ASSERT_EQ(self->len, variant->send(&self->sender));
	ASSERT_EQ(POLLIN | POLLRDNORM, ready(self->in, POLLIN | POLLRDNORM));
	ASSERT_EQ(POLLIN, ready(self->in, POLLIN));
	ASSERT_EQ(1, selects(self->in, false));
	ASSERT_EQ(self->len, variant->receive(&self->receiver));
	ASSERT_EQ(0, ready(self->in, POLLIN | POLLRDNORM));
	ASSERT_EQ(0, selects(self->in, false));
}

TEST_F(alike, poll_and_select_for_room)
{
	ASSERT_EQ(POLLOUT | POLLWRNORM, ready(self->out, POLLOUT | POLLWRNORM));
	ASSERT_EQ(1, selects(self->out, true));
	send_until_full(_metadata, &self->sender);
	ASSERT_EQ(0, ready(self->out, POLLOUT | POLLWRNORM));
	ASSERT_EQ(0, selects(self->out, true));
	ASSERT_EQ(self->len, variant->receive(&self->receiver));
	ASSERT_EQ(POLLOUT | POLLWRNORM, ready(self->out, POLLOUT | POLLWRNORM));
	ASSERT_EQ(1, selects(self->out, true));
	ASSERT_EQ(self->len, variant->send(&self->sender));
	ASSERT_EQ(0, ready(self->out, POLLOUT));
}

/*
 * For a sleeper: the events are in len, and the result is those that have come. Not by the
 * C library, which may choose another system call than the one that is looked for.
 */
static long sleeper_poll(struct sleeper *sleeper)
{
	struct pollfd pollfd = { .fd = sleeper->fd, .events = sleeper->len };
	struct timespec time = { .tv_sec = 20 };

	return syscall(SYS_ppoll, &pollfd, 1, &time, NULL, 0) < 0 ? -errno : pollfd.revents;
}

static long sleeper_select(struct sleeper *sleeper)
{
	struct timespec time = { .tv_sec = 20 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(sleeper->fd, &set);
	return syscall(SYS_pselect6, sleeper->fd + 1, sleeper->len == POLLIN ? &set : NULL,
		       sleeper->len == POLLOUT ? &set : NULL, NULL, &time, NULL);
}

TEST_F(alike, a_sleeping_poll_is_woken_by_a_message)
{
	struct sleeper polls = {
		.call = sleeper_poll, .nr = SYS_ppoll, .fd = self->in, .len = POLLIN
	};
	struct sleeper selects = {
		.call = sleeper_select, .nr = SYS_pselect6, .fd = self->in, .len = POLLIN
	};

	ASSERT_TRUE(falls_asleep(&polls));
	ASSERT_TRUE(falls_asleep(&selects));
	ASSERT_EQ(self->len, variant->send(&self->sender));
	ASSERT_TRUE(ends(&polls));
	ASSERT_EQ(POLLIN, polls.ret);
	ASSERT_TRUE(ends(&selects));
	ASSERT_EQ(1, selects.ret);
	ASSERT_EQ(self->len, variant->receive(&self->receiver));
}

TEST_F(alike, a_sleeping_poll_is_woken_by_room)
{
	struct sleeper polls = {
		.call = sleeper_poll, .nr = SYS_ppoll, .fd = self->out, .len = POLLOUT
	};
	struct sleeper selects = {
		.call = sleeper_select, .nr = SYS_pselect6, .fd = self->out, .len = POLLOUT
	};

	send_until_full(_metadata, &self->sender);
	ASSERT_TRUE(falls_asleep(&polls));
	ASSERT_TRUE(falls_asleep(&selects));
	ASSERT_EQ(self->len, variant->receive(&self->receiver));
	ASSERT_TRUE(ends(&polls));
	ASSERT_EQ(POLLOUT, polls.ret);
	ASSERT_TRUE(ends(&selects));
	ASSERT_EQ(1, selects.ret);
}

/* A poll in progress wakes with a receive in progress: it takes nothing. */
TEST_F(alike, a_poll_does_not_take_the_wake_up_of_a_receive)
{
	struct sleeper polls = {
		.call = sleeper_poll, .nr = SYS_ppoll, .fd = self->in, .len = POLLIN
	};

	ASSERT_TRUE(falls_asleep(&polls));
	ASSERT_TRUE(falls_asleep(&self->receiver));
	ASSERT_EQ(self->len, variant->send(&self->sender));
	ASSERT_TRUE(ends(&self->receiver));
	ASSERT_EQ(self->len, self->receiver.ret);
	/* A poll that finds nothing any more sleeps on. */
	if (!atomic_load(&polls.done))
		ASSERT_EQ(self->len, variant->send(&self->sender));
	ASSERT_TRUE(ends(&polls));
	ASSERT_EQ(POLLIN, polls.ret);
}

/* --- epoll */

/* Returns the epoll instance that watches this descriptor. */
static int watch(struct __test_metadata *_metadata, int fd, unsigned int events)
{
	struct epoll_event event = { .events = events };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, epoll);
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	return epoll;
}

static int change(int epoll, int fd, unsigned int events)
{
	struct epoll_event event = { .events = events };

	return epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
}

TEST_F(alike, epoll_reports_a_level)
{
	int epoll = watch(_metadata, self->in, EPOLLIN);

	ASSERT_EQ(0, reported(epoll));
	ASSERT_EQ(self->len, variant->send(&self->sender));
	ASSERT_EQ(EPOLLIN, reported(epoll));
	ASSERT_EQ(EPOLLIN, reported(epoll));
	ASSERT_EQ(self->len, variant->receive(&self->receiver));
	ASSERT_EQ(0, reported(epoll));
	close(epoll);
}

TEST_F(alike, epoll_reports_a_level_of_room)
{
	int epoll = watch(_metadata, self->out, EPOLLOUT);

	ASSERT_EQ(EPOLLOUT, reported(epoll));
	ASSERT_EQ(EPOLLOUT, reported(epoll));
	send_until_full(_metadata, &self->sender);
	ASSERT_EQ(0, reported(epoll));
	ASSERT_EQ(self->len, variant->receive(&self->receiver));
	ASSERT_EQ(EPOLLOUT, reported(epoll));
	close(epoll);
}

/* Each message is an edge, also one that is not the first. */
TEST_F(alike, epoll_reports_edges)
{
	int epoll = watch(_metadata, self->in, EPOLLIN | EPOLLET);

	ASSERT_EQ(0, reported(epoll));
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(self->len, variant->send(&self->sender));
		ASSERT_EQ(EPOLLIN, reported(epoll));
		ASSERT_EQ(0, reported(epoll));
	}
	/* A receive is none; only a queue takes it for one. */
	ASSERT_EQ(self->len, variant->receive(&self->receiver));
	if (variant->receive != queue_receive)
		ASSERT_EQ(0, reported(epoll));
	close(epoll);
}

TEST_F(alike, epoll_reports_edges_of_room)
{
	int epoll;

	send_until_full(_metadata, &self->sender);
	epoll = watch(_metadata, self->out, EPOLLOUT | EPOLLET);
	ASSERT_EQ(0, reported(epoll));
	ASSERT_EQ(self->len, variant->receive(&self->receiver));
	ASSERT_EQ(EPOLLOUT, reported(epoll));
	ASSERT_EQ(0, reported(epoll));
	ASSERT_EQ(self->len, variant->send(&self->sender));
	ASSERT_EQ(0, reported(epoll));
	ASSERT_EQ(self->len, variant->receive(&self->receiver));
	ASSERT_EQ(EPOLLOUT, reported(epoll));
	close(epoll);
}

TEST_F(alike, epoll_reports_once)
{
	int epoll = watch(_metadata, self->in, EPOLLIN | EPOLLONESHOT);

	ASSERT_EQ(self->len, variant->send(&self->sender));
	ASSERT_EQ(EPOLLIN, reported(epoll));
	ASSERT_EQ(0, reported(epoll));
	ASSERT_EQ(self->len, variant->send(&self->sender));
	ASSERT_EQ(0, reported(epoll));
	/* Armed again, it reports what is there. */
	ASSERT_EQ(0, change(epoll, self->in, EPOLLIN | EPOLLONESHOT));
	ASSERT_EQ(EPOLLIN, reported(epoll));
	ASSERT_EQ(0, reported(epoll));
	close(epoll);
}

/* What a watch is for can change while a thread waits. */
TEST_F(alike, epoll_ctl_mod)
{
	int epoll = watch(_metadata, self->in, 0);

	ASSERT_EQ(self->len, variant->send(&self->sender));
	ASSERT_EQ(0, reported(epoll));
	ASSERT_EQ(0, change(epoll, self->in, EPOLLIN));
	ASSERT_EQ(EPOLLIN, reported(epoll));
	ASSERT_EQ(0, change(epoll, self->in, EPOLLPRI));
	ASSERT_EQ(0, reported(epoll));
	ASSERT_EQ(self->len, variant->receive(&self->receiver));
	ASSERT_EQ(0, change(epoll, self->in, EPOLLIN | EPOLLET));
	ASSERT_EQ(0, reported(epoll));
	ASSERT_EQ(self->len, variant->send(&self->sender));
	ASSERT_EQ(EPOLLIN, reported(epoll));
	close(epoll);
}

/* For a sleeper: fd is the epoll instance. */
static long sleeper_epoll(struct sleeper *sleeper)
{
	struct epoll_event event = {};

	if (syscall(SYS_epoll_pwait, sleeper->fd, &event, 1, 20 * 1000, NULL, 0) < 0)
		return -errno;
	return event.events;
}

TEST_F(alike, a_sleeping_epoll_wait_is_woken)
{
	struct sleeper sleeper = { .call = sleeper_epoll, .nr = SYS_epoll_pwait };

	sleeper.fd = watch(_metadata, self->in, EPOLLIN | EPOLLET);
	ASSERT_TRUE(falls_asleep(&sleeper));
	ASSERT_EQ(self->len, variant->send(&self->sender));
	ASSERT_TRUE(ends(&sleeper));
	ASSERT_EQ(EPOLLIN, sleeper.ret);
	close(sleeper.fd);

	send_until_full(_metadata, &self->sender);
	sleeper.fd = watch(_metadata, self->out, EPOLLOUT | EPOLLET);
	ASSERT_TRUE(falls_asleep(&sleeper));
	ASSERT_EQ(self->len, variant->receive(&self->receiver));
	ASSERT_TRUE(ends(&sleeper));
	ASSERT_EQ(EPOLLOUT, sleeper.ret);
	close(sleeper.fd);
}

/* The watch of a file ends with the file, also when a message comes later. */
TEST_F(alike, a_watched_file_can_be_closed)
{
	int copy = dup(self->in), epoll = watch(_metadata, copy, EPOLLIN);

	close(self->in);
	ASSERT_EQ(self->len, variant->send(&self->sender));
	ASSERT_EQ(EPOLLIN, reported(epoll));
	close(copy);
	ASSERT_EQ(0, reported(epoll));
	close(epoll);
}

/* --- io_uring */

static struct io_uring_sqe poll_for(int fd, unsigned int events)
{
	return (struct io_uring_sqe) {
		.opcode = IORING_OP_POLL_ADD, .fd = fd, .poll32_events = events,
	};
}

TEST_F(alike, io_uring_polls_for_a_message)
{
	struct io_uring_sqe sqe = poll_for(self->in, POLLIN);
	struct ring ring;
	int result;

	if (ring_begin(&ring))
		SKIP(return, "io_uring is not available");
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(1, ring_submit(&ring, &sqe));
		ASSERT_FALSE(ring_result(&ring, &result));
		ASSERT_EQ(self->len, variant->send(&self->sender));
		ASSERT_TRUE(comes_true(ring_result(&ring, &result)));
		ASSERT_EQ(POLLIN, result);
		/* A message that is there already is reported at once. */
		ASSERT_EQ(1, ring_submit(&ring, &sqe));
		ASSERT_TRUE(comes_true(ring_result(&ring, &result)));
		ASSERT_EQ(POLLIN, result);
		ASSERT_EQ(self->len, variant->receive(&self->receiver));
	}
	ring_end(&ring);
}

TEST_F(alike, io_uring_polls_for_room)
{
	struct io_uring_sqe sqe = poll_for(self->out, POLLOUT);
	struct ring ring;
	int result;

	if (ring_begin(&ring))
		SKIP(return, "io_uring is not available");
	send_until_full(_metadata, &self->sender);
	ASSERT_EQ(1, ring_submit(&ring, &sqe));
	ASSERT_FALSE(ring_result(&ring, &result));
	ASSERT_EQ(self->len, variant->receive(&self->receiver));
	ASSERT_TRUE(comes_true(ring_result(&ring, &result)));
	ASSERT_EQ(POLLOUT, result);
	ring_end(&ring);
}

/* --- what cannot be done with a file without a position */

TEST_F(alike, nothing_has_a_position)
{
	struct iovec part = { .iov_base = buf, .iov_len = 8 };
	int number;

	/* The file of a queue has one, for its text. */
	if (variant->receive == queue_receive)
		return;
	ASSERT_EQ(self->len, variant->send(&self->sender));
	EXPECT_EQ(-1, lseek(self->in, 0, SEEK_SET));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(-1, lseek(self->out, 0, SEEK_END));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(-1, pread(self->in, buf, self->len, 0));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(-1, pwrite(self->out, message, self->len, 0));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(-1, preadv(self->in, &part, 1, 0));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(-1, pwritev(self->out, &part, 1, 0));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(-1, ioctl(self->in, TCGETS, &number));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->in, 0));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(-1, fsync(self->out));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ftruncate(self->out, 0));
	EXPECT_EQ(EINVAL, errno);
	/* None of this has sent or taken a message. */
	EXPECT_EQ(self->len, receive(_metadata, &self->receiver));
	EXPECT_EQ(-EAGAIN, receive(_metadata, &self->receiver));
}

/* --- bad memory, and wrong ends */

TEST_F(alike, memory_that_cannot_be_used)
{
	/* A page without memory, and an address of the kernel. */
	char * const bad[] = { BAD_ADDRESS, (char *)0xffff888000000000 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		self->receiver.buf = bad[i];
		self->sender.buf = bad[i];
		EXPECT_EQ(-EFAULT, send_one(_metadata, &self->sender));
		self->sender.buf = message;
		ASSERT_EQ(self->len, send_one(_metadata, &self->sender));
		EXPECT_EQ(-EFAULT, receive(_metadata, &self->receiver));
		self->receiver.buf = buf;
		/* A message queue loses the message. */
		if (variant->receive != queue_receive)
			ASSERT_EQ(self->len, receive(_metadata, &self->receiver));
		EXPECT_EQ(-EAGAIN, receive(_metadata, &self->receiver));
	}
}

/* Whether the memory is good is asked last. */
TEST_F(alike, empty_or_full_comes_before_bad_memory)
{
	self->receiver.buf = BAD_ADDRESS;
	EXPECT_EQ(-EAGAIN, receive(_metadata, &self->receiver));
	send_until_full(_metadata, &self->sender);
	self->sender.buf = BAD_ADDRESS;
	/* A queue reads the message first. */
	if (variant->send != queue_send)
		EXPECT_EQ(-EAGAIN, send_one(_metadata, &self->sender));
}

TEST_F(alike, the_other_end)
{
	struct sleeper receiver = self->receiver, sender = self->sender;

	receiver.fd = self->out;
	sender.fd = self->in;
	EXPECT_EQ(-EBADF, variant->receive(&receiver));
	EXPECT_EQ(-EBADF, variant->send(&sender));
	/* A queue's poll does not ask for what the file is open. */
	if (variant->send == queue_send)
		return;
	EXPECT_EQ(0, ready(self->in, POLLOUT | POLLWRNORM));
	ASSERT_EQ(self->len, variant->send(&self->sender));
	EXPECT_EQ(0, ready(self->out, POLLIN | POLLRDNORM));
	EXPECT_EQ(0, ready(self->in, POLLOUT | POLLWRNORM));
}

TEST_HARNESS_MAIN

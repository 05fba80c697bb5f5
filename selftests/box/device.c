// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/dm510_msgbox: read(2) is a get and write(2) a put, with their errors in their
 * order. Which box a file is for, and for how long. What it does as pipes and message
 * queues do is in alike.c, and how its callers wait is in waiting.c.
 */
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "child.h"
#include "device.h"
#include "io_uring.h"
#include "msgbox.h"
#include "saved_limits.h"
#include "segment.h"

/* No process can read or write here. */
/* A user id and a group id that own nothing. */
#define NOBODY		65534

FIXTURE(device)
{
	/* Read and write, blocking and not. */
	int fd;
	int now;
	struct limits limits;
	long largest;
	char *message;
};

FIXTURE_SETUP(device)
{
	begin_with_empty_box(_metadata);
	if (!save_limits(&self->limits))
		SKIP_TEST("only root can change the limits");
	self->fd = device_open(O_RDWR);
	self->now = device_open(O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, self->fd);
	ASSERT_LE(0, self->now);
	self->largest = self->limits.max_message_bytes;
	self->message = new_message(self->largest + 1, 1);
}

FIXTURE_TEARDOWN(device)
{
	close(self->fd);
	close(self->now);
	free(self->message);
	EXPECT_EQ(0, restore_limits(&self->limits));
	EXPECT_EQ(0, write_text(MODULE_FOLDER "/parameters", "mode", "0666"));
	end_with_empty_box(_metadata);
}

/* --- the two operations */

/*
 * As get_expecting(): reads the message, which must have these bytes, into a poisoned
 * buffer that is longer.
 */
static long read_expecting(int fd, const void *expected, size_t len)
{
	size_t size = CANARY + len + CANARY, written;
	char *buf = malloc(size);
	long ret;

	if (!buf)
		return -ENOMEM;
	poison(buf, size);
	ret = device_read(fd, buf + CANARY, len + CANARY);
	written = ret > 0 ? ret : 0;
	if (!is_poison(buf, CANARY) ||
	    !is_poison(buf + CANARY + written, size - CANARY - written))
		ret = -EOVERFLOW;
	else if (ret == (long)len && memcmp(buf + CANARY, expected, len))
		ret = -EILSEQ;
	free(buf);
	return ret;
}

/* Small, large, in several segments, and the largest. */
static const long sizes[] = { 0, 1, 64, 4 * KIB, 8 * KIB, 8 * KIB + 1, 100000, MIB, 4 * MIB };

TEST_F(device, what_is_written_is_read)
{
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		ASSERT_EQ(sizes[i], device_write(self->fd, self->message, sizes[i]));
		ASSERT_EQ(sizes[i], read_expecting(self->fd, self->message, sizes[i]));
		ASSERT_EQ(-EAGAIN, read_expecting(self->now, "", 0));
	}
}

/* Both are ways to the same box. */
TEST_F(device, what_is_written_is_got_and_what_is_put_is_read)
{
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		ASSERT_EQ(sizes[i], device_write(self->fd, self->message, sizes[i]));
		ASSERT_EQ(sizes[i], get_expecting(self->message, sizes[i]));
		ASSERT_EQ(0, put(self->message, sizes[i]));
		ASSERT_EQ(sizes[i], read_expecting(self->fd, self->message, sizes[i]));
	}
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_F(device, last_in_first_out)
{
	ASSERT_EQ(1, device_write(self->fd, "1", 1));
	ASSERT_EQ(0, put("22", 2));
	ASSERT_EQ(3, device_write(self->now, "333", 3));
	ASSERT_EQ(3, read_expecting(self->fd, "333", 3));
	ASSERT_EQ(2, read_expecting(self->now, "22", 2));
	ASSERT_EQ(1, get_expecting("1", 1));
}

/* A message is all or nothing: what does not fit is not cut, and stays. */
TEST_F(device, a_message_longer_than_the_buffer_stays)
{
	static const long longer[] = { 1, 64, 8 * KIB, 8 * KIB + 1, MIB };
	char *buf = malloc(MIB);

	for (size_t i = 0; i < ARRAY_SIZE(longer); i++) {
		ASSERT_EQ(longer[i], device_write(self->fd, self->message, longer[i]));
		poison(buf, longer[i]);
		ASSERT_EQ(-EMSGSIZE, device_read(self->fd, buf, longer[i] - 1));
		ASSERT_EQ(-EMSGSIZE, device_read(self->now, buf, 0));
		ASSERT_TRUE(is_poison(buf, longer[i]));
		ASSERT_EQ(longer[i], device_read(self->fd, buf, longer[i]));
		ASSERT_EQ(0, memcmp(self->message, buf, longer[i]));
	}
	free(buf);
}

/* Each part of a vector is a message of its own. */
TEST_F(device, readv_and_writev)
{
	char buf[4][8];
	struct iovec out[] = { { "one", 3 }, { "three", 5 }, { "seven..", 7 } };
	struct iovec in[] = { { buf[0], 7 }, { buf[1], 5 }, { buf[2], 8 }, { buf[3], 8 } };

	ASSERT_EQ(15, writev(self->fd, out, 3));
	ASSERT_EQ(3, figure("count"));
	/* A message shorter than its part is the last one. */
	ASSERT_EQ(15, readv(self->fd, in, 4));
	ASSERT_EQ(0, memcmp("seven..", buf[0], 7));
	ASSERT_EQ(0, memcmp("three", buf[1], 5));
	ASSERT_EQ(0, memcmp("one", buf[2], 3));

	/* After an error, what has been done counts. */
	out[1].iov_base = BAD_ADDRESS;
	ASSERT_EQ(3, writev(self->now, out, 3));
	in[0].iov_len = 3;
	ASSERT_EQ(3, readv(self->now, in, 2));
	ASSERT_EQ(-1, readv(self->now, in, 2));
	ASSERT_EQ(EAGAIN, errno);
}

/* --- errors */

TEST_F(device, errors_of_read_in_order)
{
	int wronly = device_open(O_WRONLY);

	EXPECT_EQ(-EBADF, device_read(wronly, NULL, 8));
	EXPECT_EQ(-EINVAL, device_read(self->now, NULL, 8));
	EXPECT_EQ(-EINVAL, device_read(self->now, NULL, 0));
	EXPECT_EQ(-EINVAL, device_read(self->fd, NULL, 8));
	EXPECT_EQ(-EAGAIN, device_read(self->now, BAD_ADDRESS, 8));
	EXPECT_EQ(-EAGAIN, device_read(self->now, BAD_ADDRESS, 0));

	ASSERT_EQ(0, put("message", 8));
	EXPECT_EQ(-EBADF, device_read(wronly, NULL, 7));
	EXPECT_EQ(-EINVAL, device_read(self->fd, NULL, 7));
	EXPECT_EQ(-EMSGSIZE, device_read(self->fd, BAD_ADDRESS, 7));
	EXPECT_EQ(-EMSGSIZE, device_read(self->now, BAD_ADDRESS, 7));
	EXPECT_EQ(-EFAULT, device_read(self->fd, BAD_ADDRESS, 8));
	EXPECT_EQ(-EFAULT, device_read(self->now, BAD_ADDRESS, 8));
	EXPECT_EQ(8, read_expecting(self->fd, "message", 8));

	ASSERT_EQ(0, put(self->message, MIB));
	EXPECT_EQ(-EMSGSIZE, device_read(self->fd, BAD_ADDRESS, MIB - 1));
	EXPECT_EQ(-EFAULT, device_read(self->fd, BAD_ADDRESS, MIB));
	EXPECT_EQ(MIB, read_expecting(self->fd, self->message, MIB));
	close(wronly);
}

/* Fills the box with messages of 8 KiB. Returns their number. */
static int fill_box(struct __test_metadata *_metadata, int fd)
{
	static const char bytes[POLLOUT_LEN];
	int count = 0;

	ASSERT_EQ(0, set_parameter("max_bytes", 128 * KIB));
	while (device_write(fd, bytes, sizeof(bytes)) > 0)
		ASSERT_GT(1000, ++count);
	return count;
}

TEST_F(device, errors_of_write_in_order)
{
	int rdonly = device_open(O_RDONLY), count;

	EXPECT_EQ(-EBADF, device_write(rdonly, NULL, 8));
	EXPECT_EQ(-EINVAL, device_write(self->fd, NULL, 0));
	EXPECT_EQ(-EINVAL, device_write(self->fd, NULL, self->largest + 1));
	EXPECT_EQ(-EMSGSIZE, device_write(self->fd, BAD_ADDRESS, self->largest + 1));
	EXPECT_EQ(-EMSGSIZE, device_write(self->now, BAD_ADDRESS, self->largest + 1));
	EXPECT_EQ(-EFAULT, device_write(self->fd, BAD_ADDRESS, self->largest));
	EXPECT_EQ(-EFAULT, device_write(self->fd, BAD_ADDRESS, 1));
	/* For the device a small number is an address, and no file descriptor. */
	EXPECT_EQ(-EFAULT, device_write(self->fd, (char *)3, 8));

	count = fill_box(_metadata, self->now);
	EXPECT_EQ(-EBADF, device_write(rdonly, BAD_ADDRESS, POLLOUT_LEN));
	EXPECT_EQ(-EINVAL, device_write(self->now, NULL, POLLOUT_LEN));
	EXPECT_EQ(-EMSGSIZE, device_write(self->now, BAD_ADDRESS, self->largest + 1));
	EXPECT_EQ(-EMSGSIZE, device_write(self->fd, BAD_ADDRESS, self->largest + 1));
	EXPECT_EQ(-EAGAIN, device_write(self->now, BAD_ADDRESS, POLLOUT_LEN));
	EXPECT_EQ(-EAGAIN, device_write(self->now, self->message, POLLOUT_LEN));
	EXPECT_EQ(count, drain());
	close(rdonly);
}

/*
 * The kernel itself refuses lengths below 0 and addresses that are not the process's,
 * and cuts what is longer than 2 GiB. For these the device does what a pipe does.
 */
TEST_F(device, what_the_kernel_checks_as_for_a_pipe)
{
	static const unsigned long addresses[] = {
		8, 4096, 0x7ffffffff000, 0xffff888000000000, -8,
	};
	static const size_t lengths[] = { 0, 8, INT_MAX, 1UL << 32, LONG_MAX, SIZE_MAX, 1UL << 63 };
	int ends[2];

	ASSERT_EQ(0, pipe2(ends, O_NONBLOCK));
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(lengths); j++) {
			void *at = (void *)addresses[i];
			long expected = device_read(ends[0], at, lengths[j]);

			/* A pipe takes no bytes for a message of none. */
			if (!lengths[j] && !expected)
				expected = -EAGAIN;
			EXPECT_EQ(expected, device_read(self->now, at, lengths[j])) {
				TH_LOG("%zx bytes at %p", lengths[j], at);
			}
		}
	}
	close(ends[0]);
	close(ends[1]);
}

/* A length that does not fit into an int is too long, and not negative or short. */
TEST_F(device, lengths_beyond_an_int)
{
	const size_t lengths[] = {
		INT_MAX - PAGE, INT_MAX, 1UL << 31, 1UL << 32, (1UL << 32) + 8,
	};

	ASSERT_EQ(0, set_parameter("max_message_bytes", INT_MAX));
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		char *at = map(lengths[i] + PAGE, PROT_READ | PROT_WRITE);

		EXPECT_EQ(-EMSGSIZE, device_write(self->fd, at, lengths[i]));
		ASSERT_EQ(8, device_write(self->fd, "message", 8));
		EXPECT_EQ(8, device_read(self->fd, at, lengths[i]));
		munmap(at, lengths[i] + PAGE);
	}
	EXPECT_EQ(-ENODATA, get_nothing());
}

/* Waiting would be for ever. */
TEST_F(device, a_message_that_can_never_fit_is_too_long)
{
	/* The length of the longest message in a segment of a quarter. */
	int most = 128 * KIB - 16;

	ASSERT_EQ(0, set_parameter("max_pending_bytes", 512 * KIB));
	EXPECT_EQ(-EMSGSIZE, device_write(self->fd, self->message, most + 1));
	EXPECT_EQ(-EMSGSIZE, device_write(self->now, self->message, most + 1));
	EXPECT_EQ(most, device_write(self->fd, self->message, most));
	EXPECT_EQ(most, read_expecting(self->fd, self->message, most));

	/* The box needs a segment beside the message. */
	most = 256 * KIB - SEGMENT - 16;
	ASSERT_EQ(0, set_parameter("max_pending_bytes", 4 * MIB));
	ASSERT_EQ(0, set_parameter("max_bytes", 256 * KIB));
	EXPECT_EQ(-EMSGSIZE, device_write(self->fd, self->message, most + 1));
	EXPECT_EQ(-EMSGSIZE, device_write(self->now, self->message, most + 1));
	EXPECT_EQ(most, device_write(self->fd, self->message, most));
	EXPECT_EQ(most, read_expecting(self->fd, self->message, most));
}

/* --- figures */

static const char * const counted[] = {
	"puts", "put_einval", "put_eacces", "put_emsgsize", "put_eagain", "put_eaddrnotavail",
	"put_efault", "gets", "get_einval", "get_eacces", "get_enodata", "get_emsgsize",
	"get_eaddrnotavail", "get_efault",
};

static void read_all(long *all)
{
	for (size_t i = 0; i < ARRAY_SIZE(counted); i++)
		all[i] = figure(counted[i]);
}

/* Has this figure risen by one since, and no other? No figure at all: NULL. */
static bool only(const char *name, const long *before)
{
	long now[ARRAY_SIZE(counted)];
	bool right = true;

	read_all(now);
	for (size_t i = 0; i < ARRAY_SIZE(counted); i++)
		right = right && now[i] == before[i] + (name && !strcmp(name, counted[i]));
	return right;
}

#define COUNTS(name, expected, call)					\
do {									\
	long before_call[ARRAY_SIZE(counted)];				\
									\
	read_all(before_call);						\
	ASSERT_EQ(expected, call);					\
	ASSERT_TRUE(only(name, before_call)) {				\
		TH_LOG("%s", #call);					\
	}								\
} while (0)

TEST_F(device, each_call_is_counted_like_a_system_call)
{
	int count;

	COUNTS("put_einval", -EINVAL, device_write(self->fd, NULL, 8));
	COUNTS("put_emsgsize", -EMSGSIZE, device_write(self->fd, BAD_ADDRESS, self->largest + 1));
	COUNTS("put_efault", -EFAULT, device_write(self->fd, BAD_ADDRESS, 8));
	COUNTS("get_einval", -EINVAL, device_read(self->fd, NULL, 8));
	COUNTS("get_enodata", -EAGAIN, device_read(self->now, BAD_ADDRESS, 8));
	COUNTS("puts", 8, device_write(self->fd, "message", 8));
	COUNTS("get_emsgsize", -EMSGSIZE, device_read(self->fd, BAD_ADDRESS, 7));
	COUNTS("get_efault", -EFAULT, device_read(self->fd, BAD_ADDRESS, 8));
	COUNTS("gets", 8, read_expecting(self->fd, "message", 8));
	count = fill_box(_metadata, self->now);
	COUNTS("put_eagain", -EAGAIN, device_write(self->now, BAD_ADDRESS, POLLOUT_LEN));
	COUNTS("put_emsgsize", -EMSGSIZE, device_write(self->fd, BAD_ADDRESS, 200 * KIB));
	EXPECT_EQ(count, drain());
}

static void on_signal(int signal)
{
	(void)signal;
}

/* A wait that a signal ends is no failure of the box. */
TEST_F(device, a_call_that_waits_is_counted_when_it_ends)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct sleeper reader = READER(self->fd, self->message, 64);
	struct sleeper writer = WRITER(self->fd, self->message, POLLOUT_LEN);
	long before[ARRAY_SIZE(counted)];
	int count;

	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	read_all(before);
	ASSERT_TRUE(reader_falls_asleep(&reader));
	ASSERT_TRUE(only(NULL, before));
	ASSERT_EQ(0, pthread_kill(reader.thread, SIGUSR1));
	ASSERT_TRUE(ends(&reader));
	ASSERT_EQ(-EINTR, reader.ret);
	ASSERT_TRUE(only(NULL, before));

	count = fill_box(_metadata, self->now);
	read_all(before);
	ASSERT_TRUE(falls_asleep(&writer));
	ASSERT_TRUE(only(NULL, before));
	ASSERT_EQ(0, pthread_kill(writer.thread, SIGUSR1));
	ASSERT_TRUE(ends(&writer));
	ASSERT_EQ(-EINTR, writer.ret);
	ASSERT_TRUE(only(NULL, before));
	EXPECT_EQ(count, drain());
}

TEST_F(device, the_number_of_those_who_wait)
{
	struct sleeper readers[3] = {};
	struct sleeper writer = WRITER(self->fd, self->message, POLLOUT_LEN);
	char buf[64];
	int count;

	ASSERT_EQ(0, figure("waiting"));
	for (int i = 0; i < 3; i++) {
		readers[i] = (struct sleeper)READER(self->fd, buf, sizeof(buf));
		ASSERT_TRUE(falls_asleep(&readers[i]));
		ASSERT_TRUE(comes_true(figure("waiting") == i + 1));
	}
	for (int i = 3; i--;) {
		ASSERT_EQ(0, put("message", 8));
		ASSERT_TRUE(comes_true(figure("waiting") == i));
	}
	for (int i = 0; i < 3; i++)
		ASSERT_TRUE(ends(&readers[i]));
	/* Writers and pollers are not among them. */
	count = fill_box(_metadata, self->now);
	ASSERT_TRUE(falls_asleep(&writer));
	ASSERT_EQ(0, figure("waiting"));
	EXPECT_LE(count, drain());
	ASSERT_TRUE(ends(&writer));
	drain();	/* the message of the writer, if it came later */
}

/* --- poll */

TEST_F(device, a_file_reports_what_it_is_open_for)
{
	int rdonly = device_open(O_RDONLY), wronly = device_open(O_WRONLY);
	struct pollfd polled[] = {
		{ .fd = rdonly, .events = -1 }, { .fd = wronly, .events = -1 },
		{ .fd = self->fd, .events = -1 },
	};

	ASSERT_EQ(2, poll(polled, 3, 0));
	EXPECT_EQ(0, polled[0].revents);
	EXPECT_EQ(POLLOUT | POLLWRNORM, polled[1].revents);
	EXPECT_EQ(POLLOUT | POLLWRNORM, polled[2].revents);
	ASSERT_EQ(0, put("", 0));
	ASSERT_EQ(3, poll(polled, 3, 0));
	EXPECT_EQ(POLLIN | POLLRDNORM, polled[0].revents);
	EXPECT_EQ(POLLOUT | POLLWRNORM, polled[1].revents);
	EXPECT_EQ(POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM, polled[2].revents);
	EXPECT_EQ(0, read_expecting(rdonly, "", 0));
	close(rdonly);
	close(wronly);
}

/* However the box is filled: with POLLOUT each message of up to 8 KiB can be put. */
TEST_F(device, pollout_promises_room_for_8_kib)
{
	unsigned long random = 1;
	int with_room = 0, without = 0;

	ASSERT_EQ(0, set_parameter("max_bytes", 192 * KIB));
	for (int i = 0; i < 3000; i++) {
		struct pollfd pollfd = { .fd = self->fd, .events = POLLOUT };
		unsigned long dice = next_random(&random);
		long len = dice % 8 ? dice % POLLOUT_LEN : dice % (100 * KIB), ret;
		bool room = poll(&pollfd, 1, 0);

		ret = device_write(self->now, self->message, POLLOUT_LEN);
		ASSERT_EQ(room ? POLLOUT_LEN : -EAGAIN, ret) {
			TH_LOG("step %d: %ld bytes held by %ld messages", i, figure("memory"),
			       figure("count"));
		}
		*(room ? &with_room : &without) += 1;
		if (room)
			ASSERT_EQ(POLLOUT_LEN, get(self->message, POLLOUT_LEN));
		/* Towards a full box, which is then emptied by half. */
		if (device_write(self->now, self->message, len) < 0 && dice >> 32 & 1)
			for (long half = figure("count") / 2; half; half--)
				ASSERT_LE(0, get(self->message, self->largest));
	}
	ASSERT_LT(100, with_room);
	ASSERT_LT(100, without);
	drain();
}

/* --- open */

TEST_F(device, it_is_a_device_for_everyone)
{
	struct stat stat;

	ASSERT_EQ(0, fstat(self->fd, &stat));
	EXPECT_TRUE(S_ISCHR(stat.st_mode));
	EXPECT_EQ(0666, stat.st_mode & 07777);
}

static int set_mode(const char *mode)
{
	return write_text(MODULE_FOLDER "/parameters", "mode", mode);
}

/* Does what a process without privileges can open agree with these errors? */
static bool can_open(int rdonly, int wronly, int rdwr)
{
	static const int flags[] = { O_RDONLY, O_WRONLY, O_RDWR };
	const int expected[] = { rdonly, wronly, rdwr };
	bool right = true;

	for (int i = 0; i < 3; i++) {
		int fd = device_open(flags[i]);

		right = right && (fd < 0 ? fd : 0) == expected[i];
		if (fd >= 0)
			close(fd);
	}
	return right;
}

/* The bare system call: this is a process with one thread. */
static bool become_nobody(void)
{
	return !syscall(SYS_setgroups, 0, NULL) &&
	       !syscall(SYS_setresgid, NOBODY, NOBODY, NOBODY) &&
	       !syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY);
}

/* Waits for the parent to write a byte, and answers when it is done. */
static int step(int from_parent)
{
	char byte;

	return read(from_parent, &byte, 1) == 1 ? 0 : 99;
}

static int to_child[2], to_parent[2];

static void tell(int end)
{
	if (write(end, "", 1) != 1)
		_exit(98);
}

/* Opens all it can, and uses it after root has changed the mode. */
static int be_nobody(long unused)
{
	char buf[8];
	int fd;

	(void)unused;
	if (!become_nobody() || !can_open(0, 0, 0))
		return 1;
	fd = device_open(O_RDWR);
	tell(to_parent[1]);
	/* The mode is now 0444. */
	if (step(to_child[0]) || !can_open(0, -EACCES, -EACCES))
		return 2;
	if (put("denied", 7) != -EACCES || device_write(fd, "allowed", 8) != 8)
		return 3;
	tell(to_parent[1]);
	/* The mode is now 0222. */
	if (step(to_child[0]) || !can_open(-EACCES, 0, -EACCES))
		return 4;
	if (get(buf, 8) != -EACCES || device_read(fd, buf, 8) != 8 || strcmp(buf, "allowed"))
		return 5;
	tell(to_parent[1]);
	/* The mode is now 0. */
	if (step(to_child[0]) || !can_open(-EACCES, -EACCES, -EACCES))
		return 6;
	return device_write(fd, "still", 6) != 6;
}

/* The mode is asked when the file is opened. The file keeps what it was opened for. */
TEST_F(device, the_mode_is_asked_at_open)
{
	static const char * const modes[] = { "0444", "0222", "0" };
	int status;
	pid_t pid;

	ASSERT_EQ(0, pipe(to_child));
	ASSERT_EQ(0, pipe(to_parent));
	pid = fork();
	if (pid == 0)
		_exit(be_nobody(0));
	close(to_parent[1]);
	for (int i = 0; i < 3 && !step(to_parent[0]); i++) {
		ASSERT_EQ(0, set_mode(modes[i]));
		tell(to_child[1]);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	/* Root may do all. */
	EXPECT_TRUE(can_open(0, 0, 0));
	EXPECT_EQ(6, read_expecting(self->fd, "still", 6));
}

/* --- who has the file */

static int shared_fd;

static int read_and_write_it(long unused)
{
	(void)unused;
	if (read_expecting(shared_fd, "to the child", 13) != 13)
		return 1;
	return device_write(shared_fd, "to the parent", 14) != 14;
}

TEST_F(device, a_child_has_it)
{
	shared_fd = self->fd;
	ASSERT_EQ(13, device_write(self->fd, "to the child", 13));
	ASSERT_EQ(0, status_of(read_and_write_it, 0));
	ASSERT_EQ(14, read_expecting(self->fd, "to the parent", 14));
}

static int exec_a_shell(long unused)
{
	char command[64];

	(void)unused;
	snprintf(command, sizeof(command), "printf 'by a shell' >&%d", shared_fd);
	execl("/bin/sh", "sh", "-c", command, NULL);
	return 1;
}

/* Unless it is to be closed then. */
TEST_F(device, another_program_has_it)
{
	shared_fd = dup(self->fd);
	ASSERT_EQ(0, status_of(exec_a_shell, 0));
	ASSERT_EQ(10, read_expecting(self->fd, "by a shell", 10));
	close(shared_fd);
	shared_fd = self->fd;
	ASSERT_NE(0, status_of(exec_a_shell, 0));
	ASSERT_EQ(-EAGAIN, read_expecting(self->now, "", 0));
}

/* A read that waits holds up neither a write nor another read of the same file. */
TEST_F(device, one_file_is_read_and_written_at_once)
{
	struct sleeper reader = READER(self->fd, self->message, 64);
	int copy = dup(self->fd);

	ASSERT_TRUE(reader_falls_asleep(&reader));
	ASSERT_EQ(-EINVAL, device_read(self->fd, NULL, 8));
	/* It also goes on if the descriptor is closed, and used for another file. */
	close(self->fd);
	ASSERT_EQ(self->fd, dup2(self->now, self->fd));
	ASSERT_EQ(8, device_write(copy, "message", 8));
	ASSERT_TRUE(ends(&reader));
	ASSERT_EQ(8, reader.ret);
	ASSERT_STREQ("message", self->message);
	close(copy);
}

TEST_F(device, closing_the_last_descriptor_does_not_end_a_read)
{
	int fd = device_open(O_RDONLY);
	struct sleeper reader = READER(fd, self->message, 64);

	ASSERT_TRUE(reader_falls_asleep(&reader));
	close(fd);
	ASSERT_TRUE(sleeps_on(&reader));
	ASSERT_EQ(0, put("message", 8));
	ASSERT_TRUE(ends(&reader));
	ASSERT_EQ(8, reader.ret);
}

static int send_fd(int to, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = {};
	struct iovec byte = { .iov_base = "", .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &byte, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(int));
	return sendmsg(to, &message, 0) == 1 ? 0 : -errno;
}

static int receive_fd(int from)
{
	char control[CMSG_SPACE(sizeof(int))] = {}, bytes[1];
	struct iovec byte = { .iov_base = bytes, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &byte, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	int fd;

	if (recvmsg(from, &message, 0) != 1 || !CMSG_FIRSTHDR(&message))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
	return fd;
}

static int ends_of_socket[2];

/* In another IPC namespace: gets the parent's file, and sends one of its own. */
static int be_elsewhere(long unused)
{
	int parents, own;

	(void)unused;
	if (unshare(CLONE_NEWIPC))
		return 1;
	own = device_open(O_RDWR | O_NONBLOCK);
	parents = receive_fd(ends_of_socket[1]);
	if (own < 0 || parents < 0)
		return 2;
	/* The parent's message is not in the box of this namespace. */
	if (read_expecting(own, "", 0) != -EAGAIN || get_nothing() != -ENODATA)
		return 3;
	if (read_expecting(parents, "from outside", 13) != 13)
		return 4;
	if (device_write(parents, "to the outside", 15) != 15 || put("own", 4))
		return 5;
	if (figure("count") != 1 || figure("puts") != 1 || figure("gets") != 0)
		return 6;
	return send_fd(ends_of_socket[1], own);
}

/* Whoever uses a file: it is for the box of the process that has opened it. */
TEST_F(device, a_file_stays_with_the_box_of_its_opener)
{
	int elsewhere, status;
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, ends_of_socket));
	ASSERT_EQ(13, device_write(self->fd, "from outside", 13));
	pid = fork();
	if (pid == 0)
		_exit(be_elsewhere(0));
	ASSERT_EQ(0, send_fd(ends_of_socket[0], self->now));
	close(ends_of_socket[1]);
	elsewhere = receive_fd(ends_of_socket[0]);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	ASSERT_LE(0, elsewhere);

	ASSERT_EQ(15, get_expecting("to the outside", 15));
	ASSERT_EQ(-ENODATA, get_nothing());
	/* The child is gone. Its namespace is not, and neither is its box. */
	ASSERT_EQ(4, read_expecting(elsewhere, "own", 4));
	ASSERT_EQ(-EAGAIN, read_expecting(elsewhere, "", 0));
	ASSERT_EQ(6, device_write(elsewhere, "inside", 6));
	ASSERT_EQ(-ENODATA, get_nothing());
	ASSERT_EQ(6, read_expecting(elsewhere, "inside", 6));
	close(elsewhere);
	close(ends_of_socket[0]);
}

/* The same for a process that moves to another namespace. */
static int move_away(long unused)
{
	int fd = device_open(O_RDWR | O_NONBLOCK);

	(void)unused;
	if (unshare(CLONE_NEWIPC) || device_write(fd, "before", 7) != 7)
		return 1;
	return get_nothing() != -ENODATA;
}

TEST_F(device, a_file_does_not_move_with_its_opener)
{
	ASSERT_EQ(0, status_of(move_away, 0));
	ASSERT_EQ(7, get_expecting("before", 7));
}

/* --- io_uring */

static void ring_call(struct __test_metadata *_metadata, struct ring *ring, int opcode,
		      int fd, void *at, int len)
{
	struct io_uring_sqe sqe = {
		.opcode = opcode, .fd = fd, .addr = (uintptr_t)at, .len = len, .off = -1,
	};

	ASSERT_EQ(1, ring_submit(ring, &sqe));
}

TEST_F(device, io_uring_reads_and_writes)
{
	char buf[64] = "";
	struct ring ring;
	int result = 0;

	if (ring_begin(&ring))
		SKIP(return, "io_uring is not available");
	ring_call(_metadata, &ring, IORING_OP_WRITE, self->fd, "message", 8);
	ASSERT_TRUE(comes_true(ring_result(&ring, &result)));
	ASSERT_EQ(8, result);
	ring_call(_metadata, &ring, IORING_OP_READ, self->fd, buf, 64);
	ASSERT_TRUE(comes_true(ring_result(&ring, &result)));
	ASSERT_EQ(8, result);
	ASSERT_STREQ("message", buf);

	/* A read of an empty box waits. */
	ring_call(_metadata, &ring, IORING_OP_READ, self->fd, buf, 64);
	ASSERT_FALSE(ring_result(&ring, &result));
	ASSERT_EQ(0, put("another", 8));
	ASSERT_TRUE(comes_true(ring_result(&ring, &result)));
	ASSERT_EQ(8, result);
	ASSERT_STREQ("another", buf);
	ring_end(&ring);
}

TEST_HARNESS_MAIN

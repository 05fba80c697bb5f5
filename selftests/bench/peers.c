// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mqueue.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/numbers.h"
#include "bench.h"
#include "peers.h"

static long box_send(const void *message, size_t size)
{
	return syscall(put_nr, message, (int)size);
}

static long box_receive(void *buffer, size_t size)
{
	return syscall(get_nr, buffer, (int)size);
}

#define FIGURES "/sys/kernel/dm510_msgbox/"

/* The box's figure `puts`, if nobody but the benchmark puts. */
static double expected_puts;

void note_puts(const struct peer *peer, unsigned long count)
{
	if (is_box(peer))
		expected_puts += count;
}

void die_receiving(const struct peer *peer, size_t size)
{
	if (is_box(peer))
		die("box: not the message of %zu bytes: do other processes put or get?", size);
	die("%s: receiving %zu bytes", peer->name, size);
}

/* The get takes nothing, unless others put an empty message just now. */
static void box_open(size_t size, unsigned long depth)
{
	char byte;

	(void)size;
	(void)depth;
	if (numbers_in(FIGURES "count", "%lf") > 0) {
		errno = EBUSY;
		die("the box is not empty, and the benchmark would take the messages");
	}
	if (box_receive(&byte, 0) >= 0 || errno == EMSGSIZE) {
		errno = EBUSY;
		die("the box is not empty any more");
	}
	if (errno != ENODATA)
		die("the box");
	expected_puts = numbers_in(FIGURES "puts", "%lf");
}

static void box_close(void)
{
	double others = numbers_in(FIGURES "puts", "%lf") - expected_puts;

	if (others) {
		errno = EBUSY;
		die("other processes have put %.0f messages, and some may have been taken here",
		    others);
	}
}

/* All messages of the benchmark consist of this byte. An empty one can be anybody's. */
static bool is_own(const char *message, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		if (message[i] != MESSAGE_BYTE)
			return false;
	return size;
}

void empty_box(void)
{
	char *buffer = new_buffer(MAX_MESSAGE, 0);
	unsigned long taken = 0;
	bool others;
	long size;

	for (;;) {
		size = box_receive(buffer, MAX_MESSAGE);
		if (size < 0 || !is_own(buffer, size))
			break;
		taken++;
	}
	others = size >= 0 || errno != ENODATA;
	if (size >= 0 && box_send(buffer, size))
		die("putting back a message of another process");
	free_buffer(buffer, MAX_MESSAGE);
	progress("took %lu messages of the benchmark out of the box", taken);
	if (others)
		progress("others have put messages; more of the benchmark's may be below them");
}

static int device;

static void device_open(size_t size, unsigned long depth)
{
	box_open(size, depth);
	device = open("/dev/dm510_msgbox", O_RDWR);
	if (device == -1)
		die("the box's device");
}

static long device_send(const void *message, size_t size)
{
	return write(device, message, size);
}

static long device_receive(void *buffer, size_t size)
{
	return read(device, buffer, size);
}

static void device_close(void)
{
	close(device);
	box_close();
}

/* Undoes O_NONBLOCK. */
static void let_sleep(int fd)
{
	if (fcntl(fd, F_SETFL, 0))
		die("F_SETFL");
}

#define QUEUE_NAME "/dm510_msgbox_bench"

static mqd_t posix;
static size_t posix_size;

static void posix_open(size_t size, unsigned long depth)
{
	struct mq_attr attr = {
		.mq_maxmsg = depth,
		.mq_msgsize = size ? size : 1,
	};

	mq_unlink(QUEUE_NAME);
	posix = mq_open(QUEUE_NAME, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK,
			0600, &attr);
	if (posix == -1)
		die("mq_open for %lu messages of %zu bytes", depth, size);
	posix_size = attr.mq_msgsize;
}

static void posix_open_to_wait(size_t size, unsigned long depth)
{
	posix_open(size, depth);
	let_sleep(posix);
}

static long posix_send(const void *message, size_t size)
{
	return mq_send(posix, message, size, 0);
}

/* mq_receive() requires room for the longest message. */
static long posix_receive(void *buffer, size_t size)
{
	(void)size;
	return mq_receive(posix, buffer, posix_size, NULL);
}

static void posix_close(void)
{
	mq_close(posix);
	mq_unlink(QUEUE_NAME);
}

static int sysv;

static void sysv_open(size_t size, unsigned long depth)
{
	struct msqid_ds settings;

	sysv = msgget(IPC_PRIVATE, 0600);
	if (sysv == -1 || msgctl(sysv, IPC_STAT, &settings))
		die("msgget");
	/* msg_qbytes limits the number of messages, too. */
	settings.msg_qbytes = depth * (size ? size : 1);
	if (msgctl(sysv, IPC_SET, &settings))
		die("msgctl for %lu messages of %zu bytes", depth, size);
}

/* The type is in front of the message; new_buffer() left room for it. */
static long sysv_send(const void *message, size_t size)
{
	long *with_type = (long *)message - 1;

	*with_type = 1;
	return msgsnd(sysv, with_type, size, IPC_NOWAIT);
}

static long sysv_receive(void *buffer, size_t size)
{
	return msgrcv(sysv, (long *)buffer - 1, size, 0, IPC_NOWAIT);
}

static long sysv_wait(void *buffer, size_t size)
{
	return msgrcv(sysv, (long *)buffer - 1, size, 0, 0);
}

static void sysv_close(void)
{
	msgctl(sysv, IPC_RMID, NULL);
}

static int ends[2];

static void pipe_open(size_t size, unsigned long depth)
{
	unsigned long bytes = size * depth;

	if (pipe2(ends, O_NONBLOCK))
		die("pipe");
	if (fcntl(ends[1], F_SETPIPE_SZ, (int)(bytes < MIB ? MIB : bytes)) < 0)
		die("F_SETPIPE_SZ for %lu messages of %zu bytes", depth, size);
}

static void pipe_open_to_wait(size_t size, unsigned long depth)
{
	pipe_open(size, depth);
	let_sleep(ends[0]);
}

static long pipe_send(const void *message, size_t size)
{
	return write(ends[1], message, size);
}

static long pipe_receive(void *buffer, size_t size)
{
	return read(ends[0], buffer, size);
}

static void pipe_close(void)
{
	close(ends[0]);
	close(ends[1]);
}

static int sockets[2];

static void unix_open(size_t size, unsigned long depth)
{
	/* The kernel counts its own structures, sometimes more than a page. */
	unsigned long bytes = depth * (size + size / 2 + KIB) + 8 * KIB;
	int room = bytes < INT_MAX / 2 ? bytes : INT_MAX / 2;

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, sockets))
		die("socketpair");
	if (setsockopt(sockets[0], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)))
		die("SO_SNDBUFFORCE for %lu messages of %zu bytes", depth, size);
}

static void unix_open_to_wait(size_t size, unsigned long depth)
{
	unix_open(size, depth);
	let_sleep(sockets[1]);
}

static long unix_send(const void *message, size_t size)
{
	return send(sockets[0], message, size, 0);
}

static long unix_receive(void *buffer, size_t size)
{
	return recv(sockets[1], buffer, size, 0);
}

static void unix_close(void)
{
	close(sockets[0]);
	close(sockets[1]);
}

static int counter;

static void eventfd_open(size_t size, unsigned long depth)
{
	(void)size;
	(void)depth;
	counter = eventfd(0, EFD_NONBLOCK);
	if (counter == -1)
		die("eventfd");
}

static void eventfd_open_to_wait(size_t size, unsigned long depth)
{
	eventfd_open(size, depth);
	let_sleep(counter);
}

static long eventfd_send(const void *message, size_t size)
{
	return write(counter, message, size);
}

static long eventfd_receive(void *buffer, size_t size)
{
	return read(counter, buffer, size);
}

static void eventfd_close(void)
{
	close(counter);
}

const struct peer peers[] = {
	{
		.name = "box",
		.max_size = 4 * MIB,
		.max_depth = ULONG_MAX,
		.open = box_open,
		.send = box_send,
		.receive = box_receive,
		.close = box_close,
	}, {
		.name = "POSIX mq",
		.max_size = 16 * MIB,
		.max_depth = 65536,
		.why_depth = "a queue holds at most 65536 messages even for root",
		.open = posix_open,
		.send = posix_send,
		.receive = posix_receive,
		.close = posix_close,
	}, {
		.name = "System V",
		.max_size = 16 * MIB,
		.max_depth = ULONG_MAX,
		.open = sysv_open,
		.send = sysv_send,
		.receive = sysv_receive,
		.close = sysv_close,
	}, {
		.name = "pipe",
		.min_size = 1,
		.max_size = 16 * MIB,
		.max_depth = ULONG_MAX,
		.why_size = "a write of nothing leaves nothing in a pipe",
		.open = pipe_open,
		.send = pipe_send,
		.receive = pipe_receive,
		.close = pipe_close,
	}, {
		.name = "AF_UNIX",
		.max_size = 2 * MIB,
		.max_depth = ULONG_MAX,
		.open = unix_open,
		.send = unix_send,
		.receive = unix_receive,
		.close = unix_close,
	}, {
		.name = "eventfd",
		.min_size = sizeof(uint64_t),
		.max_size = sizeof(uint64_t),
		.max_depth = 1,
		.why_size = "an eventfd is a number of 8 bytes",
		.why_depth = "an eventfd adds up what is written to one number",
		.open = eventfd_open,
		.send = eventfd_send,
		.receive = eventfd_receive,
		.close = eventfd_close,
	},
	{ .name = NULL },
};

const struct peer waited_for_peers[] = {
	{
		.name = "box",
		.open = device_open,
		.send = box_send,
		.receive = device_receive,
		.close = device_close,
	}, {
		.name = "box (write)",
		.open = device_open,
		.send = device_send,
		.receive = device_receive,
		.close = device_close,
	}, {
		.name = "POSIX mq",
		.open = posix_open_to_wait,
		.send = posix_send,
		.receive = posix_receive,
		.close = posix_close,
	}, {
		.name = "System V",
		.open = sysv_open,
		.send = sysv_send,
		.receive = sysv_wait,
		.close = sysv_close,
	}, {
		.name = "pipe",
		.open = pipe_open_to_wait,
		.send = pipe_send,
		.receive = pipe_receive,
		.close = pipe_close,
	}, {
		.name = "AF_UNIX",
		.open = unix_open_to_wait,
		.send = unix_send,
		.receive = unix_receive,
		.close = unix_close,
	}, {
		.name = "eventfd",
		.open = eventfd_open_to_wait,
		.send = eventfd_send,
		.receive = eventfd_receive,
		.close = eventfd_close,
	},
	{ .name = NULL },
};

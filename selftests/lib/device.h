/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The device, and calls that sleep: a test starts one in a thread, waits until it
 * sleeps, and then until it ends.
 */
#ifndef SELFTESTS_DEVICE_H
#define SELFTESTS_DEVICE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>

#include "calls.h"
#include "sysfs.h"

#define DEVICE		"/dev/dm510_msgbox"
/* The longest message for which POLLOUT promises room. */
#define POLLOUT_LEN	(8 * KIB)

/* Returns a file descriptor, or the error as a negative number. */
static inline int device_open(int flags)
{
	int fd = open(DEVICE, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/*
 * These return the number of bytes, or the error as a negative number. For read(2) and
 * write(2) the compiler would warn of the bad memory of some tests.
 */
static inline long device_read(int fd, void *buf, size_t len)
{
	long ret = syscall(SYS_read, fd, buf, len);

	return ret < 0 ? -errno : ret;
}

static inline long device_write(int fd, const void *buf, size_t len)
{
	long ret = syscall(SYS_write, fd, buf, len);

	return ret < 0 ? -errno : ret;
}

/* The events that an epoll instance reports at once, or the error as a negative number. */
static inline long reported(int epoll)
{
	struct epoll_event event = {};

	return epoll_wait(epoll, &event, 1, 0) < 0 ? -errno : (long)event.events;
}

/* Waits until the condition is true, for 20 seconds at most. Returns whether it is. */
#define comes_true(condition)						\
({									\
	int rounds_left = 20000;					\
									\
	while (!(condition) && --rounds_left)				\
		usleep(1000);						\
	rounds_left > 0;						\
})

/* Reads the beginning of a task's file. Returns whether there is one. */
static inline bool read_of_task(pid_t task, const char *name, char text[256])
{
	char path[64];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", task, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return false;
	len = read(fd, text, 255);
	close(fd);
	text[len > 0 ? len : 0] = '\0';
	return len > 0;
}

/*
 * Does this task sleep in this system call? A task that runs has no number there. One
 * that has been woken may have it until it runs, but is not in state S or D any more.
 */
static inline bool sleeps_in(pid_t task, long nr)
{
	char text[256], *state;

	if (!task || !read_of_task(task, "syscall", text) || text[0] == 'r' || atol(text) != nr ||
	    !read_of_task(task, "stat", text))
		return false;
	state = strrchr(text, ')');
	return state && (!strncmp(state, ") S", 3) || !strncmp(state, ") D", 3));
}

/**
 * struct sleeper - a call in a thread of its own
 * @call: makes the call
 * @fd: its file descriptor
 * @buf: its buffer
 * @len: length of the buffer, in bytes
 * @nr: the system call in which the thread sleeps
 * @ret: its result
 * @task: the thread, once it runs
 * @done: whether the call has returned
 */
struct sleeper {
	long (*call)(struct sleeper *sleeper);
	int fd;
	void *buf;
	size_t len;
	long nr;
	long ret;
	atomic_int task;
	atomic_bool done;
	pthread_t thread;
};

static inline long sleeper_read(struct sleeper *sleeper)
{
	return device_read(sleeper->fd, sleeper->buf, sleeper->len);
}

static inline long sleeper_write(struct sleeper *sleeper)
{
	return device_write(sleeper->fd, sleeper->buf, sleeper->len);
}

static inline void *run_sleeper(void *data)
{
	struct sleeper *sleeper = data;

	atomic_store(&sleeper->task, gettid());
	sleeper->ret = sleeper->call(sleeper);
	atomic_store(&sleeper->done, true);
	return NULL;
}

/* Still asleep, and not only just woken? */
static inline bool sleeps_on(struct sleeper *sleeper)
{
	return comes_true(atomic_load(&sleeper->done) ||
			  sleeps_in(atomic_load(&sleeper->task), sleeper->nr)) &&
	       !atomic_load(&sleeper->done);
}

/* Starts the call. Returns whether it is asleep. */
static inline bool falls_asleep(struct sleeper *sleeper)
{
	atomic_store(&sleeper->task, 0);
	atomic_store(&sleeper->done, false);
	return !pthread_create(&sleeper->thread, NULL, run_sleeper, sleeper) &&
	       sleeps_on(sleeper);
}

/* The same for a read. The figure says that it sleeps for a message. */
static inline bool reader_falls_asleep(struct sleeper *sleeper)
{
	long waiting = figure("waiting");

	return falls_asleep(sleeper) && comes_true(figure("waiting") == waiting + 1);
}

/* Returns whether the call ends, and then its result is known. */
static inline bool ends(struct sleeper *sleeper)
{
	return comes_true(atomic_load(&sleeper->done)) && !pthread_join(sleeper->thread, NULL);
}

#define READER(which, to, size) \
	{ .call = sleeper_read, .nr = SYS_read, .fd = which, .buf = to, .len = size }
#define WRITER(which, from, size) \
	{ .call = sleeper_write, .nr = SYS_write, .fd = which, .buf = from, .len = size }

#endif

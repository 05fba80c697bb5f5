/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A wait in a thread of its own: a test starts it, sees that it sleeps, and later that it
 * ends.
 */
#ifndef SELFTESTS_USER_CALLER_H
#define SELFTESTS_USER_CALLER_H

#include <signal.h>

#include "device.h"
#include "user.h"

/**
 * struct caller - a call of msgbox_wait() or, without a buffer, of msgbox_take()
 * @box: the handle
 * @buffer: where the message goes, or NULL
 * @size: length of the buffer, in bytes
 * @timeout: for how long to wait, in milliseconds
 * @ret: the result
 * @took: how long the call took, in milliseconds
 * @taken: what msgbox_take() returned
 * @task: the thread, once it runs
 * @done: whether the call has returned
 */
struct caller {
	struct msgbox *box;
	void *buffer;
	size_t size;
	int timeout;
	long ret;
	long took;
	void *taken;
	atomic_int task;
	atomic_bool done;
	pthread_t thread;
};

#define WAITER(handle, to, bytes, time) \
	{ .box = handle, .buffer = to, .size = bytes, .timeout = time }
#define TAKER(handle, time) \
	{ .box = handle, .timeout = time }

static inline void *run_caller(void *data)
{
	struct caller *caller = data;
	long begin;

	atomic_store(&caller->task, gettid());
	begin = milliseconds();
	if (caller->buffer)
		caller->ret = box_wait(caller->box, caller->buffer, caller->size,
				       caller->timeout);
	else
		caller->ret = box_take(caller->box, &caller->taken, &caller->size,
				       caller->timeout);
	caller->took = milliseconds() - begin;
	atomic_store(&caller->done, true);
	return NULL;
}

static inline bool task_sleeps(pid_t task)
{
	char text[256], *state;

	if (!task || !read_of_task(task, "stat", text))
		return false;
	state = strrchr(text, ')');
	return state && !strncmp(state, ") S", 3);
}

/* A library may sleep for an instant on its way, so this looks several times. */
static inline bool is_asleep(struct caller *caller)
{
	for (int i = 0; i < 10; i++) {
		if (!task_sleeps(atomic_load(&caller->task)))
			return false;
		usleep(1000);
	}
	return true;
}

static inline bool starts(struct caller *caller)
{
	atomic_store(&caller->task, 0);
	atomic_store(&caller->done, false);
	return !pthread_create(&caller->thread, NULL, run_caller, caller);
}

/* Starts the call. Returns whether it waits. */
static inline bool waits(struct caller *caller)
{
	return starts(caller) && comes_true(atomic_load(&caller->done) || is_asleep(caller)) &&
	       !atomic_load(&caller->done);
}

/* Returns whether the call ends, and then its result is known. */
static inline bool returns(struct caller *caller)
{
	return comes_true(atomic_load(&caller->done)) && !pthread_join(caller->thread, NULL);
}

static inline void on_signal(int signal)
{
	(void)signal;
}

/* SIGUSR1 does nothing but to interrupt. */
static inline int catch_signal(int flags)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };

	return sigaction(SIGUSR1, &action, NULL);
}

/*
 * Sends a signal each second until the call ends: one that comes between two system calls of
 * the library is not noticed. Returns how many it took, or 0 if the call does not end.
 */
static inline int signals_to_end(struct caller *caller)
{
	for (int count = 1; count <= 20; count++) {
		pthread_kill(caller->thread, SIGUSR1);
		for (int i = 0; i < 1000 && !atomic_load(&caller->done); i++)
			usleep(1000);
		if (atomic_load(&caller->done))
			return pthread_join(caller->thread, NULL) ? 0 : count;
	}
	return 0;
}

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* The tests of waiting: a box that is empty, two files of its device, children that wait. */
#ifndef SELFTESTS_WAITING_H
#define SELFTESTS_WAITING_H

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "child.h"
#include "device.h"
#include "msgbox.h"
#include "saved_limits.h"
#include "stuck_page.h"

#define SMALL		POLLOUT_LEN
#define NO_USERFAULTFD	"userfaultfd is not available"

/* What is put. Readers have buffers of their own, as several can be woken. */
static char message[MIB];
static char buf[4][MIB];

FIXTURE(waiting)
{
	int fd;
	int now;
	struct limits limits;
};

FIXTURE_SETUP(waiting)
{
	begin_with_empty_box(_metadata);
	if (!save_limits(&self->limits))
		SKIP_TEST("only root can change the limits");
	self->fd = device_open(O_RDWR);
	self->now = device_open(O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, self->fd);
	ASSERT_LE(0, self->now);
	fill(message, sizeof(message), 1);
}

FIXTURE_TEARDOWN(waiting)
{
	close(self->fd);
	close(self->now);
	EXPECT_EQ(0, restore_limits(&self->limits));
	end_with_empty_box(_metadata);
}

/*
 * Keeps this process and its children on one processor, where a child runs only while
 * this process sleeps.
 */
static inline void use_one_processor(struct __test_metadata *_metadata)
{
	static const struct sched_param param = { .sched_priority = 1 };
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(set), &set));
	ASSERT_EQ(0, sched_setscheduler(0, SCHED_FIFO, &param));
}

/*
 * A child that makes one call, and exits with 0 if it succeeds.
 *
 * It fills the message again, because after a fork, processors that leave it to the kernel to
 * mark a page as accessed (arm64 without FEAT_HAFDBS, as Cortex-A53 and A72) fault at the
 * first access to each page. To the module the page is missing then.
 */
static inline pid_t start_child(struct __test_metadata *_metadata, struct sleeper *call)
{
	static const struct sched_param param;
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sched_setscheduler(0, SCHED_OTHER, &param);
		fill(message, SMALL, 1);
		_exit(call->call(call) < 0);
	}
	ASSERT_TRUE(comes_true(sleeps_in(pid, call->nr)));
	return pid;
}

static inline int status_of_child(pid_t pid)
{
	int status = -1;

	return comes_true(waitpid(pid, &status, WNOHANG) == pid) ? status : -1;
}

#endif

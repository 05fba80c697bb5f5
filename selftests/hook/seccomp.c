// SPDX-License-Identifier: GPL-2.0
/*
 * seccomp: each action that a filter can choose for a system call works for put and
 * get, separately. A call that is not allowed changes nothing.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#include "child.h"
#include "filter.h"
#include "msgbox.h"

/* Values of si_code for SIGSYS; glibc has no names for them. */
#define BY_SECCOMP		1
#define BY_USER_DISPATCH	2

/* The filter's 16 bits of data, for the signal handler or the tracer. */
#define DATA		0x1234
/* A result that a tracer, a listener or a handler gives instead of the call's. */
#define ANSWER		77

#define ON_TOP		"on top"
#define ROOM		64

static char buf[ROOM];

/* The call has not changed buf, which prepare_buf() has filled. */
static bool buf_is_untouched(long nr)
{
	return nr == put_nr ? !strcmp(buf, ON_TOP) : is_poison(buf, sizeof(buf));
}

static void prepare_buf(long nr)
{
	poison(buf, sizeof(buf));
	if (nr == put_nr)
		strcpy(buf, ON_TOP);
}

static unsigned long length_for(long nr)
{
	return nr == put_nr ? sizeof(ON_TOP) : sizeof(buf);
}

/* Makes the call under test; it succeeds unless the filter prevents it. */
static long make_call(long nr)
{
	prepare_buf(nr);
	return raw(nr, (uintptr_t)buf, length_for(nr), 3, 4, 5, 6);
}

static long other_than(long nr)
{
	return nr == put_nr ? get_nr : put_nr;
}

/* The other call still works: NULL gives EINVAL and changes nothing. */
static bool other_call_works(long nr)
{
	return raw(other_than(nr), 0, 0, 0, 0, 0, 0) == -EINVAL;
}

static int filter(long nr, unsigned int answer)
{
	return filter_call(0, nr, length_for(nr), answer);
}

FIXTURE(seccomp)
{
	long nr;
};

FIXTURE_VARIANT(seccomp)
{
	bool is_put;
};

FIXTURE_VARIANT_ADD(seccomp, put)
{
	.is_put = true,
};

FIXTURE_VARIANT_ADD(seccomp, get)
{
	.is_put = false,
};

FIXTURE_SETUP(seccomp)
{
	begin_with_empty_box(_metadata);
	self->nr = variant->is_put ? put_nr : get_nr;
	ASSERT_EQ(0, put("stays", 6));
}

FIXTURE_TEARDOWN(seccomp)
{
	end_with_empty_box(_metadata);
}

/* The call under test was not made. */
static void expect_no_call(struct __test_metadata *_metadata)
{
	EXPECT_EQ(6, get_expecting("stays", 6));
	EXPECT_EQ(-ENODATA, get_nothing());
}

/* The call under test was made exactly once. */
static void expect_one_call(struct __test_metadata *_metadata, long nr)
{
	if (nr == put_nr) {
		EXPECT_EQ(sizeof(ON_TOP), get_expecting(ON_TOP, sizeof(ON_TOP)));
		EXPECT_EQ(6, get_expecting("stays", 6));
	}
	EXPECT_EQ(-ENODATA, get_nothing());
}

/* Each child returns an exit status, as a failed EXPECT in a child is not reported. */
static int gets_error(long nr)
{
	if (filter(nr, SECCOMP_RET_ERRNO | EXDEV))
		return 1;
	if (make_call(nr) != -EXDEV || make_call(nr) != -EXDEV)
		return 2;
	if (!buf_is_untouched(nr))
		return 3;
	return other_call_works(nr) ? 0 : 4;
}

TEST_F(seccomp, denied_with_an_error)
{
	ASSERT_EQ(0, status_of(gets_error, self->nr));
	expect_no_call(_metadata);
}

static int gets_no_error_at_all(long nr)
{
	if (filter(nr, SECCOMP_RET_ERRNO))
		return 1;
	return make_call(nr) || !buf_is_untouched(nr) ? 2 : 0;
}

TEST_F(seccomp, denied_with_success)
{
	ASSERT_EQ(0, status_of(gets_no_error_at_all, self->nr));
	expect_no_call(_metadata);
}

static int passes_with_other_arguments(long nr)
{
	if (filter_call(0, nr, length_for(nr) + 1, SECCOMP_RET_KILL_PROCESS))
		return 1;
	return make_call(nr) < 0 ? 2 : 0;
}

TEST_F(seccomp, filters_see_the_arguments)
{
	ASSERT_EQ(0, status_of(passes_with_other_arguments, self->nr));
	expect_one_call(_metadata, self->nr);
}

static int is_killed(long nr)
{
	if (filter(nr, SECCOMP_RET_KILL_PROCESS) || !other_call_works(nr))
		return 1;
	make_call(nr);
	return 2;
}

TEST_F(seccomp, kills_the_process)
{
	int status = status_of(is_killed, self->nr);

	ASSERT_TRUE(WIFSIGNALED(status));
	ASSERT_EQ(SIGSYS, WTERMSIG(status));
	expect_no_call(_metadata);
}

static void *thread_is_killed(void *nr)
{
	if (!filter(*(long *)nr, SECCOMP_RET_KILL_THREAD))
		make_call(*(long *)nr);
	/* Returned only by a thread that was not killed. */
	return nr;
}

static int outlives_its_thread(long nr)
{
	pthread_t thread;
	void *ret = NULL;

	if (pthread_create(&thread, NULL, thread_is_killed, &nr) || pthread_join(thread, &ret))
		return 1;
	return ret == &nr ? 2 : 0;
}

TEST_F(seccomp, kills_the_thread_alone)
{
	ASSERT_EQ(0, status_of(outlives_its_thread, self->nr));
	expect_no_call(_metadata);
}

static int is_strict(long nr)
{
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
		return 1;
	make_call(nr);
	return 2;
}

TEST_F(seccomp, strict_mode_kills)
{
	int status = status_of(is_strict, self->nr);

	ASSERT_TRUE(WIFSIGNALED(status));
	ASSERT_EQ(SIGKILL, WTERMSIG(status));
	expect_no_call(_metadata);
}

static siginfo_t trap;
static ucontext_t trapped;

static void on_trap(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	trap = *info;
	trapped = *(ucontext_t *)context;
	set_context_result(context, ANSWER);
}

static int is_trapped(long nr)
{
	struct sigaction action = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };

	if (sigaction(SIGSYS, &action, NULL) || filter(nr, SECCOMP_RET_TRAP | DATA))
		return 1;
	if (make_call(nr) != ANSWER || !buf_is_untouched(nr))
		return 2;
	if (trap.si_signo != SIGSYS || trap.si_code != BY_SECCOMP || trap.si_errno != DATA)
		return 3;
	if (trap.si_syscall != nr || trap.si_arch != AUDIT_ARCH_OURS)
		return 4;
	return is_before_call(&trapped, nr, (uintptr_t)buf, trap.si_call_addr) ? 0 : 5;
}

TEST_F(seccomp, traps_with_all_that_is_to_be_known)
{
	ASSERT_EQ(0, status_of(is_trapped, self->nr));
	expect_no_call(_metadata);
}

static int gets_through(long nr, unsigned int answer)
{
	if (filter(nr, answer))
		return 1;
	return make_call(nr) == (nr == put_nr ? 0 : 6) ? 0 : 2;
}

static int is_allowed(long nr)
{
	return gets_through(nr, SECCOMP_RET_ALLOW);
}

TEST_F(seccomp, allowed)
{
	ASSERT_EQ(0, status_of(is_allowed, self->nr));
	expect_one_call(_metadata, self->nr);
}

/* audit.c tests the log record itself. */
static int is_logged(long nr)
{
	return gets_through(nr, SECCOMP_RET_LOG);
}

TEST_F(seccomp, logged_and_allowed)
{
	ASSERT_EQ(0, status_of(is_logged, self->nr));
	expect_one_call(_metadata, self->nr);
}

static int has_no_tracer(long nr)
{
	if (filter(nr, SECCOMP_RET_TRACE | DATA))
		return 1;
	return make_call(nr) == -ENOSYS && buf_is_untouched(nr) ? 0 : 2;
}

TEST_F(seccomp, left_to_a_tracer_that_is_not_there)
{
	ASSERT_EQ(0, status_of(has_no_tracer, self->nr));
	expect_no_call(_metadata);
}

/* Returns 0 if the call returned the expected result. */
static int call_under_tracer(long nr, long expected)
{
	if (ptrace(PTRACE_TRACEME, 0, 0, 0) || raise(SIGSTOP))
		return 1;
	if (filter(nr, SECCOMP_RET_TRACE | DATA))
		return 2;
	return make_call(nr) == expected ? 0 : 3;
}

/* Starts a child that stops before the call, where its filter asks the tracer. */
static pid_t child_before_call(struct __test_metadata *_metadata, long nr, long expected)
{
	struct __ptrace_syscall_info info;
	unsigned long message = 0;
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(call_under_tracer(nr, expected));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFSTOPPED(status));
	ASSERT_EQ(0, ptrace(PTRACE_SETOPTIONS, child, 0,
			    PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL));
	ASSERT_EQ(0, ptrace(PTRACE_CONT, child, 0, 0));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_EQ(SIGTRAP | PTRACE_EVENT_SECCOMP << 8, status >> 8);

	ASSERT_EQ(0, ptrace(PTRACE_GETEVENTMSG, child, 0, &message));
	EXPECT_EQ(DATA, message);
	ASSERT_LT(0, ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info));
	EXPECT_EQ(PTRACE_SYSCALL_INFO_SECCOMP, info.op);
	EXPECT_EQ(AUDIT_ARCH_OURS, info.arch);
	EXPECT_EQ(nr, info.seccomp.nr);
	EXPECT_EQ((uintptr_t)buf, info.seccomp.args[0]);
	EXPECT_EQ(length_for(nr), info.seccomp.args[1]);
	EXPECT_EQ(6, info.seccomp.args[5]);
	EXPECT_EQ(DATA, info.seccomp.ret_data);
	return child;
}

static void finish_child(struct __test_metadata *_metadata, pid_t child)
{
	int status;

	ASSERT_EQ(0, ptrace(PTRACE_CONT, child, 0, 0));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_EQ(0, status);
}

TEST_F(seccomp, a_tracer_lets_it_through)
{
	pid_t child = child_before_call(_metadata, self->nr, variant->is_put ? 0 : 6);

	finish_child(_metadata, child);
	expect_one_call(_metadata, self->nr);
}

TEST_F(seccomp, a_tracer_answers_instead)
{
	pid_t child = child_before_call(_metadata, self->nr, ANSWER);
	struct user_regs_struct regs;

	ASSERT_TRUE(set_call_number(child, -1) && get_registers(child, &regs));
	set_result_in(&regs, ANSWER);
	ASSERT_TRUE(set_registers(child, &regs));
	finish_child(_metadata, child);
	expect_no_call(_metadata);
}

/**
 * struct supervised - a thread that sends its call to a listener
 * @listener: the filter's file descriptor; 0 until it exists
 * @ret: what the call returned
 */
struct supervised {
	pthread_t thread;
	long nr;
	int listener;
	pid_t tid;
	long ret;
};

static void *call_under_listener(void *data)
{
	struct supervised *supervised = data;

	supervised->tid = gettid();
	__atomic_store_n(&supervised->listener,
			 filter_call(SECCOMP_FILTER_FLAG_NEW_LISTENER, supervised->nr,
				     length_for(supervised->nr), SECCOMP_RET_USER_NOTIF),
			 __ATOMIC_RELEASE);
	supervised->ret = make_call(supervised->nr);
	return NULL;
}

/* Waits for the call and checks its notification. */
static void receive_call(struct __test_metadata *_metadata, struct supervised *supervised,
			 struct seccomp_notif *notification)
{
	struct pollfd pollfd = { .events = POLLIN };

	ASSERT_EQ(0, pthread_create(&supervised->thread, NULL, call_under_listener, supervised));
	do {
		sched_yield();
		pollfd.fd = __atomic_load_n(&supervised->listener, __ATOMIC_ACQUIRE);
	} while (!pollfd.fd);
	ASSERT_LT(0, pollfd.fd);
	ASSERT_EQ(1, poll(&pollfd, 1, 10 * 1000));
	memset(notification, 0, sizeof(*notification));
	ASSERT_EQ(0, ioctl(pollfd.fd, SECCOMP_IOCTL_NOTIF_RECV, notification));
	EXPECT_EQ(supervised->tid, notification->pid);
	EXPECT_EQ(supervised->nr, notification->data.nr);
	EXPECT_EQ(AUDIT_ARCH_OURS, notification->data.arch);
	EXPECT_EQ((uintptr_t)buf, notification->data.args[0]);
	EXPECT_EQ(length_for(supervised->nr), notification->data.args[1]);
	EXPECT_EQ(6, notification->data.args[5]);
}

/* Makes the call, lets the listener give this answer, and returns the call's result. */
static long answered(struct __test_metadata *_metadata, long nr, struct seccomp_notif_resp *answer)
{
	struct supervised supervised = { .nr = nr };
	struct seccomp_notif notification;

	receive_call(_metadata, &supervised, &notification);
	answer->id = notification.id;
	ASSERT_EQ(0, ioctl(supervised.listener, SECCOMP_IOCTL_NOTIF_SEND, answer));
	ASSERT_EQ(0, pthread_join(supervised.thread, NULL));
	close(supervised.listener);
	return supervised.ret;
}

TEST_F(seccomp, a_listener_answers_with_an_error)
{
	struct seccomp_notif_resp answer = { .error = -EXDEV };

	ASSERT_EQ(-EXDEV, answered(_metadata, self->nr, &answer));
	ASSERT_TRUE(buf_is_untouched(self->nr));
	expect_no_call(_metadata);
}

TEST_F(seccomp, a_listener_answers_with_a_value)
{
	struct seccomp_notif_resp answer = { .val = ANSWER };

	ASSERT_EQ(ANSWER, answered(_metadata, self->nr, &answer));
	ASSERT_TRUE(buf_is_untouched(self->nr));
	expect_no_call(_metadata);
}

TEST_F(seccomp, a_listener_lets_it_through)
{
	struct seccomp_notif_resp answer = { .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

	ASSERT_EQ(variant->is_put ? 0 : 6, answered(_metadata, self->nr, &answer));
	expect_one_call(_metadata, self->nr);
}

/* Syscall User Dispatch is not seccomp: the process gets a signal for its own calls. */
static char selector = SYSCALL_DISPATCH_FILTER_ALLOW;

static void on_dispatch(int signal, siginfo_t *info, void *context)
{
	/* Otherwise sigreturn() would be dispatched, too. */
	selector = SYSCALL_DISPATCH_FILTER_ALLOW;
	on_trap(signal, info, context);
}

static int dispatches_to_itself(long nr)
{
	struct sigaction action = { .sa_sigaction = on_dispatch, .sa_flags = SA_SIGINFO };

	if (sigaction(SIGSYS, &action, NULL) ||
	    prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, &selector))
		return 1;
	selector = SYSCALL_DISPATCH_FILTER_BLOCK;
	if (make_call(nr) != ANSWER || !buf_is_untouched(nr))
		return 2;
	return trap.si_code == BY_USER_DISPATCH && trap.si_syscall == nr ? 0 : 3;
}

TEST_F(seccomp, user_dispatch)
{
	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF, 0, 0, 0)) {
		EXPECT_EQ(6, get_expecting("stays", 6));
		SKIP_TEST("this kernel has no Syscall User Dispatch");
	}
	ASSERT_EQ(0, status_of(dispatches_to_itself, self->nr));
	expect_no_call(_metadata);
}

TEST_HARNESS_MAIN

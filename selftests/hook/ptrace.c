// SPDX-License-Identifier: GPL-2.0
/*
 * ptrace: a tracer sees put and get with their arguments and results, and its
 * changes to number, arguments and result take effect.
 */
#include <signal.h>
#include <stdatomic.h>

#include "child.h"
#include "msgbox.h"

/* A result that only the tracer gives; no call returns it. */
#define ANSWER		77

#define SYSCALL_STOP	(SIGTRAP | 0x80)

/* Two buffers; forked children have them at the same addresses. */
static char buf[64], other[64];

/* Makes a call with all six arguments, including the bits above an int. */
static long six_arguments(long nr, void *at, unsigned int len)
{
	return raw(nr, (uintptr_t)at, 0xdeadbeef00000000 | len, 3, 4, 5, 0x6666666666666666);
}

static pid_t trace(struct __test_metadata *_metadata, int (*body)(void), long options)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0) || raise(SIGSTOP))
			_exit(255);
		_exit(body());
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFSTOPPED(status));
	ASSERT_EQ(0, ptrace(PTRACE_SETOPTIONS, child, 0,
			    PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | options));
	return child;
}

/* Continues the child with this request, up to its next stop, with this signal. */
static void continue_to(struct __test_metadata *_metadata, pid_t child, int request, int stop)
{
	int status;

	ASSERT_EQ(0, ptrace(request, child, 0, 0));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFSTOPPED(status)) {
		TH_LOG("wait status %#x", status);
	}
	ASSERT_EQ(stop, WSTOPSIG(status));
}

static struct __ptrace_syscall_info info_of(struct __test_metadata *_metadata, pid_t child)
{
	struct __ptrace_syscall_info info;

	ASSERT_LT(0, ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info));
	return info;
}

/* Continues to the entry of this call; raise() may make others before it. */
static void run_to_entry(struct __test_metadata *_metadata, pid_t child, int request, long nr)
{
	struct __ptrace_syscall_info info;

	for (int i = 0; i < 20; i++) {
		continue_to(_metadata, child, request, SYSCALL_STOP);
		info = info_of(_metadata, child);
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr == (unsigned long)nr)
			return;
	}
	ASSERT_TRUE(false) {
		TH_LOG("the child does not make call %ld", nr);
	}
}

static void run_to_exit(struct __test_metadata *_metadata, pid_t child, long result)
{
	struct __ptrace_syscall_info info;

	continue_to(_metadata, child, PTRACE_SYSCALL, SYSCALL_STOP);
	info = info_of(_metadata, child);
	ASSERT_EQ(PTRACE_SYSCALL_INFO_EXIT, info.op);
	EXPECT_EQ(AUDIT_ARCH_OURS, info.arch);
	EXPECT_EQ(result, info.exit.rval);
	EXPECT_EQ(result < 0, info.exit.is_error);
}

static void finish_child(struct __test_metadata *_metadata, pid_t child)
{
	int status;

	ASSERT_EQ(0, ptrace(PTRACE_DETACH, child, 0, 0));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_EQ(0, status);
}

static struct user_regs_struct registers_of(struct __test_metadata *_metadata, pid_t child)
{
	struct user_regs_struct regs;

	ASSERT_TRUE(get_registers(child, &regs));
	return regs;
}

static void set_number(struct __test_metadata *_metadata, pid_t child, long nr)
{
	ASSERT_TRUE(set_call_number(child, nr));
}

static void set_result(struct __test_metadata *_metadata, pid_t child, long result)
{
	struct user_regs_struct regs = registers_of(_metadata, child);

	set_result_in(&regs, result);
	ASSERT_TRUE(set_registers(child, &regs));
}

/* Each child returns an exit status, as a failed EXPECT in a child is not reported. */
static int puts_and_gets(void)
{
	if (six_arguments(put_nr, strcpy(buf, "seen"), 5))
		return 1;
	if (six_arguments(get_nr, other, sizeof(other)) != 5 || strcmp(other, "seen"))
		return 2;
	if (six_arguments(get_nr, other, sizeof(other)) != -ENODATA)
		return 3;
	return six_arguments(put_nr, NULL, 5) == -EINVAL ? 0 : 4;
}

static void expect_call(struct __test_metadata *_metadata, pid_t child, long nr, void *at,
			unsigned int len, long result)
{
	const unsigned long args[] = {
		(uintptr_t)at, 0xdeadbeef00000000 | len, 3, 4, 5, 0x6666666666666666,
	};
	struct __ptrace_syscall_info info;

	run_to_entry(_metadata, child, PTRACE_SYSCALL, nr);
	info = info_of(_metadata, child);
	EXPECT_EQ(AUDIT_ARCH_OURS, info.arch);
	EXPECT_EQ(0, memcmp(args, info.entry.args, sizeof(args)));
	run_to_exit(_metadata, child, result);
}

TEST_F(msgbox, number_arguments_and_result_are_seen)
{
	pid_t child = trace(_metadata, puts_and_gets, 0);

	expect_call(_metadata, child, put_nr, buf, 5, 0);
	expect_call(_metadata, child, get_nr, other, sizeof(other), 5);
	expect_call(_metadata, child, get_nr, other, sizeof(other), -ENODATA);
	expect_call(_metadata, child, put_nr, NULL, 5, -EINVAL);
	finish_child(_metadata, child);
}

static int puts_one(void)
{
	return six_arguments(put_nr, strcpy(buf, "message"), 8);
}

static int gets_one(void)
{
	poison(buf, sizeof(buf));
	return six_arguments(get_nr, buf, sizeof(buf));
}

static int puts_and_expects_parent(void)
{
	return puts_one() != getppid();
}

TEST_F(msgbox, a_put_becomes_another_call)
{
	pid_t child = trace(_metadata, puts_and_expects_parent, 0);

	run_to_entry(_metadata, child, PTRACE_SYSCALL, put_nr);
	set_number(_metadata, child, SYS_getppid);
	run_to_exit(_metadata, child, getpid());
	finish_child(_metadata, child);
	ASSERT_EQ(-ENODATA, get_nothing());
}

static int gets_and_expects_parent(void)
{
	return gets_one() != getppid() || !is_poison(buf, sizeof(buf));
}

TEST_F(msgbox, a_get_becomes_another_call)
{
	pid_t child = trace(_metadata, gets_and_expects_parent, 0);

	ASSERT_EQ(0, put("stays", 6));
	run_to_entry(_metadata, child, PTRACE_SYSCALL, get_nr);
	set_number(_metadata, child, SYS_getppid);
	run_to_exit(_metadata, child, getpid());
	finish_child(_metadata, child);
	ASSERT_EQ(6, get_expecting("stays", 6));
}

static int getppid_with_put_arguments(void)
{
	return six_arguments(SYS_getppid, strcpy(buf, "message"), 8);
}

TEST_F(msgbox, another_call_becomes_a_put)
{
	pid_t child = trace(_metadata, getppid_with_put_arguments, 0);

	run_to_entry(_metadata, child, PTRACE_SYSCALL, SYS_getppid);
	set_number(_metadata, child, put_nr);
	run_to_exit(_metadata, child, 0);
	finish_child(_metadata, child);
	ASSERT_EQ(8, get_expecting("message", 8));
}

static int getppid_expects_message(void)
{
	return six_arguments(SYS_getppid, buf, sizeof(buf)) != 6 || strcmp(buf, "taken");
}

TEST_F(msgbox, another_call_becomes_a_get)
{
	pid_t child = trace(_metadata, getppid_expects_message, 0);

	ASSERT_EQ(0, put("taken", 6));
	run_to_entry(_metadata, child, PTRACE_SYSCALL, SYS_getppid);
	set_number(_metadata, child, get_nr);
	run_to_exit(_metadata, child, 6);
	finish_child(_metadata, child);
	ASSERT_EQ(-ENODATA, get_nothing());
}

static int puts_and_expects_answer(void)
{
	return puts_one() != ANSWER;
}

static int gets_and_expects_answer(void)
{
	return gets_one() != ANSWER || !is_poison(buf, sizeof(buf));
}

/* The tracer prevents the call and sets a result. */
static void skip_call(struct __test_metadata *_metadata, pid_t child, long nr)
{
	run_to_entry(_metadata, child, PTRACE_SYSCALL, nr);
	set_number(_metadata, child, -1);
	set_result(_metadata, child, ANSWER);
	run_to_exit(_metadata, child, ANSWER);
	finish_child(_metadata, child);
}

TEST_F(msgbox, a_call_is_skipped)
{
	skip_call(_metadata, trace(_metadata, puts_and_expects_answer, 0), put_nr);
	ASSERT_EQ(-ENODATA, get_nothing());
	ASSERT_EQ(0, put("stays", 6));
	skip_call(_metadata, trace(_metadata, gets_and_expects_answer, 0), get_nr);
	ASSERT_EQ(6, get_expecting("stays", 6));
	ASSERT_EQ(-ENODATA, get_nothing());
}

static int puts_in_vain(void)
{
	return puts_one() != result_of_no_call((uintptr_t)buf);
}

TEST_F(msgbox, a_call_is_skipped_without_a_result)
{
	pid_t child = trace(_metadata, puts_in_vain, 0);

	run_to_entry(_metadata, child, PTRACE_SYSCALL, put_nr);
	set_number(_metadata, child, -1);
	run_to_exit(_metadata, child, result_of_no_call((uintptr_t)buf));
	finish_child(_metadata, child);
	ASSERT_EQ(-ENODATA, get_nothing());
}

/* The tracer replaces the arguments of the call. */
static void replace_arguments(struct __test_metadata *_metadata, pid_t child, long nr,
			      void *at, long len, long result)
{
	struct user_regs_struct own, regs;

	run_to_entry(_metadata, child, PTRACE_SYSCALL, nr);
	own = registers_of(_metadata, child);
	regs = own;
	set_arguments_in(&regs, (uintptr_t)at, len);
	ASSERT_TRUE(set_registers(child, &regs));
	run_to_exit(_metadata, child, result);
	/* The child's code expects a call to preserve these registers. */
	set_result_in(&own, result);
	ASSERT_TRUE(set_registers(child, &own));
	finish_child(_metadata, child);
}

static int puts_with_another_message_ready(void)
{
	strcpy(other, "another, and not all of it");
	return puts_one();
}

TEST_F(msgbox, the_arguments_of_a_put_are_changed)
{
	pid_t child = trace(_metadata, puts_with_another_message_ready, 0);

	replace_arguments(_metadata, child, put_nr, other, 7, 0);
	ASSERT_EQ(7, get_expecting("another", 7));
	ASSERT_EQ(-ENODATA, get_nothing());
}

static int gets_into_other_buffer(void)
{
	return gets_one() != 6 || !is_poison(buf, sizeof(buf)) || strcmp(other, "moved");
}

TEST_F(msgbox, the_arguments_of_a_get_are_changed)
{
	pid_t child = trace(_metadata, gets_into_other_buffer, 0);

	ASSERT_EQ(0, put("moved", 6));
	replace_arguments(_metadata, child, get_nr, other, 6, 6);
	ASSERT_EQ(-ENODATA, get_nothing());
}

static int gets_message_and_expects_answer(void)
{
	return gets_one() != ANSWER || strcmp(buf, "taken");
}

TEST_F(msgbox, a_result_is_changed)
{
	pid_t child = trace(_metadata, puts_and_expects_answer, 0);

	run_to_entry(_metadata, child, PTRACE_SYSCALL, put_nr);
	run_to_exit(_metadata, child, 0);
	set_result(_metadata, child, ANSWER);
	finish_child(_metadata, child);
	ASSERT_EQ(8, get_expecting("message", 8));

	ASSERT_EQ(0, put("taken", 6));
	child = trace(_metadata, gets_message_and_expects_answer, 0);
	run_to_entry(_metadata, child, PTRACE_SYSCALL, get_nr);
	run_to_exit(_metadata, child, 6);
	set_result(_metadata, child, ANSWER);
	finish_child(_metadata, child);
	ASSERT_EQ(-ENODATA, get_nothing());
}

/* PTRACE_SYSEMU: the kernel makes no call; the tracer sets the result. */
static void emulate_call(struct __test_metadata *_metadata, pid_t child, long nr)
{
	run_to_entry(_metadata, child, PTRACE_SYSEMU, nr);
	set_result(_metadata, child, ANSWER);
	finish_child(_metadata, child);
}

TEST_F(msgbox, calls_are_emulated)
{
	emulate_call(_metadata, trace(_metadata, puts_and_expects_answer, 0), put_nr);
	ASSERT_EQ(-ENODATA, get_nothing());
	ASSERT_EQ(0, put("stays", 6));
	emulate_call(_metadata, trace(_metadata, gets_and_expects_answer, 0), get_nr);
	ASSERT_EQ(6, get_expecting("stays", 6));
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_F(msgbox, a_single_step_over_a_call)
{
	pid_t child = trace(_metadata, puts_one, 0);
	struct user_regs_struct before, after;

	run_to_entry(_metadata, child, PTRACE_SYSCALL, put_nr);
	before = registers_of(_metadata, child);
	continue_to(_metadata, child, PTRACE_SINGLESTEP, SIGTRAP);
	after = registers_of(_metadata, child);
	EXPECT_EQ(instruction_in(&before), instruction_in(&after));
	EXPECT_EQ(0, result_in(&after));
	ASSERT_EQ(8, get_expecting("message", 8));
	finish_child(_metadata, child);
	ASSERT_EQ(-ENODATA, get_nothing());
}

static atomic_int signals;

static void on_signal(int signal)
{
	(void)signal;
	signals++;
}

static int puts_and_expects_signal(void)
{
	signal(SIGUSR1, on_signal);
	return puts_one() || signals != 1;
}

/* The call finishes first, and is not restarted after the handler. */
TEST_F(msgbox, a_signal_comes_between_entry_and_call)
{
	pid_t child = trace(_metadata, puts_and_expects_signal, 0);
	int status;

	run_to_entry(_metadata, child, PTRACE_SYSCALL, put_nr);
	ASSERT_EQ(0, kill(child, SIGUSR1));
	run_to_exit(_metadata, child, 0);
	continue_to(_metadata, child, PTRACE_CONT, SIGUSR1);
	ASSERT_EQ(0, ptrace(PTRACE_DETACH, child, 0, SIGUSR1));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_EQ(0, status);
	ASSERT_EQ(8, get_expecting("message", 8));
	ASSERT_EQ(-ENODATA, get_nothing());
}

static void kill_at_entry(struct __test_metadata *_metadata, pid_t child, long nr)
{
	int status;

	run_to_entry(_metadata, child, PTRACE_SYSCALL, nr);
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFSIGNALED(status));
	ASSERT_EQ(SIGKILL, WTERMSIG(status));
}

TEST_F(msgbox, killed_at_the_entry_of_a_call)
{
	kill_at_entry(_metadata, trace(_metadata, puts_one, 0), put_nr);
	ASSERT_EQ(-ENODATA, get_nothing());
	ASSERT_EQ(0, put("stays", 6));
	kill_at_entry(_metadata, trace(_metadata, gets_one, 0), get_nr);
	ASSERT_EQ(6, get_expecting("stays", 6));
	ASSERT_EQ(-ENODATA, get_nothing());
}

static int forks_child_that_puts(void)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(puts_one());
	return waitpid(child, &status, 0) != child || status;
}

TEST_F(msgbox, a_child_of_the_traced_is_traced)
{
	pid_t child = trace(_metadata, forks_child_that_puts, PTRACE_O_TRACEFORK);
	unsigned long grandchild;
	int status;

	ASSERT_EQ(0, ptrace(PTRACE_CONT, child, 0, 0));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_EQ(SIGTRAP | PTRACE_EVENT_FORK << 8, status >> 8);
	ASSERT_EQ(0, ptrace(PTRACE_GETEVENTMSG, child, 0, &grandchild));
	ASSERT_EQ((pid_t)grandchild, waitpid(grandchild, &status, 0));
	ASSERT_TRUE(WIFSTOPPED(status));

	expect_call(_metadata, grandchild, put_nr, buf, 8, 0);
	ASSERT_EQ(8, get_expecting("message", 8));
	ASSERT_EQ(0, ptrace(PTRACE_DETACH, grandchild, 0, 0));
	finish_child(_metadata, child);
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_HARNESS_MAIN

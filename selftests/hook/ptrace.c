// SPDX-License-Identifier: GPL-2.0
/*
 * ptrace: a tracer sees put and get with their arguments and results, and what
 * it changes is what happens.
 */
#include <linux/audit.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#include "child.h"
#include "msgbox.h"

/* What a tracer makes up, that no call would return. */
#define ANSWER		77

#define SYSCALL_STOP	(SIGTRAP | 0x80)

/* Two places for a message. The children have them at the same addresses. */
static char buf[64], other[64];

/* A call's full set of arguments, bits above an int's included. */
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

/* Lets the child go on in this way; it has to stop again, with this signal. */
static void go_on(struct __test_metadata *_metadata, pid_t child, int request, int stop)
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

/* On to where the child enters this call, over what raise() still does. */
static void enters(struct __test_metadata *_metadata, pid_t child, int request, long nr)
{
	struct __ptrace_syscall_info info;

	for (int i = 0; i < 20; i++) {
		go_on(_metadata, child, request, SYSCALL_STOP);
		info = info_of(_metadata, child);
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr == (unsigned long)nr)
			return;
	}
	ASSERT_TRUE(false) {
		TH_LOG("the child does not make call %ld", nr);
	}
}

static void leaves_with(struct __test_metadata *_metadata, pid_t child, long result)
{
	struct __ptrace_syscall_info info;

	go_on(_metadata, child, PTRACE_SYSCALL, SYSCALL_STOP);
	info = info_of(_metadata, child);
	ASSERT_EQ(PTRACE_SYSCALL_INFO_EXIT, info.op);
	EXPECT_EQ(AUDIT_ARCH_X86_64, info.arch);
	EXPECT_EQ(result, info.exit.rval);
	EXPECT_EQ(result < 0, info.exit.is_error);
}

static void ends_well(struct __test_metadata *_metadata, pid_t child)
{
	int status;

	ASSERT_EQ(0, ptrace(PTRACE_DETACH, child, 0, 0));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_EQ(0, status);
}

static struct user_regs_struct registers(struct __test_metadata *_metadata, pid_t child)
{
	struct user_regs_struct regs;

	ASSERT_EQ(0, ptrace(PTRACE_GETREGS, child, 0, &regs));
	return regs;
}

static void set_registers(struct __test_metadata *_metadata, pid_t child,
			  struct user_regs_struct regs)
{
	ASSERT_EQ(0, ptrace(PTRACE_SETREGS, child, 0, &regs));
}

static void set_number(struct __test_metadata *_metadata, pid_t child, long nr)
{
	struct user_regs_struct regs = registers(_metadata, child);

	regs.orig_rax = nr;
	set_registers(_metadata, child, regs);
}

static void set_result(struct __test_metadata *_metadata, pid_t child, long result)
{
	struct user_regs_struct regs = registers(_metadata, child);

	regs.rax = result;
	set_registers(_metadata, child, regs);
}

/* Each child returns an exit status: an EXPECT there would not be seen. */
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

static void sees(struct __test_metadata *_metadata, pid_t child, long nr, void *at,
		 unsigned int len, long result)
{
	const unsigned long args[] = {
		(uintptr_t)at, 0xdeadbeef00000000 | len, 3, 4, 5, 0x6666666666666666,
	};
	struct __ptrace_syscall_info info;

	enters(_metadata, child, PTRACE_SYSCALL, nr);
	info = info_of(_metadata, child);
	EXPECT_EQ(AUDIT_ARCH_X86_64, info.arch);
	EXPECT_EQ(0, memcmp(args, info.entry.args, sizeof(args)));
	leaves_with(_metadata, child, result);
}

TEST_F(msgbox, number_arguments_and_result_are_seen)
{
	pid_t child = trace(_metadata, puts_and_gets, 0);

	sees(_metadata, child, put_nr, buf, 5, 0);
	sees(_metadata, child, get_nr, other, sizeof(other), 5);
	sees(_metadata, child, get_nr, other, sizeof(other), -ENODATA);
	sees(_metadata, child, put_nr, NULL, 5, -EINVAL);
	ends_well(_metadata, child);
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

static int puts_one_and_is_told_its_parent(void)
{
	return puts_one() != getppid();
}

TEST_F(msgbox, a_put_becomes_another_call)
{
	pid_t child = trace(_metadata, puts_one_and_is_told_its_parent, 0);

	enters(_metadata, child, PTRACE_SYSCALL, put_nr);
	set_number(_metadata, child, SYS_getppid);
	leaves_with(_metadata, child, getpid());
	ends_well(_metadata, child);
	ASSERT_EQ(-ENODATA, get_nothing());
}

static int gets_one_and_is_told_its_parent(void)
{
	return gets_one() != getppid() || !is_poison(buf, sizeof(buf));
}

TEST_F(msgbox, a_get_becomes_another_call)
{
	pid_t child = trace(_metadata, gets_one_and_is_told_its_parent, 0);

	ASSERT_EQ(0, put("stays", 6));
	enters(_metadata, child, PTRACE_SYSCALL, get_nr);
	set_number(_metadata, child, SYS_getppid);
	leaves_with(_metadata, child, getpid());
	ends_well(_metadata, child);
	ASSERT_EQ(6, get_expecting("stays", 6));
}

static int asks_for_its_parent_with_a_message(void)
{
	return six_arguments(SYS_getppid, strcpy(buf, "message"), 8);
}

TEST_F(msgbox, another_call_becomes_a_put)
{
	pid_t child = trace(_metadata, asks_for_its_parent_with_a_message, 0);

	enters(_metadata, child, PTRACE_SYSCALL, SYS_getppid);
	set_number(_metadata, child, put_nr);
	leaves_with(_metadata, child, 0);
	ends_well(_metadata, child);
	ASSERT_EQ(8, get_expecting("message", 8));
}

static int asks_for_its_parent_and_gets_a_message(void)
{
	return six_arguments(SYS_getppid, buf, sizeof(buf)) != 6 || strcmp(buf, "taken");
}

TEST_F(msgbox, another_call_becomes_a_get)
{
	pid_t child = trace(_metadata, asks_for_its_parent_and_gets_a_message, 0);

	ASSERT_EQ(0, put("taken", 6));
	enters(_metadata, child, PTRACE_SYSCALL, SYS_getppid);
	set_number(_metadata, child, get_nr);
	leaves_with(_metadata, child, 6);
	ends_well(_metadata, child);
	ASSERT_EQ(-ENODATA, get_nothing());
}

static int puts_one_and_is_told_a_lie(void)
{
	return puts_one() != ANSWER;
}

static int gets_one_and_is_told_a_lie(void)
{
	return gets_one() != ANSWER || !is_poison(buf, sizeof(buf));
}

/* Instead of the call there is nothing, and a result that the tracer gives. */
static void skips(struct __test_metadata *_metadata, pid_t child, long nr)
{
	enters(_metadata, child, PTRACE_SYSCALL, nr);
	set_number(_metadata, child, -1);
	set_result(_metadata, child, ANSWER);
	leaves_with(_metadata, child, ANSWER);
	ends_well(_metadata, child);
}

TEST_F(msgbox, a_call_is_skipped)
{
	skips(_metadata, trace(_metadata, puts_one_and_is_told_a_lie, 0), put_nr);
	ASSERT_EQ(-ENODATA, get_nothing());
	ASSERT_EQ(0, put("stays", 6));
	skips(_metadata, trace(_metadata, gets_one_and_is_told_a_lie, 0), get_nr);
	ASSERT_EQ(6, get_expecting("stays", 6));
	ASSERT_EQ(-ENODATA, get_nothing());
}

static int puts_one_without_a_result(void)
{
	return puts_one() != -ENOSYS;
}

/* What the kernel says where the tracer takes the number and says nothing. */
TEST_F(msgbox, a_call_is_skipped_without_a_result)
{
	pid_t child = trace(_metadata, puts_one_without_a_result, 0);

	enters(_metadata, child, PTRACE_SYSCALL, put_nr);
	set_number(_metadata, child, -1);
	leaves_with(_metadata, child, -ENOSYS);
	ends_well(_metadata, child);
	ASSERT_EQ(-ENODATA, get_nothing());
}

/* The call is made with arguments that are not the child's. */
static void makes_with(struct __test_metadata *_metadata, pid_t child, long nr, void *at,
		       long len, long result)
{
	struct user_regs_struct own, regs;

	enters(_metadata, child, PTRACE_SYSCALL, nr);
	own = registers(_metadata, child);
	regs = own;
	regs.rdi = (uintptr_t)at;
	regs.rsi = len;
	set_registers(_metadata, child, regs);
	leaves_with(_metadata, child, result);
	/* The child's compiler trusts that a call leaves these as they are. */
	own.rax = result;
	set_registers(_metadata, child, own);
	ends_well(_metadata, child);
}

static int puts_another_than_it_meant_to(void)
{
	strcpy(other, "another, and not all of it");
	return puts_one();
}

TEST_F(msgbox, the_arguments_of_a_put_are_changed)
{
	pid_t child = trace(_metadata, puts_another_than_it_meant_to, 0);

	makes_with(_metadata, child, put_nr, other, 7, 0);
	ASSERT_EQ(7, get_expecting("another", 7));
	ASSERT_EQ(-ENODATA, get_nothing());
}

static int gets_it_elsewhere(void)
{
	return gets_one() != 6 || !is_poison(buf, sizeof(buf)) || strcmp(other, "moved");
}

TEST_F(msgbox, the_arguments_of_a_get_are_changed)
{
	pid_t child = trace(_metadata, gets_it_elsewhere, 0);

	ASSERT_EQ(0, put("moved", 6));
	makes_with(_metadata, child, get_nr, other, 6, 6);
	ASSERT_EQ(-ENODATA, get_nothing());
}

static int gets_one_and_a_lie(void)
{
	return gets_one() != ANSWER || strcmp(buf, "taken");
}

TEST_F(msgbox, a_result_is_changed)
{
	pid_t child = trace(_metadata, puts_one_and_is_told_a_lie, 0);

	enters(_metadata, child, PTRACE_SYSCALL, put_nr);
	leaves_with(_metadata, child, 0);
	set_result(_metadata, child, ANSWER);
	ends_well(_metadata, child);
	ASSERT_EQ(8, get_expecting("message", 8));

	ASSERT_EQ(0, put("taken", 6));
	child = trace(_metadata, gets_one_and_a_lie, 0);
	enters(_metadata, child, PTRACE_SYSCALL, get_nr);
	leaves_with(_metadata, child, 6);
	set_result(_metadata, child, ANSWER);
	ends_well(_metadata, child);
	ASSERT_EQ(-ENODATA, get_nothing());
}

/* SYSEMU: no call is made, all of them are the tracer's. */
static void emulates(struct __test_metadata *_metadata, pid_t child, long nr)
{
	enters(_metadata, child, PTRACE_SYSEMU, nr);
	set_result(_metadata, child, ANSWER);
	ends_well(_metadata, child);
}

TEST_F(msgbox, calls_are_emulated)
{
	emulates(_metadata, trace(_metadata, puts_one_and_is_told_a_lie, 0), put_nr);
	ASSERT_EQ(-ENODATA, get_nothing());
	ASSERT_EQ(0, put("stays", 6));
	emulates(_metadata, trace(_metadata, gets_one_and_is_told_a_lie, 0), get_nr);
	ASSERT_EQ(6, get_expecting("stays", 6));
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_F(msgbox, a_single_step_over_a_call)
{
	pid_t child = trace(_metadata, puts_one, 0);
	struct user_regs_struct before, after;

	enters(_metadata, child, PTRACE_SYSCALL, put_nr);
	before = registers(_metadata, child);
	go_on(_metadata, child, PTRACE_SINGLESTEP, SIGTRAP);
	after = registers(_metadata, child);
	EXPECT_EQ(before.rip, after.rip);
	EXPECT_EQ(0, after.rax);
	ASSERT_EQ(8, get_expecting("message", 8));
	ends_well(_metadata, child);
	ASSERT_EQ(-ENODATA, get_nothing());
}

static atomic_int signals;

static void on_signal(int signal)
{
	(void)signal;
	signals++;
}

static int puts_one_and_is_signalled(void)
{
	signal(SIGUSR1, on_signal);
	return puts_one() || signals != 1;
}

/* The call is finished first, and not made again after the handler. */
TEST_F(msgbox, a_signal_comes_between_entry_and_call)
{
	pid_t child = trace(_metadata, puts_one_and_is_signalled, 0);
	int status;

	enters(_metadata, child, PTRACE_SYSCALL, put_nr);
	ASSERT_EQ(0, kill(child, SIGUSR1));
	leaves_with(_metadata, child, 0);
	go_on(_metadata, child, PTRACE_CONT, SIGUSR1);
	ASSERT_EQ(0, ptrace(PTRACE_DETACH, child, 0, SIGUSR1));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_EQ(0, status);
	ASSERT_EQ(8, get_expecting("message", 8));
	ASSERT_EQ(-ENODATA, get_nothing());
}

static void dies_at_entry(struct __test_metadata *_metadata, pid_t child, long nr)
{
	int status;

	enters(_metadata, child, PTRACE_SYSCALL, nr);
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFSIGNALED(status));
	ASSERT_EQ(SIGKILL, WTERMSIG(status));
}

TEST_F(msgbox, killed_at_the_entry_of_a_call)
{
	dies_at_entry(_metadata, trace(_metadata, puts_one, 0), put_nr);
	ASSERT_EQ(-ENODATA, get_nothing());
	ASSERT_EQ(0, put("stays", 6));
	dies_at_entry(_metadata, trace(_metadata, gets_one, 0), get_nr);
	ASSERT_EQ(6, get_expecting("stays", 6));
	ASSERT_EQ(-ENODATA, get_nothing());
}

static int has_a_child_that_puts_one(void)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(puts_one());
	return waitpid(child, &status, 0) != child || status;
}

TEST_F(msgbox, a_child_of_the_traced_is_traced)
{
	pid_t child = trace(_metadata, has_a_child_that_puts_one, PTRACE_O_TRACEFORK);
	unsigned long grandchild;
	int status;

	ASSERT_EQ(0, ptrace(PTRACE_CONT, child, 0, 0));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_EQ(SIGTRAP | PTRACE_EVENT_FORK << 8, status >> 8);
	ASSERT_EQ(0, ptrace(PTRACE_GETEVENTMSG, child, 0, &grandchild));
	ASSERT_EQ((pid_t)grandchild, waitpid(grandchild, &status, 0));
	ASSERT_TRUE(WIFSTOPPED(status));

	sees(_metadata, grandchild, put_nr, buf, 8, 0);
	ASSERT_EQ(8, get_expecting("message", 8));
	ASSERT_EQ(0, ptrace(PTRACE_DETACH, grandchild, 0, 0));
	ends_well(_metadata, child);
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_HARNESS_MAIN

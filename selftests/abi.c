// SPDX-License-Identifier: GPL-2.0
/*
 * The calls as the machine sees them: which numbers and which callers they
 * answer, what becomes of registers, and that seccomp and ptrace treat them
 * as any other system call.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "msgbox.h"

#define PUT	__NR_dm510_msgbox_put
#define GET	__NR_dm510_msgbox_get

#define X32	0x40000000

/* Every register in its full width, which syscall(2) does not promise. */
static long raw(unsigned long nr, unsigned long arg1, unsigned long arg2, unsigned long arg3)
{
	register unsigned long r10 asm("r10") = 0xaaaaaaaaaaaaaaaa;
	register unsigned long r8 asm("r8") = 0x8888888888888888;
	register unsigned long r9 asm("r9") = 0x9999999999999999;
	long ret;

	asm volatile("syscall"
		     : "=a" (ret)
		     : "a" (nr), "D" (arg1), "S" (arg2), "d" (arg3), "r" (r10), "r" (r8), "r" (r9)
		     : "rcx", "r11", "memory");
	return ret;
}

/* A 32-bit system call; the kernel takes its arguments from 32 bits each. */
static long int80(unsigned int nr, unsigned int arg1, unsigned int arg2)
{
	long ret;

	/* It leaves zeroes in r8 to r11. */
	asm volatile("int $0x80"
		     : "=a" (ret)
		     : "a" (nr), "b" (arg1), "c" (arg2), "d" (0), "S" (0), "D" (0)
		     : "r8", "r9", "r10", "r11", "memory");
	return (int)ret;
}

static bool kernel_is_older_than(int major, int minor)
{
	struct utsname name;
	int has_major = 0, has_minor = 0;

	uname(&name);
	if (sscanf(name.release, "%d.%d", &has_major, &has_minor) != 2)
		return false;
	return has_major < major || (has_major == major && has_minor < minor);
}

TEST_F(msgbox, the_numbers_beside_ours_still_give_enosys)
{
	char buf[16] = "beside";

	/* Later kernels have system calls of their own there. */
	if (!kernel_is_older_than(6, 5))
		SKIP_TEST("numbers below 454 are taken since 6.5");
	EXPECT_EQ(-ENOSYS, raw(PUT - 1, (long)buf, sizeof(buf), 0));
	for (long nr = GET + 1; nr < 600; nr++) {
		EXPECT_EQ(-ENOSYS, raw(nr, (long)buf, sizeof(buf), 0)) {
			TH_LOG("system call %ld", nr);
		}
	}
	EXPECT_EQ(-ENOSYS, raw(0x7fffffff, (long)buf, sizeof(buf), 0));
	EXPECT_EQ(-ENOSYS, raw(0xffffffff, (long)buf, sizeof(buf), 0));
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_F(msgbox, x32_callers_get_enosys)
{
	char buf[16];

	ASSERT_EQ(0, put("stays", 6));
	poison(buf, sizeof(buf));
	EXPECT_EQ(-ENOSYS, raw(X32 | PUT, (long)"from x32", 9, 0));
	EXPECT_EQ(-ENOSYS, raw(X32 | GET, (long)buf, sizeof(buf), 0));
	EXPECT_TRUE(is_poison(buf, sizeof(buf)));
	ASSERT_EQ(6, get_expecting("stays", 6));
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_F(msgbox, int80_callers_get_enosys)
{
	char *low = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	/* 20 is getpid for them; where it is not, the kernel takes no such calls. */
	const int getpid_32 = 20;

	ASSERT_NE(MAP_FAILED, low);
	ASSERT_EQ(getpid(), int80(getpid_32, 0, 0)) {
		TH_LOG("no 32-bit system calls on this kernel");
	}
	poison(low, PAGE);
	ASSERT_EQ(0, put("stays", 6));
	EXPECT_EQ(-ENOSYS, int80(PUT, (uintptr_t)low, 16));
	EXPECT_EQ(-ENOSYS, int80(GET, (uintptr_t)low, 16));
	/* As a 64-bit caller's registers would be read: rdi and rsi are 0. */
	EXPECT_EQ(-ENOSYS, int80(GET, 0, 0));
	EXPECT_TRUE(is_poison(low, PAGE));
	ASSERT_EQ(6, get_expecting("stays", 6));
	ASSERT_EQ(-ENODATA, get_nothing());
	munmap(low, PAGE);
}

TEST_F(msgbox, garbage_in_registers_does_not_count)
{
	char buf[16];

	/* Linux takes the number from 32 bits; so it is for every call. */
	ASSERT_EQ(getppid(), raw(0xdeadbeef00000000 | SYS_getppid, 0, 0, 0));

	ASSERT_EQ(0, raw(0xdeadbeef00000000 | PUT, (long)"message", 0xdeadbeef00000008, ~0UL));
	poison(buf, sizeof(buf));
	ASSERT_EQ(8, raw(0xdeadbeef00000000 | GET, (long)buf, 0xffffffff00000008, ~0UL));
	ASSERT_STREQ("message", buf);
	ASSERT_TRUE(is_poison(buf + 8, 8));
	ASSERT_EQ(-ENODATA, get_nothing());
}

/*
 * A system call changes rax, rcx and r11 and nothing else. The compiler would
 * not notice: it keeps little in registers around one. Returns the register
 * that came back changed, counted from 1.
 */
static int changed_register(unsigned long nr, const void *buf, unsigned long len)
{
	static unsigned long before[12], after[12];
	unsigned long *arguments = before;

	for (size_t i = 0; i < ARRAY_SIZE(before); i++)
		before[i] = 0x0101010101010101 * (i + 0x10);
	before[4] = (uintptr_t)buf;
	before[5] = len;

	/* The compiler may keep data below the stack pointer: stay clear of it. */
	asm volatile("leaq -128(%%rsp), %%rsp\n\t"
		     "push %%rbp\n\t"
		     "push %%rbx\n\t"
		     "movq 0(%[before]), %%rbx\n\t"
		     "movq 8(%[before]), %%rbp\n\t"
		     "movq 16(%[before]), %%r12\n\t"
		     "movq 24(%[before]), %%r13\n\t"
		     "movq 32(%[before]), %%rdi\n\t"
		     "movq 40(%[before]), %%rsi\n\t"
		     "movq 48(%[before]), %%rdx\n\t"
		     "movq 56(%[before]), %%r10\n\t"
		     "movq 64(%[before]), %%r8\n\t"
		     "movq 72(%[before]), %%r9\n\t"
		     "movq 80(%[before]), %%r14\n\t"
		     "movq 88(%[before]), %%r15\n\t"
		     "syscall\n\t"
		     /* rcx may change, so it can hold the address from here on. */
		     "leaq %[after], %%rcx\n\t"
		     "movq %%rbx, 0(%%rcx)\n\t"
		     "movq %%rbp, 8(%%rcx)\n\t"
		     "movq %%r12, 16(%%rcx)\n\t"
		     "movq %%r13, 24(%%rcx)\n\t"
		     "movq %%rdi, 32(%%rcx)\n\t"
		     "movq %%rsi, 40(%%rcx)\n\t"
		     "movq %%rdx, 48(%%rcx)\n\t"
		     "movq %%r10, 56(%%rcx)\n\t"
		     "movq %%r8, 64(%%rcx)\n\t"
		     "movq %%r9, 72(%%rcx)\n\t"
		     "movq %%r14, 80(%%rcx)\n\t"
		     "movq %%r15, 88(%%rcx)\n\t"
		     "pop %%rbx\n\t"
		     "pop %%rbp\n\t"
		     "leaq 128(%%rsp), %%rsp"
		     : "+a" (nr), [before] "+c" (arguments), [after] "=m" (after)
		     :
		     : "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
		       "memory");
	for (size_t i = 0; i < ARRAY_SIZE(before); i++)
		if (before[i] != after[i])
			return i + 1;
	return 0;
}

TEST_F(msgbox, registers_are_preserved)
{
	char buf[16];

	EXPECT_EQ(0, changed_register(SYS_getppid, NULL, 0));

	EXPECT_EQ(0, changed_register(PUT, "message", 8));
	EXPECT_EQ(0, changed_register(PUT, NULL, 8));
	EXPECT_EQ(0, changed_register(PUT, (char *)PAGE, 8));
	EXPECT_EQ(0, changed_register(GET, buf, 1));
	EXPECT_EQ(0, changed_register(GET, buf, sizeof(buf)));
	EXPECT_EQ(0, changed_register(GET, buf, sizeof(buf)));
	ASSERT_STREQ("message", buf);
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_F(msgbox, other_system_calls_are_as_before)
{
	pid_t parent = getppid();
	char buf[16];
	int fds[2];

	ASSERT_EQ(0, pipe(fds));
	for (int i = 0; i < 1000; i++) {
		ASSERT_EQ(0, put("message", 8));
		ASSERT_EQ(parent, syscall(SYS_getppid));
		ASSERT_EQ(3, write(fds[1], "abc", 3));
		ASSERT_EQ(3, read(fds[0], buf, sizeof(buf)));
		ASSERT_EQ(8, get(buf, sizeof(buf)));
	}
	/* The last number of the table as it was, so far as 6.1 goes. */
	ASSERT_EQ(-1, syscall(450, -1, -1, -1, -1));
	ASSERT_NE(ENOSYS, errno);
	close(fds[0]);
	close(fds[1]);
}

/* From here on this process gets this answer to this system call. */
static int filter(unsigned int nr, unsigned int answer)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, answer),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog fprog = {
		.len = ARRAY_SIZE(program),
		.filter = program,
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &fprog);
}

/* Each returns an exit status: an EXPECT in a child would not be seen. */
static int put_is_denied(void)
{
	if (filter(PUT, SECCOMP_RET_ERRNO | EPERM))
		return 1;
	if (put("denied", 7) != -EPERM)
		return 2;
	return get_expecting("stays", 6) == 6 && put("denied", 7) == -EPERM ? 0 : 3;
}

static int get_is_denied(void)
{
	if (filter(GET, SECCOMP_RET_ERRNO | EACCES))
		return 1;
	if (get_nothing() != -EACCES)
		return 2;
	return put("on top", 7) ? 3 : 0;
}

static int put_is_deadly(void)
{
	if (filter(PUT, SECCOMP_RET_KILL_PROCESS))
		return 1;
	put("deadly", 7);
	return 2;
}

static atomic_int trapped_nr;

static void on_trap(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	trapped_nr = info->si_syscall;
}

static int put_is_trapped(void)
{
	struct sigaction action = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };

	if (sigaction(SIGSYS, &action, NULL) || filter(PUT, SECCOMP_RET_TRAP))
		return 1;
	put("trapped", 8);
	return trapped_nr == PUT ? 0 : 2;
}

/* The child's wait status. */
static int status_of(int (*child)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(child());
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return status;
}

TEST_F(msgbox, seccomp_is_obeyed)
{
	int status;

	ASSERT_EQ(0, put("stays", 6));
	ASSERT_EQ(0, status_of(put_is_denied));
	ASSERT_EQ(-ENODATA, get_nothing());

	ASSERT_EQ(0, put("below", 6));
	ASSERT_EQ(0, status_of(get_is_denied));
	ASSERT_EQ(7, get_expecting("on top", 7));
	ASSERT_EQ(6, get_expecting("below", 6));

	status = status_of(put_is_deadly);
	ASSERT_TRUE(WIFSIGNALED(status));
	ASSERT_EQ(SIGSYS, WTERMSIG(status));
	ASSERT_EQ(0, status_of(put_is_trapped));
	ASSERT_EQ(-ENODATA, get_nothing());
}

/* A child that makes four calls and says whether it got what it should. */
static int traced(void)
{
	char buf[16] = "";

	if (ptrace(PTRACE_TRACEME, 0, 0, 0) || raise(SIGSTOP))
		return 1;
	if (put("seen", 5))
		return 2;
	if (get(buf, sizeof(buf)) != 5 || strcmp(buf, "seen"))
		return 3;
	/* These two are changed on their way by the tracer. */
	if (put("not to arrive", 14) != -ENOSYS)
		return 4;
	return put("shortened", 10) ? 5 : 0;
}

/* Lets the child run up to its next entry to, or exit from, a system call. */
static int next_stop(pid_t child, struct user_regs_struct *regs)
{
	int status;

	if (ptrace(PTRACE_SYSCALL, child, 0, 0) || waitpid(child, &status, 0) != child)
		return -1;
	if (!WIFSTOPPED(status) || WSTOPSIG(status) != (SIGTRAP | 0x80))
		return -1;
	return ptrace(PTRACE_GETREGS, child, 0, regs);
}

TEST_F(msgbox, ptrace_sees_and_changes_the_calls)
{
	struct user_regs_struct regs;
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(traced());
	ASSERT_LT(0, child);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFSTOPPED(status));
	ASSERT_EQ(0, ptrace(PTRACE_SETOPTIONS, child, 0,
			    PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
	/* What raise() still has to do is between the stop and the put. */
	for (int i = 0; i < 20; i++) {
		ASSERT_EQ(0, next_stop(child, &regs));
		if (regs.orig_rax == PUT)
			break;
	}

	ASSERT_EQ(PUT, regs.orig_rax);
	ASSERT_EQ(5, (int)regs.rsi);
	ASSERT_EQ(0, next_stop(child, &regs));
	ASSERT_EQ(PUT, regs.orig_rax);
	ASSERT_EQ(0, regs.rax);

	ASSERT_EQ(0, next_stop(child, &regs));
	ASSERT_EQ(GET, regs.orig_rax);
	ASSERT_EQ(16, (int)regs.rsi);
	ASSERT_EQ(0, next_stop(child, &regs));
	ASSERT_EQ(GET, regs.orig_rax);
	ASSERT_EQ(5, regs.rax);

	/* A number that is taken away... */
	ASSERT_EQ(0, next_stop(child, &regs));
	ASSERT_EQ(PUT, regs.orig_rax);
	regs.orig_rax = -1;
	ASSERT_EQ(0, ptrace(PTRACE_SETREGS, child, 0, &regs));
	ASSERT_EQ(0, next_stop(child, &regs));
	ASSERT_EQ(-ENOSYS, (long)regs.rax);
	ASSERT_EQ(-ENODATA, get_nothing());

	/* ...and an argument that is another one. */
	ASSERT_EQ(0, next_stop(child, &regs));
	ASSERT_EQ(PUT, regs.orig_rax);
	regs.rsi = 5;
	ASSERT_EQ(0, ptrace(PTRACE_SETREGS, child, 0, &regs));
	ASSERT_EQ(0, next_stop(child, &regs));
	ASSERT_EQ(0, regs.rax);
	ASSERT_EQ(5, get_expecting("short", 5));

	ASSERT_EQ(0, ptrace(PTRACE_DETACH, child, 0, 0));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_EQ(0, status);
}

TEST_HARNESS_MAIN

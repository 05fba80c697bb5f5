// SPDX-License-Identifier: GPL-2.0
/*
 * For scripts: makes a call that is held at the kernel's entry, before the kernel
 * uses its number, until a line comes from standard input.
 *
 *	held ptrace|listener put|get TEXT
 *
 * put puts the text; get takes a message of at most as many bytes. Prints "held" once
 * the call is held, and at the end what the call returned.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>

#include "calls.h"
#include "child.h"
#include "filter.h"

static bool is_put;
static char *buf;
static int len;
/* The call's result, in memory that is shared with the child that makes the call. */
static long *ret;

static void make_call(void)
{
	*ret = is_put ? put(buf, len) : get(buf, len);
}

static bool wait_for_line(void)
{
	char line[16];

	puts("held");
	fflush(stdout);
	return fgets(line, sizeof(line), stdin);
}

static void call_under_tracer(void)
{
	if (ptrace(PTRACE_TRACEME, 0, 0, 0) || raise(SIGSTOP))
		_exit(1);
	make_call();
	_exit(0);
}

static bool is_at_entry(pid_t child)
{
	struct __ptrace_syscall_info info;

	return ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info) > 0 &&
	       info.op == PTRACE_SYSCALL_INFO_ENTRY &&
	       info.entry.nr == (unsigned long)(is_put ? put_nr : get_nr);
}

/* Continues to the entry of the call; raise() may make others before it. */
static bool run_to_entry(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL))
		return false;
	for (int i = 0; i < 20; i++) {
		if (ptrace(PTRACE_SYSCALL, child, 0, 0) ||
		    waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
			return false;
		if (is_at_entry(child))
			return true;
	}
	return false;
}

static bool hold_by_tracer(void)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		call_under_tracer();
	return run_to_entry(child) && wait_for_line() &&
	       !ptrace(PTRACE_DETACH, child, 0, 0) &&
	       waitpid(child, &status, 0) == child && !status;
}

/* The filter's file descriptor; 0 until the thread has made it. */
static int listener;

static void *call_under_listener(void *unused)
{
	(void)unused;
	__atomic_store_n(&listener, filter_call(SECCOMP_FILTER_FLAG_NEW_LISTENER,
						is_put ? put_nr : get_nr, len,
						SECCOMP_RET_USER_NOTIF), __ATOMIC_RELEASE);
	make_call();
	return NULL;
}

static bool receive_call(struct seccomp_notif *notification)
{
	struct pollfd pollfd = { .events = POLLIN };

	do {
		sched_yield();
		pollfd.fd = __atomic_load_n(&listener, __ATOMIC_ACQUIRE);
	} while (!pollfd.fd);
	return pollfd.fd > 0 && poll(&pollfd, 1, 60 * 1000) == 1 &&
	       !ioctl(pollfd.fd, SECCOMP_IOCTL_NOTIF_RECV, notification);
}

static bool hold_by_listener(void)
{
	struct seccomp_notif notification = {};
	struct seccomp_notif_resp answer = { .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
	pthread_t thread;

	if (pthread_create(&thread, NULL, call_under_listener, NULL) ||
	    !receive_call(&notification) || !wait_for_line())
		return false;
	answer.id = notification.id;
	return !ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) &&
	       !pthread_join(thread, NULL);
}

static bool is_one_of(const char *word, const char *one, const char *other)
{
	return !strcmp(word, one) || !strcmp(word, other);
}

int main(int argc, char **argv)
{
	if (argc != 4 || !is_one_of(argv[1], "ptrace", "listener") ||
	    !is_one_of(argv[2], "put", "get")) {
		fputs("usage: held ptrace|listener put|get TEXT\n", stderr);
		return 2;
	}
	is_put = !strcmp(argv[2], "put");
	buf = argv[3];
	len = strlen(buf) + 1;
	ret = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ret == MAP_FAILED)
		return 1;
	if (!(argv[1][0] == 'p' ? hold_by_tracer() : hold_by_listener())) {
		puts("cannot hold the call");
		return 1;
	}
	print_reply(*ret);
	return 0;
}

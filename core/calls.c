// SPDX-License-Identifier: GPL-2.0
/*
 * The two system calls: they read and check the arguments and call the caller's box. The
 * contract is in uapi/linux/dm510_msgbox.h.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/ptrace.h>

#include "../hook/syscall_hook.h"
#include "access.h"
#include "boxes.h"
#include "calls.h"
#include "failures.h"
#include "msgbox.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/* Programs do not map the page at address 0 (vm.mmap_min_addr), so these are no addresses. */
#define MAX_DESCRIPTOR	4095

/* The arguments of the C prototype (char *buf, int len). */
static char __user *buf_argument(const struct pt_regs *regs)
{
	return (char __user *)syscall_hook_argument(regs, 0);
}

static int len_argument(const struct pt_regs *regs)
{
	return (int)syscall_hook_argument(regs, 1);
}

/*
 * C libraries newer than the kernel call fchmodat2 at 452 and fall back only on ENOSYS.
 * The first argument of that call is a file descriptor or AT_FDCWD. It is an int in a
 * 64-bit register: glibc zero-extends it (0xffffff9c for AT_FDCWD), other libraries
 * sign-extend it. No program has a buffer at such an address.
 */
static bool is_file_descriptor(const char __user *buf)
{
	unsigned long word = (unsigned long)buf;
	int fd = (int)word;

	if (likely(fd < -MAX_DESCRIPTOR || fd > MAX_DESCRIPTOR) || !buf)
		return false;
	return word == (unsigned int)fd || word == (long)fd;
}

/* The common case: everyone may use the box, and it is that of the initial namespace. */
static __always_inline bool is_common_case(void)
{
	return likely(access_for_everyone() && in_initial_namespace());
}

/* Any other case. A message that is too long does not make a box. */
static noinline long put_slowpath(const char __user *buf, size_t len)
{
	struct msgbox *box = msgbox_of_caller();

	if (!access_allowed(ACCESS_PUT))
		return -EACCES;
	if (!box && len > READ_ONCE(msgbox_limits.max_message_bytes))
		return -EMSGSIZE;
	if (!box)
		box = msgbox_make(current->nsproxy->ipc_ns);
	return box ? msgbox_put(box, buf, len) : -EADDRNOTAVAIL;
}

static long do_msgbox_put(const struct pt_regs *regs)
{
	const char __user *buf = buf_argument(regs);
	int len = len_argument(regs);

	if (is_file_descriptor(buf))
		return -ENOSYS;
	if (!buf || len < 0)
		return -EINVAL;
	if (is_common_case())
		return msgbox_put(initial_box, buf, len);
	return put_slowpath(buf, len);
}

/* Takes no argument, so that a call need not keep any for it. */
static noinline void trace_put(long ret)
{
	trace_dm510_msgbox_put(len_argument(current_pt_regs()), ret,
			       msgbox_count(msgbox_of_caller()), false);
}

/* Not inlined, for the same reason. */
static noinline void count_failure(enum msgbox_call call, long ret)
{
	failure_inc(msgbox_of_caller(), call, ret);
}

static long sys_msgbox_put(const struct pt_regs *regs)
{
	long ret = do_msgbox_put(regs);

	if (unlikely(ret < 0))
		count_failure(MSGBOX_PUT, ret);
	if (trace_dm510_msgbox_put_enabled())
		trace_put(ret);
	return ret;
}

static noinline long get_slowpath(char __user *buf, size_t len)
{
	struct msgbox *box = msgbox_of_caller();

	if (!access_allowed(ACCESS_GET))
		return -EACCES;
	return box ? msgbox_get(box, buf, len) : -ENODATA;
}

static long do_msgbox_get(const struct pt_regs *regs)
{
	char __user *buf = buf_argument(regs);
	int len = len_argument(regs);

	if (!buf || len < 0)
		return -EINVAL;
	if (is_common_case())
		return msgbox_get(initial_box, buf, len);
	return get_slowpath(buf, len);
}

static noinline void trace_get(long ret)
{
	trace_dm510_msgbox_get(len_argument(current_pt_regs()), ret,
			       msgbox_count(msgbox_of_caller()), false);
}

static long sys_msgbox_get(const struct pt_regs *regs)
{
	long ret = do_msgbox_get(regs);

	if (unlikely(ret < 0))
		count_failure(MSGBOX_GET, ret);
	if (trace_dm510_msgbox_get_enabled())
		trace_get(ret);
	return ret;
}

/**
 * msgbox_calls_install() - add the two system calls
 * @put_nr: the system call number of put
 * @get_nr: the system call number of get
 *
 * The boxes must live until msgbox_calls_remove().
 *
 * Context: Process context. May sleep.
 *
 * Return: 0, or an error of syscall_hook_install().
 */
int msgbox_calls_install(unsigned int put_nr, unsigned int get_nr)
{
	const struct syscall_hook calls[] = {
		{ put_nr, sys_msgbox_put },
		{ get_nr, sys_msgbox_get },
	};

	return syscall_hook_install(calls, ARRAY_SIZE(calls));
}

/**
 * msgbox_calls_remove() - remove the two system calls
 *
 * When it returns, no call uses a box any more.
 *
 * Context: Process context. May sleep.
 */
void msgbox_calls_remove(void)
{
	syscall_hook_remove();
}

// SPDX-License-Identifier: GPL-2.0
/*
 * The two system calls: they read and check the arguments and call the box. The contract
 * is in uapi/linux/dm510_msgbox.h.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/ptrace.h>

#include "../hook/syscall_hook.h"
#include "calls.h"
#include "failures.h"
#include "msgbox.h"

/* The page at address 0 is never mapped, so these numbers cannot be addresses. */
#define MAX_DESCRIPTOR	4095

/* The box that all processes share. Set before the calls are installed. */
static struct msgbox *the_box;

/* The arguments of the C prototype (char *buf, int len). */
static char __user *buf_argument(const struct pt_regs *regs)
{
	return (char __user *)regs->di;
}

static int len_argument(const struct pt_regs *regs)
{
	return (int)regs->si;
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

static long do_msgbox_put(const struct pt_regs *regs)
{
	const char __user *buf = buf_argument(regs);
	int len = len_argument(regs);

	if (is_file_descriptor(buf))
		return -ENOSYS;
	if (!buf || len < 0)
		return -EINVAL;
	return msgbox_put(the_box, buf, len);
}

static long sys_msgbox_put(const struct pt_regs *regs)
{
	long ret = do_msgbox_put(regs);

	if (unlikely(ret < 0))
		failure_inc(MSGBOX_PUT, ret);
	return ret;
}

static long do_msgbox_get(const struct pt_regs *regs)
{
	char __user *buf = buf_argument(regs);
	int len = len_argument(regs);

	if (!buf || len < 0)
		return -EINVAL;
	return msgbox_get(the_box, buf, len);
}

static long sys_msgbox_get(const struct pt_regs *regs)
{
	long ret = do_msgbox_get(regs);

	if (unlikely(ret < 0))
		failure_inc(MSGBOX_GET, ret);
	return ret;
}

/**
 * msgbox_calls_install() - add the two system calls
 * @box: the box that all processes share; must live until msgbox_calls_remove()
 * @put_nr: the system call number of put
 * @get_nr: the system call number of get
 *
 * Context: Process context. May sleep.
 *
 * Return: 0, or an error of syscall_hook_install().
 */
int msgbox_calls_install(struct msgbox *box, unsigned int put_nr, unsigned int get_nr)
{
	const struct syscall_hook calls[] = {
		{ put_nr, sys_msgbox_put },
		{ get_nr, sys_msgbox_get },
	};

	the_box = box;
	return syscall_hook_install(calls, ARRAY_SIZE(calls));
}

/**
 * msgbox_calls_remove() - remove the two system calls
 *
 * When it returns, no call uses the box any more.
 *
 * Context: Process context. May sleep.
 */
void msgbox_calls_remove(void)
{
	syscall_hook_remove();
	the_box = NULL;
}

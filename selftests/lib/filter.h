/* SPDX-License-Identifier: GPL-2.0 */
/* A seccomp filter with one action for one call; it allows all other calls. */
#ifndef SELFTESTS_FILTER_H
#define SELFTESTS_FILTER_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kselftest.h"

/*
 * Filters this thread's calls from now on: a call with this number and this length
 * as second argument gets this action. Returns the listener's file descriptor with
 * SECCOMP_FILTER_FLAG_NEW_LISTENER, else 0; -1 on failure.
 */
static inline int filter_call(unsigned int flags, unsigned int nr, unsigned int len,
			      unsigned int action)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, len, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog fprog = {
		.len = ARRAY_SIZE(program),
		.filter = program,
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &fprog);
}

#endif

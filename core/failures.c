// SPDX-License-Identifier: GPL-2.0
/*
 * How often each call has failed, by error. ENOSYS is not counted: it is returned to
 * programs that mean another system call, or while the module is being unloaded.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/percpu.h>

#include "failures.h"

static const int counted_errors[] = {
	EINVAL, ENODATA, EMSGSIZE, EAGAIN, EADDRNOTAVAIL, EFAULT,
};

struct failures {
	unsigned long count[MSGBOX_GET + 1][ARRAY_SIZE(counted_errors)];
};

static DEFINE_PER_CPU(struct failures, failures);

/* Returns ARRAY_SIZE(counted_errors) for an error that is not counted. */
static unsigned int failure_index(int err)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(counted_errors); i++)
		if (counted_errors[i] == -err)
			break;
	return i;
}

/**
 * failure_inc() - count a failed call
 * @call: which call
 * @err: its error, a negative errno
 *
 * Context: Any.
 */
void failure_inc(enum msgbox_call call, int err)
{
	unsigned int i = failure_index(err);

	if (i < ARRAY_SIZE(counted_errors))
		this_cpu_inc(failures.count[call][i]);
}

/**
 * failure_sum() - read how often a call has failed with one error
 * @call: which call
 * @err: the error, a negative errno
 *
 * Context: Any. The sum is exact if no call is in progress.
 *
 * Return: the number of failures since the module was loaded.
 */
unsigned long failure_sum(enum msgbox_call call, int err)
{
	unsigned int i = failure_index(err);
	unsigned long sum = 0;
	int cpu;

	if (i == ARRAY_SIZE(counted_errors))
		return 0;
	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(&failures, cpu)->count[call][i]);
	return sum;
}

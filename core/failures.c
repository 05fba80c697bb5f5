// SPDX-License-Identifier: GPL-2.0
/*
 * How often each call has failed, by error. ENOSYS is not among them: it answers
 * a call of another kernel's, or one that comes while the module is unloaded.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/percpu.h>

#include "failures.h"

static const int errors[] = {
	EINVAL, ENODATA, EMSGSIZE, EAGAIN, EADDRNOTAVAIL, EFAULT,
};

struct failures {
	unsigned long count[MSGBOX_GET + 1][ARRAY_SIZE(errors)];
};

static DEFINE_PER_CPU(struct failures, failures);

/* ARRAY_SIZE(errors) for an error that is not counted. */
static unsigned int index_of(int err)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i] == -err)
			break;
	return i;
}

/**
 * failures_count() - count a call that has failed
 * @call: which call
 * @err: its result, negative
 *
 * Context: Any.
 */
void failures_count(enum msgbox_call call, int err)
{
	unsigned int i = index_of(err);

	if (i < ARRAY_SIZE(errors))
		this_cpu_inc(failures.count[call][i]);
}

/**
 * failures_read() - how often has a call failed so, since the module was loaded
 * @call: which call
 * @err: its result, negative
 *
 * Context: Any. Exact if no call is under way.
 *
 * Return: how often.
 */
unsigned long failures_read(enum msgbox_call call, int err)
{
	unsigned int i = index_of(err);
	unsigned long sum = 0;
	int cpu;

	if (i == ARRAY_SIZE(errors))
		return 0;
	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(&failures, cpu)->count[call][i]);
	return sum;
}

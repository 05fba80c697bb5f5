// SPDX-License-Identifier: GPL-2.0
/*
 * How often each call has failed, by box and by error. ENOSYS is not counted: it is
 * returned to programs that mean another system call, or while the module is being
 * unloaded. Neither is a wait that a signal ends.
 */
#include <linux/errno.h>
#include <linux/kernel.h>

#include "failures.h"
#include "internal.h"

static const int counted_errors[] = {
	EINVAL, EACCES, ENODATA, EMSGSIZE, EAGAIN, EADDRNOTAVAIL, EFAULT,
};

static_assert(ARRAY_SIZE(counted_errors) == COUNTED_ERRORS);

/* Returns the counter of a failure, or NULL if it is not counted. */
static atomic_long_t *find_counter(struct msgbox *box, enum msgbox_call call, int err)
{
	unsigned int i;

	for (i = 0; i < COUNTED_ERRORS; i++)
		if (counted_errors[i] == -err)
			return &box->failures.count[call * COUNTED_ERRORS + i];
	return NULL;
}

/**
 * failure_inc() - count a failed call
 * @box: the box of the call, or NULL if the caller's namespace has none
 * @call: which call
 * @err: its error, a negative errno
 *
 * Context: Any.
 */
void failure_inc(struct msgbox *box, enum msgbox_call call, int err)
{
	atomic_long_t *counter = box ? find_counter(box, call, err) : NULL;

	if (counter)
		atomic_long_inc(counter);	/* only added up: needs no order */
}

/**
 * failure_count() - read how often a call has failed with one error
 * @box: the box, or NULL
 * @call: which call
 * @err: the error, a negative errno
 *
 * Context: Any.
 *
 * Return: the number of failures since the box was made; 0 without a box.
 */
unsigned long failure_count(struct msgbox *box, enum msgbox_call call, int err)
{
	atomic_long_t *counter = box ? find_counter(box, call, err) : NULL;

	return counter ? atomic_long_read(counter) : 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * A call that sleeps until its caller's page arrives may sleep for ever
 * (userfaultfd, a dead FUSE server). So whoever sleeps here holds no lock and
 * holds the module instead: rmmod then says "in use" rather than waiting with
 * it. All that can be done without sleeping is tried without that.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/uaccess.h>

#include "user_memory.h"

/**
 * user_memory_read() - copy from the caller's memory
 * @to: kernel memory
 * @from: the caller's memory
 * @len: how many bytes
 *
 * Context: Process context, no lock held. May sleep.
 *
 * Return: 0, -EFAULT if not every byte can be read, or -ENOSYS if the caller
 * would have to sleep in a module that is already on its way out.
 */
int user_memory_read(void *to, const char __user *from, size_t len)
{
	unsigned long missing;

	if (!copy_from_user_nofault(to, from, len))
		return 0;

	if (!try_module_get(THIS_MODULE))
		return -ENOSYS;
	missing = copy_from_user(to, from, len);
	module_put(THIS_MODULE);

	return missing ? -EFAULT : 0;
}

/*
 * A compare-and-exchange of a byte asks for the right to write it and leaves
 * it as it was, even where another thread writes it at the same time.
 */
static bool writable_without_fault(char __user *byte)
{
	u8 expected = 0;

	return __try_cmpxchg_user((u8 __user *)byte, &expected, 0, fault) >= 0;
}

static bool all_writable_without_fault(char __user *to, size_t len)
{
	char __user *end = to + len;

	if (!access_ok(to, len))
		return false;

	while (to < end) {
		if (!writable_without_fault(to))
			return false;
		to = (char __user *)(((unsigned long)to & PAGE_MASK) + PAGE_SIZE);
	}
	return true;
}

/**
 * user_memory_write_atomic() - copy to the caller's memory without sleeping
 * @to: the caller's memory
 * @from: kernel memory
 * @len: how many bytes
 *
 * Nothing is written before every page has been seen to be there: a caller
 * that must try again, and may then find another message on top or none, has
 * not got parts of this one. (Unless its own threads unmap or protect the
 * pages in this very moment.)
 *
 * Context: Any. Does not sleep.
 *
 * Return: 0, or -EFAULT if a page is not there now: user_memory_fault_in()
 * tells whether it can be.
 */
int user_memory_write_atomic(char __user *to, const void *from, size_t len)
{
	int err = -EFAULT;

	pagefault_disable();
	if (all_writable_without_fault(to, len))
		err = copy_to_user_nofault(to, from, len);
	pagefault_enable();

	return err;
}

/**
 * user_memory_fault_in() - bring in the caller's memory, to write to it
 * @to: the caller's memory
 * @len: how many bytes
 *
 * Writes nothing there. The pages may be gone again on return.
 *
 * Context: Process context, no lock held. May sleep; a fatal signal ends it.
 *
 * Return: 0, -EFAULT if not every byte can be written, or -ENOSYS if the
 * caller would have to sleep in a module that is already on its way out.
 */
int user_memory_fault_in(char __user *to, size_t len)
{
	size_t missing;

	if (!access_ok(to, len))
		return -EFAULT;

	if (!try_module_get(THIS_MODULE))
		return -ENOSYS;
	missing = fault_in_safe_writeable(to, len);
	module_put(THIS_MODULE);

	return missing ? -EFAULT : 0;
}

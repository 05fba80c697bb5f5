// SPDX-License-Identifier: GPL-2.0
#include <linux/errno.h>
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "user_memory.h"

static inline char __user *next_page(char __user *address)
{
	return (char __user *)(((unsigned long)address & PAGE_MASK) + PAGE_SIZE);
}

/**
 * user_memory_writable_nofault() - are all these pages there, to be written?
 * @to: the caller's memory; access_ok() has been asked
 * @len: how many bytes
 *
 * A compare-and-exchange of a byte asks for the right to write it and leaves
 * it as it was, even where another thread writes it at the same time.
 *
 * Context: Page faults disabled. Does not sleep.
 *
 * Return: whether they are, and stay so unless the caller's own threads, or a
 * lack of memory, take them away in this very moment.
 */
bool user_memory_writable_nofault(char __user *to, size_t len)
{
	char __user *end = to + len;

	while (to < end) {
		u8 expected = 0;

		if (__try_cmpxchg_user((u8 __user *)to, &expected, 0, fault) < 0)
			return false;
		to = next_page(to);
	}
	return true;
}

/**
 * user_memory_fault_in_readable() - bring in the caller's memory, to read it
 * @from: the caller's memory
 * @len: how many bytes
 *
 * The pages may be gone again on return.
 *
 * Context: Process context, no lock held. May sleep; a fatal signal ends it.
 *
 * Return: 0, -EFAULT if not every byte can be read, or -ENOSYS if the caller
 * would have to sleep in a module that is already on its way out.
 */
int user_memory_fault_in_readable(const char __user *from, size_t len)
{
	size_t missing;

	if (!try_module_get(THIS_MODULE))
		return -ENOSYS;
	missing = fault_in_readable(from, len);
	module_put(THIS_MODULE);

	return missing || fatal_signal_pending(current) ? -EFAULT : 0;
}

/**
 * user_memory_fault_in_writable() - bring in the caller's memory, to write it
 * @to: the caller's memory
 * @len: how many bytes
 *
 * Writes nothing there. The pages may be gone again on return.
 *
 * Context: Process context, no lock held. May sleep; a fatal signal ends it.
 *
 * Return: as user_memory_fault_in_readable().
 */
int user_memory_fault_in_writable(char __user *to, size_t len)
{
	char __user *end = to + len;
	size_t missing = 0;

	if (!access_ok(to, len))
		return -EFAULT;
	if (!try_module_get(THIS_MODULE))
		return -ENOSYS;
	/*
	 * Page by page: before 8c03ebd7cdc0 ("mm/gup: Fix wrongly calculated returned
	 * value in fault_in_safe_writeable()", 6.15 and stable) only what it says of
	 * the first page is true.
	 */
	while (to < end && !missing) {
		missing = fault_in_safe_writeable(to, 1);
		to = next_page(to);
	}
	module_put(THIS_MODULE);

	return missing || fatal_signal_pending(current) ? -EFAULT : 0;
}

/**
 * user_memory_read() - copy from the caller's memory
 * @to: kernel memory
 * @from: the caller's memory
 * @len: how many bytes
 *
 * Context: Process context, no lock held. May sleep; a fatal signal ends it.
 *
 * Return: as user_memory_fault_in_readable().
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

static bool is_there(char __user *to, size_t len)
{
	bool there;

	pagefault_disable();
	there = access_ok(to, len) && user_memory_writable_nofault(to, len);
	pagefault_enable();
	return there;
}

/* How many of the pages have been pinned, or an error. */
static int pin(struct page **page, char __user *to, size_t len, unsigned int count)
{
	unsigned long start = (unsigned long)to & PAGE_MASK;
	bool held = try_module_get(THIS_MODULE);
	int pinned;

	if (held) {
		pinned = pin_user_pages_fast(start, count, FOLL_WRITE, page);
		module_put(THIS_MODULE);
		return pinned;
	}
	/* The module is going, and waits for this call: no page may be waited for. */
	if (!is_there(to, len))
		return -ENOSYS;
	return pin_user_pages_fast(start, count, FOLL_WRITE | FOLL_NOFAULT, page);
}

/**
 * user_pages_pin() - make sure that the caller's memory can be written
 * @pages: what user_pages_write() needs; as user_pages_init() or
 *         user_pages_unpin() has left it
 * @to: the caller's memory
 * @len: how many bytes; not 0
 *
 * Context: Process context, no lock held. May sleep; a fatal signal ends it.
 *
 * Return: 0, -EFAULT if not every byte can be written, -EADDRNOTAVAIL if
 * there is no kernel memory, or -ENOSYS as user_memory_fault_in_readable().
 */
int user_pages_pin(struct user_pages *pages, char __user *to, size_t len)
{
	unsigned int count;
	int pinned;

	pages->offset = offset_in_page(to);
	count = PFN_UP(pages->offset + len);
	if (count > ARRAY_SIZE(pages->few)) {
		pages->page = kvmalloc_array(count, sizeof(*pages->page),
					     GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL |
					     __GFP_NOWARN);
		if (!pages->page) {
			user_pages_init(pages);
			return -EADDRNOTAVAIL;
		}
	}

	pinned = pin(pages->page, to, len, count);
	pages->count = max(pinned, 0);
	if (pinned == count) {
		pages->len = len;
		return 0;
	}

	user_pages_unpin(pages, false);
	return pinned == -ENOSYS ? -ENOSYS : -EFAULT;
}

/**
 * user_pages_write() - copy to the caller's pinned memory
 * @pages: as user_pages_pin() has left it
 * @from: kernel memory
 * @len: how many bytes; at most @pages->len
 *
 * Context: Process context, no lock held. Cannot fail.
 */
void user_pages_write(struct user_pages *pages, const void *from, size_t len)
{
	unsigned int offset = pages->offset;
	struct page **page = pages->page;

	while (len) {
		size_t part = min_t(size_t, len, PAGE_SIZE - offset);
		void *to = kmap_local_page(*page++);

		memcpy(to + offset, from, part);
		kunmap_local(to);
		cond_resched();
		from += part;
		len -= part;
		offset = 0;
	}
}

/**
 * user_pages_unpin() - undo user_pages_pin()
 * @pages: as user_pages_init() or user_pages_pin() has left it
 * @written: whether user_pages_write() has been called
 *
 * Context: Process context. May sleep.
 */
void user_pages_unpin(struct user_pages *pages, bool written)
{
	/* Marking them dirty waits for whoever has one locked: a file system, too. */
	bool held = try_module_get(THIS_MODULE);

	unpin_user_pages_dirty_lock(pages->page, pages->count, written);
	if (held)
		module_put(THIS_MODULE);
	if (pages->page != pages->few)
		kvfree(pages->page);
	user_pages_init(pages);
}

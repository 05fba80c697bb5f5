// SPDX-License-Identifier: GPL-2.0
#include <linux/errno.h>
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "user_memory.h"

static inline char __user *next_page(char __user *address)
{
	return (char __user *)(((unsigned long)address & PAGE_MASK) + PAGE_SIZE);
}

/*
 * May this byte be written? A compare-and-exchange asks for the right to write it
 * and leaves it as it was, even where another thread writes it at the same time.
 */
static inline bool is_writable(char __user *to)
{
	u8 expected = 0;

	return __try_cmpxchg_user((u8 __user *)to, &expected, 0, fault) >= 0;
}

/**
 * user_memory_writable_nofault() - are all these pages there, to be written?
 * @to: the caller's memory; access_ok() has been asked
 * @len: how many bytes
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
		if (!is_writable(to))
			return false;
		to = next_page(to);
	}
	return true;
}

static bool is_there(char __user *to, size_t len)
{
	bool there;

	pagefault_disable();
	there = user_memory_writable_nofault(to, len);
	pagefault_enable();
	return there;
}

/*
 * Sleep until a page that somebody else provides is there (userfaultfd, FUSE).
 * The access that comes next would sleep, too, but not while a signal with a
 * handler is pending: the kernel repeats a fault of its own until the signal has
 * been handled, and computes all the while. Here only a fatal signal ends the
 * sleep. Whether the page can be used is for that access to tell: this function
 * does not grow stacks, and believes that shadow stacks can be written.
 */
static void await_page(const char __user *address, unsigned int flags)
{
	struct mm_struct *mm = current->mm;
	bool unlocked;

	if (mmap_read_lock_killable(mm))
		return;
	/* fixup_user_fault() would put a call trace into the log below a stack (6.5). */
	if (vma_lookup(mm, untagged_addr((unsigned long)address)))
		fixup_user_fault(mm, (unsigned long)address, flags, &unlocked);
	mmap_read_unlock(mm);
}

/* Bring in the page of this byte, with the access that the next attempt makes. */
static int fault_in_writable(char __user *to)
{
	if (is_there(to, 1))
		return 0;
	await_page(to, FAULT_FLAG_WRITE);
	cond_resched();
	return !fatal_signal_pending(current) && is_writable(to) ? 0 : -EFAULT;
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
 * Return: 0, -EFAULT if not every page can be written, or -ENOSYS if the caller
 * would have to sleep in a module that is already on its way out.
 */
int user_memory_fault_in_writable(char __user *to, size_t len)
{
	char __user *end = to + len;
	int err = 0;

	if (!access_ok(to, len))
		return -EFAULT;
	if (is_there(to, len))
		return 0;

	if (!try_module_get(THIS_MODULE))
		return -ENOSYS;
	while (to < end && !err) {
		err = fault_in_writable(to);
		to = next_page(to);
	}
	module_put(THIS_MODULE);
	return err;
}

/* Page by page, bringing in what is missing; the copy itself is what decides. */
static int read_slowly(void *to, const char __user *from, size_t len)
{
	while (len) {
		size_t part = min_t(size_t, len, PAGE_SIZE - offset_in_page(from));

		if (copy_from_user_nofault(to, from, part)) {
			await_page(from, 0);
			if (fatal_signal_pending(current) || copy_from_user(to, from, part))
				return -EFAULT;
		}
		cond_resched();
		to += part;
		from += part;
		len -= part;
	}
	return 0;
}

/**
 * user_memory_read() - copy from the caller's memory
 * @to: kernel memory
 * @from: the caller's memory
 * @len: how many bytes
 *
 * Context: Process context, no lock held. May sleep; a fatal signal ends it.
 *
 * Return: 0, -EFAULT if not every byte can be read, or -ENOSYS as
 * user_memory_fault_in_writable().
 */
int user_memory_read(void *to, const char __user *from, size_t len)
{
	int err;

	/* In parts, so that a long message does not keep others from running. */
	while (len) {
		size_t part = min_t(size_t, len, SZ_256K);

		if (copy_from_user_nofault(to, from, part))
			break;
		cond_resched();
		to += part;
		from += part;
		len -= part;
	}
	if (!len)
		return 0;

	if (!try_module_get(THIS_MODULE))
		return -ENOSYS;
	err = read_slowly(to, from, len);
	module_put(THIS_MODULE);
	return err;
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

static unsigned int count_pages(const char __user *to, size_t len)
{
	return PFN_UP(offset_in_page(to) + len);
}

/**
 * user_pages_alloc() - make room for what user_pages_pin() finds
 * @pages: as user_pages_init() or user_pages_unpin() has left it
 * @to: the caller's memory
 * @len: how many bytes; not 0
 *
 * By itself, as a lack of kernel memory comes before bad memory of the caller.
 *
 * Context: Process context, no lock held. May sleep.
 *
 * Return: 0, or -EADDRNOTAVAIL if there is no kernel memory.
 */
int user_pages_alloc(struct user_pages *pages, const char __user *to, size_t len)
{
	unsigned int count = count_pages(to, len);

	if (count > ARRAY_SIZE(pages->few)) {
		pages->page = kvmalloc_array(count, sizeof(*pages->page),
					     GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL |
					     __GFP_NOWARN);
		if (!pages->page) {
			user_pages_init(pages);
			return -EADDRNOTAVAIL;
		}
	}
	return 0;
}

/**
 * user_pages_pin() - make sure that the caller's memory can be written
 * @pages: what user_pages_write() needs; user_pages_alloc() has returned 0
 * @to: the caller's memory; user_memory_fault_in_writable() has returned 0
 * @len: how many bytes; not 0
 *
 * Context: Process context, no lock held. May sleep; a fatal signal ends it.
 *
 * Return: 0, -EFAULT if not every page can be pinned, or -ENOSYS as
 * user_memory_fault_in_writable().
 */
int user_pages_pin(struct user_pages *pages, char __user *to, size_t len)
{
	unsigned int count = count_pages(to, len);
	int pinned = pin(pages->page, to, len, count);

	pages->offset = offset_in_page(to);
	pages->count = max(pinned, 0);
	if (pinned == count) {
		pages->len = len;
		return 0;
	}

	user_pages_unpin(pages);
	return pinned == -ENOSYS ? -ENOSYS : -EFAULT;
}

/**
 * user_pages_write_atomic() - copy to the caller's pinned memory
 * @pages: as user_pages_pin() has left it
 * @from: kernel memory
 * @len: how many bytes; with those that have been written, at most @pages->len
 *
 * Goes on where the last write ended.
 *
 * Context: Any. Cannot fail.
 */
void user_pages_write_atomic(struct user_pages *pages, const void *from, size_t len)
{
	while (len) {
		size_t at = pages->offset + pages->written;
		size_t part = min_t(size_t, len, PAGE_SIZE - offset_in_page(at));
		void *to = kmap_local_page(pages->page[at >> PAGE_SHIFT]);

		memcpy(to + offset_in_page(at), from, part);
		kunmap_local(to);
		pages->written += part;
		from += part;
		len -= part;
	}
}

/**
 * user_pages_write() - the same for many bytes
 * @pages: as user_pages_pin() has left it
 * @from: kernel memory
 * @len: how many bytes; at most @pages->len
 *
 * Context: Process context, no lock held. Lets others run. Cannot fail.
 */
void user_pages_write(struct user_pages *pages, const void *from, size_t len)
{
	while (len) {
		size_t part = min_t(size_t, len, SZ_64K);

		user_pages_write_atomic(pages, from, part);
		cond_resched();
		from += part;
		len -= part;
	}
}

/**
 * user_pages_unpin() - undo user_pages_alloc() and user_pages_pin()
 * @pages: as user_pages_init() or one of these has left it
 *
 * Only pages that have been written are marked dirty.
 *
 * Context: Process context. May sleep.
 */
void user_pages_unpin(struct user_pages *pages)
{
	unsigned int dirty = pages->written ? PFN_UP(pages->offset + pages->written) : 0;
	bool held;

	if (!pages->count)
		goto free;
	/* Marking them dirty waits for whoever has one locked: a file system, too. */
	held = try_module_get(THIS_MODULE);
	unpin_user_pages_dirty_lock(pages->page, dirty, true);
	unpin_user_pages(pages->page + dirty, pages->count - dirty);
	if (held)
		module_put(THIS_MODULE);
free:
	if (pages->page != pages->few)
		kvfree(pages->page);
	user_pages_init(pages);
}

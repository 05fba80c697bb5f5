// SPDX-License-Identifier: GPL-2.0
#include <linux/cacheflush.h>
#include <linux/errno.h>
#include <linux/highmem.h>
#include <linux/instrumented.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "user_memory.h"

static inline char __user *next_page(char __user *address)
{
	return (char __user *)(((unsigned long)address & PAGE_MASK) + PAGE_SIZE);
}

/**
 * user_memory_writable_nofault() - check that the pages are present and writable
 * @to: the caller's memory; access_ok() has been checked
 * @len: its length in bytes
 *
 * Context: Page faults disabled. Does not sleep.
 *
 * Return: whether all pages are, and their tags allow it. They can be unmapped at any
 * time, by threads of the caller or by memory reclaim.
 */
bool user_memory_writable_nofault(char __user *to, size_t len)
{
	char __user *end = to + len, *at;

	for (at = to; at < end; at = next_page(at))
		if (!byte_is_writable(at))
			return false;
	return memory_tags_match(to, len);
}

/**
 * user_memory_is_writable() - user_memory_writable_nofault() with page faults enabled
 * @to: the caller's memory
 * @len: its length in bytes
 *
 * Context: Process context, no lock held. Lets other tasks run.
 *
 * Return: whether all pages are present and writable.
 */
bool user_memory_is_writable(char __user *to, size_t len)
{
	bool writable = true;

	if (!access_ok(to, len))
		return !len;
	while (len && writable) {
		size_t part = min_t(size_t, len, SZ_256K);

		pagefault_disable();
		writable = user_memory_writable_nofault(to, part);
		pagefault_enable();
		cond_resched();
		to += part;
		len -= part;
	}
	return writable;
}

/*
 * Sleep until a page that another process provides is present (userfaultfd, FUSE).
 * The access that follows would also sleep, but not while a signal with a handler is
 * pending: then the kernel repeats a page fault of kernel code in a busy loop until the
 * signal has been handled. The sleep here ends only with a fatal signal.
 *
 * Only the access that follows tells whether the page can be used: this function does
 * not grow stacks. But that access must not be made to write to a shadow stack: on arm64
 * it is a page fault that the kernel repeats for ever. (A thread that puts one there in
 * between harms its own process alone, as it can with read(2).) Returns false for such a
 * page, or if the caller is killed.
 */
static bool wait_for_page(const char __user *address, unsigned int flags)
{
	unsigned long at = untagged_addr((unsigned long)address);
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	bool unlocked, usable;

	if (mmap_read_lock_killable(mm))
		return false;
	/* Below a stack, fixup_user_fault() would log a call trace (since 6.5). */
	if (vma_lookup(mm, at))
		fixup_user_fault(mm, (unsigned long)address, flags, &unlocked);
	/* Not before: the lock may have been dropped. */
	vma = vma_lookup(mm, at);
	usable = !(flags & FAULT_FLAG_WRITE) || !vma || !is_shadow_stack(vma);
	mmap_read_unlock(mm);
	return usable;
}

/*
 * Fault in these bytes of a page, with the kind of access that the copy makes. Where that
 * does not tell whether they can be written (-EAGAIN), the copy will, or pinning the page.
 */
static int fault_in_page_writable(char __user *to, size_t len)
{
	if (user_memory_is_writable(to, len))
		return 0;
	if (!wait_for_page(to, FAULT_FLAG_WRITE))
		return -EFAULT;
	cond_resched();
	if (fatal_signal_pending(current) || byte_write_error(to) == -EFAULT)
		return -EFAULT;
	return memory_tags_match(to, len) ? 0 : -EFAULT;
}

/**
 * user_memory_fault_in_writable() - fault in the caller's memory for writing
 * @to: the caller's memory
 * @len: its length in bytes
 *
 * Does not change the memory. The pages may be missing again on return.
 *
 * Context: Process context, no lock held. May sleep; a fatal signal ends the sleep.
 *
 * Return: 0, -EFAULT if a page cannot be written, or -ENOSYS if the caller would have
 * to sleep while the module is being unloaded.
 */
int user_memory_fault_in_writable(char __user *to, size_t len)
{
	char __user *end = to + len, *next;
	int err = 0;

	if (!access_ok(to, len))
		return -EFAULT;
	if (!try_module_get(THIS_MODULE))
		return -ENOSYS;
	for (; to < end && !err; to = next) {
		next = next_page(to) < end ? next_page(to) : end;
		err = fault_in_page_writable(to, next - to);
	}
	module_put(THIS_MODULE);
	return err;
}

/*
 * Not copy_from_user_nofault(): it knows no pointers with a tag in the top byte (arm64), and
 * takes the pages behind them for missing. The copy itself is not instrumented.
 */
static bool read_nofault(void *to, const char __user *from, size_t len)
{
	bool done;

	if (!access_ok(from, len))
		return false;
	instrument_write(to, len);
	pagefault_disable();
	done = user_memory_read_nofault(to, from, len);
	pagefault_enable();
	return done;
}

/* Copy page by page, and fault in each page that is missing. */
static int user_memory_read_slowpath(void *to, const char __user *from, size_t len)
{
	while (len) {
		size_t part = min_t(size_t, len, PAGE_SIZE - offset_in_page(from));

		if (!read_nofault(to, from, part)) {
			wait_for_page(from, 0);
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
 * user_memory_read_present() - copy from the caller's memory, up to a missing page
 * @to: kernel memory
 * @from: the caller's memory
 * @len: how much to copy, in bytes
 *
 * Context: Process context, no lock held. Lets other tasks run.
 *
 * Return: how many bytes remain to be copied, at the end; 0 if all have been copied.
 */
size_t user_memory_read_present(void *to, const char __user *from, size_t len)
{
	/* In parts, so that other tasks can run while a long message is copied. */
	while (len) {
		size_t part = min_t(size_t, len, SZ_256K);

		if (!read_nofault(to, from, part))
			break;
		cond_resched();
		to += part;
		from += part;
		len -= part;
	}
	return len;
}

/**
 * user_memory_read() - copy from the caller's memory, and fault it in
 * @to: kernel memory
 * @from: the caller's memory
 * @len: how much to copy, in bytes
 *
 * Context: Process context, no lock held. May sleep; a fatal signal ends the sleep.
 *
 * Return: 0, -EFAULT if a byte cannot be read, or -ENOSYS as in
 * user_memory_fault_in_writable().
 */
int user_memory_read(void *to, const char __user *from, size_t len)
{
	int err;

	if (!try_module_get(THIS_MODULE))
		return -ENOSYS;
	err = user_memory_read_slowpath(to, from, len);
	module_put(THIS_MODULE);
	return err;
}

/*
 * Pin pages that were present a moment ago. Each get of a large message comes here, so no
 * reference to the module is taken. If a page has gone since, this fails, after it has waited
 * for the mmap_lock as long as others hold it. Before 6.6 (commit "mm/gup: retire
 * follow_hugetlb_page()") a page of hugetlbfs is faulted in all the same, and that sleeps if
 * the page has a userfaultfd. Meanwhile rmmod waits.
 *
 * This and pin_writable_pages() return the number of pages that are pinned now, or an error.
 */
static int pin_present_pages(struct page **page, char __user *to, unsigned int count)
{
	unsigned long start = (unsigned long)to & PAGE_MASK;

	return pin_user_pages_fast(start, count, FOLL_WRITE | FOLL_NOFAULT, page);
}

static int pin_writable_pages(struct page **page, char __user *to, size_t len, unsigned int count)
{
	unsigned long start = (unsigned long)to & PAGE_MASK;
	bool held = try_module_get(THIS_MODULE);
	int pinned;

	if (held) {
		pinned = pin_user_pages_fast(start, count, FOLL_WRITE, page);
		module_put(THIS_MODULE);
		return pinned;
	}
	/* Unloading waits for this call, so the call must not wait for a page. */
	if (!user_memory_is_writable(to, len))
		return -ENOSYS;
	return pin_present_pages(page, to, count);
}

static unsigned int count_pages(const char __user *to, size_t len)
{
	return PFN_UP(offset_in_page(to) + len);
}

/**
 * user_pages_alloc() - allocate the page array for user_pages_pin()
 * @pages: initialized by user_pages_init() or user_pages_unpin()
 * @to: the caller's memory
 * @len: its length in bytes; not 0
 *
 * A separate step, as -EADDRNOTAVAIL takes precedence over -EFAULT. Not charged to the
 * caller's memory cgroup: one that is full must be able to take its messages out.
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
					     GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
		if (!pages->page) {
			user_pages_init(pages);
			return -EADDRNOTAVAIL;
		}
	}
	return 0;
}

/* @pinned: what pin_user_pages_fast() returned. Returns whether all pages are pinned. */
static bool set_pinned(struct user_pages *pages, char __user *to, size_t len, int pinned)
{
	pages->offset = offset_in_page(to);
	pages->count = max(pinned, 0);
	if (pinned != count_pages(to, len))
		return false;
	pages->len = len;
	return true;
}

/**
 * user_pages_pin() - pin the caller's memory for writing
 * @pages: filled in; user_pages_alloc() has returned 0
 * @to: the caller's memory; user_memory_fault_in_writable() has returned 0
 * @len: its length in bytes; not 0
 *
 * Context: Process context, no lock held. May sleep; a fatal signal ends the sleep.
 *
 * Return: 0, -EFAULT if a page cannot be pinned, or -ENOSYS as in
 * user_memory_fault_in_writable().
 */
int user_pages_pin(struct user_pages *pages, char __user *to, size_t len)
{
	unsigned int count = count_pages(to, len);
	int pinned = pin_writable_pages(pages->page, to, len, count);

	if (set_pinned(pages, to, len, pinned))
		return 0;
	user_pages_unpin(pages);
	return pinned == -ENOSYS ? -ENOSYS : -EFAULT;
}

/**
 * user_pages_pin_present() - user_pages_pin() without waiting for a page
 * @pages: as for user_pages_pin(), which can be called after a failure
 * @to: the caller's memory
 * @len: its length in bytes; not 0
 *
 * Context: Process context, no lock held. May sleep as pin_present_pages().
 *
 * Return: 0, or -EFAULT if a page is missing; then none is pinned.
 */
int user_pages_pin_present(struct user_pages *pages, char __user *to, size_t len)
{
	int pinned = pin_present_pages(pages->page, to, count_pages(to, len));

	if (set_pinned(pages, to, len, pinned))
		return 0;
	unpin_user_pages(pages->page, pages->count);
	pages->count = 0;
	return -EFAULT;
}

/**
 * user_pages_write_atomic() - copy to the caller's pinned memory
 * @pages: pinned by user_pages_pin()
 * @from: kernel memory
 * @len: how much to copy, in bytes; @pages->written + @len is at most @pages->len
 *
 * Continues where the last write ended.
 *
 * Context: Any. Cannot fail.
 */
void user_pages_write_atomic(struct user_pages *pages, const void *from, size_t len)
{
	while (len) {
		size_t at = pages->offset + pages->written;
		size_t part = min_t(size_t, len, PAGE_SIZE - offset_in_page(at));
		struct page *page = pages->page[at >> PAGE_SHIFT];
		void *to = kmap_local_page(page);

		memcpy(to + offset_in_page(at), from, part);
		flush_dcache_page(page);	/* the caller may see it through another cache */
		kunmap_local(to);
		pages->written += part;
		from += part;
		len -= part;
	}
}

/**
 * user_pages_write() - copy a large message to the caller's pinned memory
 * @pages: pinned by user_pages_pin()
 * @from: kernel memory
 * @len: how much to copy, in bytes; at most @pages->len
 *
 * Context: Process context, no lock held. Lets other tasks run. Cannot fail.
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
 * @pages: initialized by user_pages_init(); allocated or pinned or neither
 *
 * Marks only those pages dirty that were written.
 *
 * Context: Process context. May sleep.
 */
void user_pages_unpin(struct user_pages *pages)
{
	unsigned int dirty = pages->written ? PFN_UP(pages->offset + pages->written) : 0;
	bool held;

	if (!pages->count)
		goto free;
	/* Marking a page dirty may wait for a file system that has locked the page. */
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

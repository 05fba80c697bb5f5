/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copies between kernel memory and the caller's memory. A page that never arrives blocks
 * only the caller that needs it.
 *
 * The functions named _nofault, and those that write to pinned pages, do not sleep and may
 * be used under a lock. The others may sleep until a page of the caller is present,
 * possibly for ever (userfaultfd, a dead FUSE server). While they sleep for a page they
 * hold a reference to the module, so that rmmod fails with "in use" instead of waiting.
 * pin_present_pages() names an exception, which needs a page that goes at a certain moment.
 */
#ifndef _DM510_USER_MEMORY_H
#define _DM510_USER_MEMORY_H

#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/types.h>
#include <linux/uaccess.h>

struct page;

/**
 * user_memory_read_nofault() - copy from the caller's memory without sleeping
 * @to: kernel memory
 * @from: the caller's memory; access_ok() has been checked
 * @len: how much to copy, in bytes
 *
 * Context: Page faults disabled.
 *
 * Return: whether all bytes could be read.
 */
static __always_inline bool
user_memory_read_nofault(void *to, const char __user *from, size_t len)
{
	return !raw_copy_from_user(to, from, len);
}

/**
 * user_memory_write_nofault() - copy to the caller's memory without sleeping
 * @to: the caller's memory; access_ok() has been checked
 * @from: kernel memory
 * @len: how much to copy, in bytes
 *
 * Context: Page faults disabled.
 *
 * Return: whether all bytes could be written.
 */
static __always_inline bool
user_memory_write_nofault(char __user *to, const void *from, size_t len)
{
	return !raw_copy_to_user(to, from, len);
}

bool user_memory_writable_nofault(char __user *to, size_t len);

bool user_memory_is_writable(char __user *to, size_t len);
int user_memory_fault_in_writable(char __user *to, size_t len);
size_t user_memory_read_present(void *to, const char __user *from, size_t len);
int user_memory_read(void *to, const char __user *from, size_t len);

/* Enough for 64 KiB at any offset in a page. */
#define USER_PAGES_FEW (SZ_64K / PAGE_SIZE + 1)

/**
 * struct user_pages - pinned memory of the caller
 * @page: the pages: an allocated array, or @few
 * @few: for short buffers, which then need no allocation
 * @count: number of pinned pages
 * @offset: where the memory begins in the first page, in bytes
 * @len: length of the memory, in bytes
 * @written: how much has been written, in bytes
 */
struct user_pages {
	struct page **page;
	struct page *few[USER_PAGES_FEW];
	unsigned int count;
	unsigned int offset;
	size_t len;
	size_t written;
};

static inline void user_pages_init(struct user_pages *pages)
{
	pages->page = pages->few;
	pages->count = 0;
	pages->len = 0;
	pages->written = 0;
}

int user_pages_alloc(struct user_pages *pages, const char __user *to, size_t len);
int user_pages_pin_present(struct user_pages *pages, char __user *to, size_t len);
int user_pages_pin(struct user_pages *pages, char __user *to, size_t len);
void user_pages_write_atomic(struct user_pages *pages, const void *from, size_t len);
void user_pages_write(struct user_pages *pages, const void *from, size_t len);
void user_pages_unpin(struct user_pages *pages);

#endif /* _DM510_USER_MEMORY_H */

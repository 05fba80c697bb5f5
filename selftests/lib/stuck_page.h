/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A page that arrives only when the test provides it, by userfaultfd. A call that needs
 * the page waits in the kernel until then.
 */
#ifndef SELFTESTS_STUCK_PAGE_H
#define SELFTESTS_STUCK_PAGE_H

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "calls.h"

struct stuck_page {
	int uffd;
	char *page;
};

/*
 * Removes this page of anonymous memory. Returns 0, or the error as a negative number
 * if the kernel has no userfaultfd or does not allow it.
 */
static inline int stuck_page_begin(struct stuck_page *stuck, char *page)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { .start = (uintptr_t)page, .len = PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	stuck->page = page;
	stuck->uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (stuck->uffd < 0)
		return -errno;
	if (madvise(page, PAGE, MADV_DONTNEED) || ioctl(stuck->uffd, UFFDIO_API, &api) ||
	    ioctl(stuck->uffd, UFFDIO_REGISTER, &range)) {
		int error = errno;

		close(stuck->uffd);
		return -error;
	}
	return 0;
}

/* Waits until a call waits for the page; returns false after a minute. */
static inline bool stuck_page_wait(const struct stuck_page *stuck)
{
	struct pollfd pollfd = { .fd = stuck->uffd, .events = POLLIN };
	struct uffd_msg message;

	if (poll(&pollfd, 1, 60 * 1000) != 1)
		return false;
	if (read(stuck->uffd, &message, sizeof(message)) != sizeof(message))
		return false;
	return message.event == UFFD_EVENT_PAGEFAULT;
}

/* Provides the page and closes the userfaultfd. Returns 0, or the error, negative. */
static inline int stuck_page_arrive(struct stuck_page *stuck, const void *content)
{
	struct uffdio_copy copy = {
		.dst = (uintptr_t)stuck->page,
		.src = (uintptr_t)content,
		.len = PAGE,
	};

	if (ioctl(stuck->uffd, UFFDIO_COPY, &copy))
		return -errno;
	close(stuck->uffd);
	return 0;
}

#endif

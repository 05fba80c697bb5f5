// SPDX-License-Identifier: LGPL-2.1-or-later
/* The box of the kernel module dm510_msgbox. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backend.h"
#include "clock.h"
#include "numbers.h"

#define DEVICE	"/dev/dm510_msgbox"
#define FIGURES	"/sys/kernel/dm510_msgbox/"

struct kernel_box {
	struct msgbox box;
	/* 64 bits would need libatomic on some 32-bit machines, which have no numbers. */
	atomic_ulong numbers;
	/*
	 * The device, or -1 until the first wait. Waits that end at a deadline need a file of
	 * their own, because O_NONBLOCK holds for a file, not for a read.
	 */
	atomic_int blocking;
	atomic_int nonblocking;
};

/* Kept out of the functions that succeed, which must cost little more than the call. */
#define COLD __attribute__((cold, noinline))

struct error_text {
	int error;
	const char *text;
};

static const char not_loaded[] =
	"the kernel module dm510_msgbox is not loaded: load it with `sudo modprobe dm510_msgbox`, "
	"or with `sudo make load` in its source";
static const char no_calls[] =
	"the kernel module dm510_msgbox is loaded, but its system calls are refused: it is being "
	"unloaded, or a seccomp filter hides them";
static const char filtered[] =
	"a filter (seccomp, as in a container) does not allow the box's system calls";

#define NO_DELIVERY "there is no kernel memory to deliver a message this large; it stays in the box"
#define BAD_BUFFER "a byte of the buffer cannot be written: the pointer or the size is wrong; " \
		   "the message stays in the box"
#define TOO_LONG "the newest message is longer than the buffer; it stays in the box"

static const struct error_text put_errors[] = {
	{ EINVAL, "the message is NULL" },
	{ EACCES, "the box's mode does not let you put (see the module's parameter mode)" },
	{ EPERM, filtered },
	{ EMSGSIZE, "the message is longer than the module's parameter max_message_bytes allows" },
	{ EAGAIN, "the box is full, or puts in progress hold too much memory: take messages out, "
		  "or raise the module's parameter max_bytes or max_pending_bytes" },
	{ EADDRNOTAVAIL, "there is no kernel memory for the message, or the memory cgroup does not "
			 "allow it" },
	{ EFAULT, "a byte of the message cannot be read: the pointer or the length is wrong" },
	{}
};

static const struct error_text get_errors[] = {
	{ EINVAL, "the buffer is NULL" },
	{ EACCES, "the box's mode does not let you get (see the module's parameter mode)" },
	{ EPERM, filtered },
	{ ENODATA, "the box is empty" },
	{ EMSGSIZE, TOO_LONG },
	{ EADDRNOTAVAIL, NO_DELIVERY },
	{ EFAULT, BAD_BUFFER },
	{}
};

static const struct error_text read_errors[] = {
	{ EINVAL, "the buffer is NULL" },
	{ EINTR, "a signal ended the wait" },
	{ ETIMEDOUT, "no message came in time" },
	{ EMSGSIZE, TOO_LONG },
	{ EADDRNOTAVAIL, "there is no kernel memory for the box, or to deliver a message this "
			 "large; it stays in the box" },
	{ EFAULT, BAD_BUFFER },
	{}
};

static const struct error_text open_errors[] = {
	{ EACCES, "the box's mode, or that of " DEVICE ", does not let you get" },
	{ EPERM, "the device cgroup does not allow " DEVICE ": let the container use it" },
	{ ENOENT, DEVICE " does not exist, but the module is loaded: give the device to the "
		  "container" },
	{ ENOMEM, "there is no kernel memory to open " DEVICE },
	{ EMFILE, "this process has too many open files to open " DEVICE " (see `ulimit -n`)" },
	{ ENFILE, "the system has too many open files to open " DEVICE },
	{}
};

/* Keeps errno. Returns -1. */
static int explain(const struct error_text *errors, const char *what)
{
	int error = errno;

	for (; errors->text; errors++)
		if (errors->error == error)
			return failed_text(error, errors->text);
	return failed(error, "%s failed with the unexpected error %d (%m)", what, error);
}

static numbers_t numbers_of(struct kernel_box *kernel)
{
	return atomic_load_explicit(&kernel->numbers, memory_order_relaxed);
}

/* After ENOSYS. The module may have been loaded anew, with other numbers. */
static bool renew_numbers(struct kernel_box *kernel)
{
	numbers_t numbers = numbers_find();

	if (numbers == NO_NUMBERS)
		return false;
	atomic_store_explicit(&kernel->numbers, numbers, memory_order_relaxed);
	return true;
}

/*
 * The module takes such a put for another system call: see linux/dm510_msgbox.h. Neither
 * a sign-extended nor a zero-extended int from -4095 to 4095 can be the address of memory.
 */
static bool like_file_descriptor(const void *message)
{
	uintptr_t address = (uintptr_t)message;
	int number = (int)address;

	return number >= -4095 && number <= 4095 &&
	       (address == (uintptr_t)number || address == (unsigned int)number);
}

static COLD int put_failed(struct kernel_box *kernel, const void *message, size_t length)
{
	if (length > INT_MAX)
		errno = message ? EMSGSIZE : EINVAL;
	if (errno != ENOSYS)
		return explain(put_errors, "put");
	if (!renew_numbers(kernel))
		return failed_text(ENOSYS, not_loaded);
	if (message && like_file_descriptor(message))
		errno = EFAULT;
	else if (!syscall(put_number(numbers_of(kernel)), message, length))
		return 0;
	return errno == ENOSYS ? failed_text(ENOSYS, no_calls) : explain(put_errors, "put");
}

static int kernel_put(struct msgbox *box, const void *message, size_t length)
{
	struct kernel_box *kernel = (struct kernel_box *)box;

	if (length <= INT_MAX && !syscall(put_number(numbers_of(kernel)), message, length))
		return 0;
	return put_failed(kernel, message, length);
}

static COLD ssize_t get_failed(struct kernel_box *kernel, void *buffer, size_t size)
{
	ssize_t length;

	if (errno != ENOSYS)
		return explain(get_errors, "get");
	if (!renew_numbers(kernel))
		return failed_text(ENOSYS, not_loaded);
	length = syscall(get_number(numbers_of(kernel)), buffer, size);
	if (length >= 0)
		return length;
	return errno == ENOSYS ? failed_text(ENOSYS, no_calls) : explain(get_errors, "get");
}

static ssize_t kernel_get(struct msgbox *box, void *buffer, size_t size)
{
	struct kernel_box *kernel = (struct kernel_box *)box;
	ssize_t length;

	/* No message is longer. */
	if (size > INT_MAX)
		size = INT_MAX;
	length = syscall(get_number(numbers_of(kernel)), buffer, size);
	return length >= 0 ? length : get_failed(kernel, buffer, size);
}

static int open_failed(void)
{
	int error = errno;
	bool no_device = error == ENOENT || error == ENXIO || error == ENODEV;

	if (no_device && numbers_find() == NO_NUMBERS)
		return failed_text(ENOSYS, not_loaded);
	errno = error;
	return explain(open_errors, "opening " DEVICE);
}

/* Opens the device for the first wait; threads that are later use the first one's file. */
static int device_of(atomic_int *device, int flags)
{
	int none = -1, file = atomic_load(device);

	if (file >= 0)
		return file;
	file = open(DEVICE, O_RDONLY | O_CLOEXEC | flags);
	if (file < 0)
		return open_failed();
	if (atomic_compare_exchange_strong(device, &none, file))
		return file;
	close(file);
	return none;
}

static ssize_t wait_forever(struct kernel_box *kernel, void *buffer, size_t size)
{
	int device = device_of(&kernel->blocking, 0);
	ssize_t length;

	if (device < 0)
		return -1;
	length = read(device, buffer, size);
	return length >= 0 ? length : explain(read_errors, "reading " DEVICE);
}

/* A file that has reported POLLERR does so for good: opens the device anew in its place. */
static int renew_device(int device)
{
	int fresh = open(DEVICE, O_RDONLY | O_CLOEXEC | O_NONBLOCK), ret;

	if (fresh < 0)
		return open_failed();
	ret = dup3(fresh, device, O_CLOEXEC);
	close(fresh);
	return ret < 0 ? open_failed() : 0;
}

static int wait_for_message(int device, int timeout_ms)
{
	struct pollfd poll_for = { .fd = device, .events = POLLIN };

	if (poll(&poll_for, 1, timeout_ms) < 0)
		return explain(read_errors, "waiting at " DEVICE);
	if (!(poll_for.revents & POLLERR))
		return 0;
	if (renew_device(device))
		return -1;
	errno = EADDRNOTAVAIL;
	return explain(read_errors, "waiting at " DEVICE);
}

/*
 * A reader that poll(2) has woken can find that another one has taken the message, and
 * goes on.
 */
static ssize_t wait_until(struct kernel_box *kernel, void *buffer, size_t size,
			  deadline_t deadline)
{
	int device = device_of(&kernel->nonblocking, O_NONBLOCK), left;
	ssize_t length;

	if (device < 0)
		return -1;
	for (;;) {
		length = read(device, buffer, size);
		if (length >= 0)
			return length;
		if (errno != EAGAIN)
			break;
		left = deadline_left(deadline);
		if (!left) {
			errno = ETIMEDOUT;
			break;
		}
		if (wait_for_message(device, left))
			return -1;
	}
	return explain(read_errors, "waiting at " DEVICE);
}

static ssize_t kernel_wait(struct msgbox *box, void *buffer, size_t size, int timeout_ms)
{
	struct kernel_box *kernel = (struct kernel_box *)box;

	if (size > INT_MAX)
		size = INT_MAX;
	if (timeout_ms == MSGBOX_FOREVER)
		return wait_forever(kernel, buffer, size);
	return wait_until(kernel, buffer, size, deadline_in(timeout_ms));
}

static int kernel_read_figures(struct msgbox *box, struct msgbox_figures *figures)
{
	(void)box;
	if (numbers_find() == NO_NUMBERS)
		return failed_text(ENOSYS, not_loaded);
	figures->count = read_number(FIGURES "count");
	figures->bytes = read_number(FIGURES "bytes");
	figures->memory = read_number(FIGURES "memory");
	figures->pending = read_number(FIGURES "pending");
	figures->puts = read_number(FIGURES "puts");
	figures->gets = read_number(FIGURES "gets");
	figures->waiting = read_number(FIGURES "waiting");
	figures->max_message_bytes = read_number(PARAMETERS "max_message_bytes");
	figures->max_bytes = read_number(PARAMETERS "max_bytes");
	figures->max_pending_bytes = read_number(PARAMETERS "max_pending_bytes");
	return 0;
}

static void kernel_close(struct msgbox *box)
{
	struct kernel_box *kernel = (struct kernel_box *)box;

	if (kernel->blocking >= 0)
		close(kernel->blocking);
	if (kernel->nonblocking >= 0)
		close(kernel->nonblocking);
	free(kernel);
}

static const struct backend kernel_backend = {
	.longest_message = INT_MAX,
	.close = kernel_close,
	.put = kernel_put,
	.get = kernel_get,
	.wait = kernel_wait,
	.read_figures = kernel_read_figures,
};

/* Their table of system calls is another one, in which these numbers are other calls. */
static bool is_64_bit(void)
{
	return sizeof(long) == 8;
}

struct msgbox *kernel_open(void)
{
	numbers_t numbers = is_64_bit() ? numbers_find() : NO_NUMBERS;
	struct kernel_box *kernel;

	if (numbers == NO_NUMBERS) {
		failed_text(ENOSYS, is_64_bit() ? not_loaded :
			    "32-bit programs cannot use the box's system calls");
		return NULL;
	}
	kernel = malloc(sizeof(*kernel));
	if (!kernel) {
		failed_text(ENOMEM, "out of memory");
		return NULL;
	}
	kernel->box.backend = &kernel_backend;
	atomic_init(&kernel->numbers, numbers);
	atomic_init(&kernel->blocking, -1);
	atomic_init(&kernel->nonblocking, -1);
	return &kernel->box;
}

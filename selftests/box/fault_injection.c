// SPDX-License-Identifier: GPL-2.0
/*
 * For fault_injection.sh: repeats one operation with the kernel's fault injection
 * (/proc/self/fail-nth). At first nothing fails, then the first allocation or user
 * copy in the operation, then the second one, and so on until there is none left.
 *
 *	fault_injection OPERATION	does that; fails, and says where, if the result,
 *					the box or a figure was ever not what the
 *					contract says
 *	fault_injection list		prints the names of the operations
 *	fault_injection race SECONDS	makes gets with a page that is taken away
 *	fault_injection unload NTH	makes one rmmod; prints the error's name, or 0
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "device.h"
#include "kselftest.h"
#include "namespace.h"
#include "segment.h"
#include "sysfs.h"

#define SMALL		FILLER
#define IN_SEGMENT	FILLERS
#define LARGE		200000
/* These fill a segment above the record of a large message: 159 * (408 + 4) + 8 + 4. */
#define TINY		408
#define TINY_IN_SEGMENT	159

/* More than the allocations and copies of any operation. */
#define MOST		2000

/* --- fault injection: counts allocations and copy_from_user() of this thread */

static int fail_nth_fd;

/* The write itself counts as well and may fail. */
static void fail_nth(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	while (pwrite(fail_nth_fd, text, len, 0) != len)
		;
}

/* Has a failure been injected since fail_nth()? */
static bool has_failed(void)
{
	char text[16];

	return pread(fail_nth_fd, text, sizeof(text), 0) > 0 && text[0] == '0';
}

/* --- the box: its messages and its figures */

struct message {
	int len;
	unsigned long seed;
};

static struct message messages[2 * TINY_IN_SEGMENT];
static int count;

static void fill_box(int len, int copies)
{
	while (copies--) {
		struct message message = { len, count };
		char *bytes = new_message(len, message.seed);

		if (put(bytes, len))
			abort();
		free(bytes);
		messages[count++] = message;
	}
}

static bool empty_box(void)
{
	while (count) {
		struct message message = messages[--count];
		char *bytes = new_message(message.len, message.seed);
		long ret = get_expecting(bytes, message.len);

		free(bytes);
		if (ret != message.len) {
			printf("# message %d of %d bytes: %ld\n", count, message.len, ret);
			return false;
		}
	}
	return get_nothing() == -ENODATA;
}

enum {
	COUNT, BYTES, MEMORY, PENDING, PUTS, GETS,
	PUT_EADDRNOTAVAIL, PUT_EFAULT, GET_EADDRNOTAVAIL, GET_EFAULT,
};

static const char * const names[] = {
	"count", "bytes", "memory", "pending", "puts", "gets",
	"put_eaddrnotavail", "put_efault", "get_eaddrnotavail", "get_efault",
	"put_einval", "put_emsgsize", "put_eagain", "get_einval", "get_enodata", "get_emsgsize",
};

struct figures {
	long value[ARRAY_SIZE(names)];
};

static void read_figures(struct figures *figures)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		figures->value[i] = figure(names[i]);
}

static bool are_the_same(const struct figures *expected, const struct figures *found)
{
	bool same = true;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (found->value[i] == expected->value[i])
			continue;
		printf("# %s: %ld, not %ld\n", names[i], found->value[i], expected->value[i]);
		same = false;
	}
	return same;
}

/* --- the caller's memory, at a fixed address */

#define MEMORY_SIZE	(2 * MIB)
static char * const memory = (char *)0x600000000000;

/* Maps it again, so that its page tables are fresh as well. */
static void map_memory(void)
{
	munmap(memory, MEMORY_SIZE);
	if (mmap(memory, MEMORY_SIZE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != memory)
		abort();
}

static void present(size_t from, size_t len)
{
	fill(memory + from, len, from);
}

static void forbid(size_t from, size_t len)
{
	if (mprotect(memory + from, len, PROT_NONE))
		abort();
}

/* --- the state before an operation */

static void small_message(void)
{
	map_memory();
	present(0, SMALL);
	fill_box(SMALL, 1);
}

/* The lowest message takes the spare segment that the previous step left. */
static void no_unused_segment(void)
{
	map_memory();
	present(0, LARGE);
	fill_box(LARGE, 1);
	fill_box(10, 3);
}

static void no_room_for_small(void)
{
	map_memory();
	present(0, SMALL);
	fill_box(SMALL, 2 * IN_SEGMENT);
}

static void no_room_for_large(void)
{
	map_memory();
	present(0, LARGE);
	fill_box(LARGE, 1);
	fill_box(TINY, TINY_IN_SEGMENT);
}

static void missing(void)
{
	no_unused_segment();
	map_memory();
}

static void forbidden(void)
{
	no_unused_segment();
	forbid(0, MEMORY_SIZE);
}

static void forbidden_and_no_room(void)
{
	no_room_for_small();
	forbid(0, MEMORY_SIZE);
}

/* The next message needs a new segment, and there is a spare one. */
static void forbidden_and_unused_segment(void)
{
	static char bytes[SMALL];

	forbidden_and_no_room();
	for (int i = 0; i < IN_SEGMENT; i++, count--)
		if (get(bytes, SMALL) != SMALL)
			abort();
}

/* The part of the next message that fits in the segment is good, the rest is bad. */
static void rest_forbidden(void)
{
	map_memory();
	present(0, 2 * PAGE);
	forbid(2 * PAGE, PAGE);
	fill_box(SMALL, 2 * IN_SEGMENT - 1);
}

static void small_message_missing(void)
{
	small_message();
	map_memory();
}

static void small_message_forbidden(void)
{
	small_message();
	forbid(0, 2 * PAGE);
}

static void small_message_second_page_forbidden(void)
{
	small_message();
	forbid(PAGE, PAGE);
}

static void large_message(void)
{
	map_memory();
	present(0, LARGE);
	fill_box(LARGE, 1);
}

static void large_message_missing(void)
{
	large_message();
	map_memory();
}

static void large_message_one_page_forbidden(void)
{
	large_message();
	forbid(16 * PAGE, PAGE);
}

/* A namespace without a box; its boxes and messages end with this process. */
static void no_box(void)
{
	map_memory();
	present(0, LARGE);
	if (enter_new_namespace())
		abort();
}

static int device = -1;

static void no_box_but_a_file(void)
{
	no_box();
	device = device_open(O_RDWR | O_NONBLOCK);
	if (device < 0)
		abort();
}

static pthread_t writer;
static atomic_bool has_read;

static void *put_when_there_is_a_box(void *unused)
{
	while (!atomic_load(&has_read) && !figure("memory"))
		usleep(1000);
	if (figure("memory") && put("x", 1))
		abort();
	return unused;
}

/* A read waits for a message, which comes when the box has been made. */
static void no_box_but_a_writer(void)
{
	no_box_but_a_file();
	atomic_store(&has_read, false);
	if (fcntl(device, F_SETFL, 0) ||
	    pthread_create(&writer, NULL, put_when_there_is_a_box, NULL))
		abort();
}

/* --- what is done with the device, apart from writing */

static long open_device(void)
{
	device = device_open(O_RDONLY);
	return device < 0 ? device : 0;
}

static long read_device(void)
{
	char byte = 0;
	long ret = device_read(device, &byte, 1);

	atomic_store(&has_read, true);
	return ret == 1 && byte != 'x' ? -EILSEQ : ret;
}

static long poll_device(void)
{
	struct pollfd poll_for = { .fd = device, .events = POLLIN };

	if (poll(&poll_for, 1, 0) < 0)
		return -errno;
	return poll_for.revents & POLLERR ? -EIO : 0;
}

/* --- the operations */

struct operation {
	const char *name;
	void (*set_up)(void);
	int put, get;		/* how many bytes */
	bool by_device;		/* puts by write(2) */
	long (*on_device)(void);
	size_t before_border;	/* it begins so far before the third page; 0: at its start */
	long ret;		/* the result without a failure */
	long failures[2];	/* the results with one, each of which must be seen */
	long grows;		/* bytes that it adds to the box's memory */
	bool grows_large;	/* and a large message's */
	bool makes_box;		/* there is none before */
};

/* The segment of a large message, which has a header of 16 bytes. */
static long large_memory(void)
{
	return (LARGE + 16 + PAGE - 1) / PAGE * PAGE;
}

static const struct operation operations[] = {
	{ .name = "put_small", .set_up = small_message, .put = SMALL },
	{ .name = "put_small_no_room", .set_up = no_room_for_small, .put = SMALL,
	  .failures = { -EADDRNOTAVAIL }, .grows = SEGMENT },
	{ .name = "put_small_missing", .set_up = missing, .put = SMALL,
	  .failures = { -EADDRNOTAVAIL, -EFAULT } },
	{ .name = "put_small_forbidden", .set_up = forbidden, .put = SMALL,
	  .ret = -EFAULT, .failures = { -EADDRNOTAVAIL } },
	{ .name = "put_small_forbidden_no_room", .set_up = forbidden_and_no_room,
	  .put = SMALL, .ret = -EFAULT, .failures = { -EADDRNOTAVAIL } },
	{ .name = "put_small_forbidden_unused", .set_up = forbidden_and_unused_segment,
	  .put = SMALL, .ret = -EFAULT, .failures = { -EADDRNOTAVAIL } },
	{ .name = "put_small_rest_forbidden", .set_up = rest_forbidden,
	  .put = 8000, .before_border = SMALL + 4,
	  .ret = -EFAULT, .failures = { -EADDRNOTAVAIL } },

	{ .name = "put_large", .set_up = no_unused_segment, .put = LARGE,
	  .failures = { -EADDRNOTAVAIL }, .grows_large = true },
	{ .name = "put_large_no_room", .set_up = no_room_for_large, .put = LARGE,
	  .failures = { -EADDRNOTAVAIL }, .grows = SEGMENT, .grows_large = true },
	{ .name = "put_large_missing", .set_up = missing, .put = LARGE,
	  .failures = { -EADDRNOTAVAIL, -EFAULT }, .grows_large = true },
	{ .name = "put_large_forbidden", .set_up = forbidden, .put = LARGE,
	  .ret = -EFAULT, .failures = { -EADDRNOTAVAIL } },

	{ .name = "get_small", .set_up = small_message, .get = SMALL, .ret = SMALL },
	/* After a failure to fault in the page, the get tries again. */
	{ .name = "get_small_missing", .set_up = small_message_missing,
	  .get = SMALL, .ret = SMALL },
	{ .name = "get_small_forbidden", .set_up = small_message_forbidden,
	  .get = SMALL, .ret = -EFAULT },
	{ .name = "get_small_second_page", .set_up = small_message_second_page_forbidden,
	  .get = SMALL, .ret = -EFAULT },

	{ .name = "get_large", .set_up = large_message, .get = LARGE, .ret = LARGE,
	  .failures = { -EADDRNOTAVAIL } },
	{ .name = "get_large_missing", .set_up = large_message_missing,
	  .get = LARGE, .ret = LARGE, .failures = { -EADDRNOTAVAIL } },
	{ .name = "get_large_one_page_forbidden",
	  .set_up = large_message_one_page_forbidden,
	  .get = LARGE, .ret = -EFAULT, .failures = { -EADDRNOTAVAIL } },

	{ .name = "put_first_small", .set_up = no_box, .put = SMALL,
	  .failures = { -EADDRNOTAVAIL }, .makes_box = true },
	{ .name = "put_first_large", .set_up = no_box, .put = LARGE,
	  .failures = { -EADDRNOTAVAIL }, .grows_large = true, .makes_box = true },
	{ .name = "write_first", .set_up = no_box_but_a_file, .put = SMALL, .by_device = true,
	  .failures = { -EADDRNOTAVAIL }, .makes_box = true },
	{ .name = "read_first", .set_up = no_box_but_a_writer, .on_device = read_device,
	  .ret = 1, .failures = { -EADDRNOTAVAIL }, .makes_box = true },
	/* EFAULT: the kernel cannot copy the name, or what to poll for. EIO: POLLERR. */
	{ .name = "open", .set_up = no_box, .on_device = open_device,
	  .failures = { -ENOMEM, -EFAULT } },
	{ .name = "poll_first", .set_up = no_box_but_a_file, .on_device = poll_device,
	  .failures = { -EIO, -EFAULT }, .makes_box = true },
};

static char *place_of(const struct operation *operation)
{
	return memory + (operation->before_border ? 2 * PAGE - operation->before_border : 0);
}

/*
 * Changes the figures as a call with this result has to. A call that makes the box and
 * fails has made it or not.
 */
static void expect_figures(const struct operation *operation, long ret,
			   struct figures *figures, const struct figures *found)
{
	long *value = figures->value;

	value[PENDING] = 0;
	if (operation->makes_box) {
		value[MEMORY] = ret && !found->value[MEMORY] ? 0 : SEGMENT;
		if (!value[MEMORY])
			return;
	}
	if (operation->on_device) {
		value[PUTS] += operation->on_device == read_device;
		value[GETS] += operation->on_device == read_device;
	} else if (ret == -EFAULT) {
		value[operation->put ? PUT_EFAULT : GET_EFAULT]++;
	} else if (ret == -EADDRNOTAVAIL) {
		value[operation->put ? PUT_EADDRNOTAVAIL : GET_EADDRNOTAVAIL]++;
	} else if (operation->put) {
		value[COUNT]++;
		value[PUTS]++;
		value[BYTES] += operation->put;
		value[MEMORY] += operation->grows +
				 (operation->grows_large ? large_memory() : 0);
	} else {
		value[COUNT]--;
		value[GETS]++;
		value[BYTES] -= operation->get;
	}
}

static bool is_delivered(const struct operation *operation)
{
	const char *at = place_of(operation);

	if (operation->on_device)
		return true;
	if (operation->put)
		return get_expecting(at, operation->put) == operation->put;
	count--;
	return is_filled(at, operation->get, messages[count].seed);
}

static bool is_expected(const struct operation *operation, long ret, bool injected)
{
	return ret == operation->ret ||
	       (injected && ret && (ret == operation->failures[0] ||
				    ret == operation->failures[1]));
}

struct outcome {
	long ret;
	bool injected;
};

/* Makes the call with its nth allocation or copy failing; 0: none. */
static struct outcome call(const struct operation *operation, unsigned int nth)
{
	char *at = place_of(operation);
	struct outcome outcome;

	fail_nth(nth);
	if (operation->on_device)
		outcome.ret = operation->on_device();
	else if (operation->by_device)
		outcome.ret = device_write(device, at, operation->put);
	else if (operation->put)
		outcome.ret = put(at, operation->put);
	else
		outcome.ret = get(at, operation->get);
	outcome.injected = nth && has_failed();
	fail_nth(0);
	if (operation->on_device == read_device)
		pthread_join(writer, NULL);
	close(device);	/* it would keep the module */
	device = -1;
	if (operation->by_device && outcome.ret == operation->put)
		outcome.ret = 0;
	return outcome;
}

/* One call, from an empty box to an empty box. */
static bool step(const struct operation *operation, unsigned int nth, struct outcome *outcome)
{
	struct figures expected, found;

	operation->set_up();
	read_figures(&expected);
	*outcome = call(operation, nth);
	read_figures(&found);
	expect_figures(operation, outcome->ret, &expected, &found);

	if (!is_expected(operation, outcome->ret, outcome->injected))
		printf("# it returned %ld\n", outcome->ret);
	else if (!are_the_same(&expected, &found))
		;
	else if (read_number(MODULE_FOLDER, "refcnt"))
		printf("# the module has a reference left\n");
	else if (outcome->ret >= 0 && !is_delivered(operation))
		printf("# the message is not the one that was put\n");
	else if (empty_box())
		return true;
	return false;
}

static bool is_each_seen(const struct operation *operation, const bool seen[2])
{
	for (int i = 0; i < 2; i++)
		if (operation->failures[i] && !seen[i])
			return false;
	return true;
}

/*
 * Goes through all failures, and again while an expected result is missing: the number
 * of allocations varies, so one round can miss the last one.
 */
static bool run(const struct operation *operation)
{
	unsigned int nth = 0, failed = 0, rounds = 0;
	bool seen[2] = {};
	struct outcome outcome;

	do {
		if (!step(operation, nth, &outcome)) {
			printf("# %s, failure %u\n", operation->name, nth);
			return false;
		}
		for (int i = 0; i < 2; i++)
			seen[i] |= outcome.injected && outcome.ret == operation->failures[i];
		failed += outcome.injected && outcome.ret < 0;
		if (nth && !outcome.injected && !is_each_seen(operation, seen) && ++rounds < 5)
			nth = 0;
	} while ((!nth++ || outcome.injected) && nth < MOST);

	printf("# %s: %u failures, %u of them made the call fail\n", operation->name,
	       nth - 2, failed);
	for (int i = 0; i < 2; i++) {
		if (operation->failures[i] && !seen[i]) {
			printf("# %s never happened\n", strerrorname_np(-operation->failures[i]));
			return false;
		}
	}
	return nth < MOST;
}

/* --- a page that is taken away during a get */

static atomic_bool stop;

static void *take_away(void *page)
{
	while (!atomic_load(&stop))
		if (madvise(page, PAGE, MADV_DONTNEED))
			abort();
	return NULL;
}

/*
 * The message continues in another segment exactly where the buffer's third page begins.
 * That page is present when the get checks it and sometimes gone when the get writes.
 * The get has to deliver the whole message all the same.
 */
static int race(int seconds)
{
	const struct message message = { 8000, 1 };
	const size_t first = SMALL + 4;
	char *bytes = new_message(message.len, message.seed);
	char *at = memory + 2 * PAGE - first;
	time_t end = time(NULL) + seconds;
	bool good = true;
	pthread_t thread;

	map_memory();
	fill_box(SMALL, 2 * IN_SEGMENT - 1);
	if (pthread_create(&thread, NULL, take_away, memory + 2 * PAGE))
		abort();
	while (good && time(NULL) < end)
		good = !put(bytes, message.len) && get(at, message.len) == message.len &&
		       !memcmp(at, bytes, first);
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	return good && empty_box() ? 0 : 1;
}

static int unload(unsigned int nth)
{
	long ret;
	bool injected;

	fail_nth(nth);
	ret = syscall(SYS_delete_module, "dm510_msgbox", O_NONBLOCK);
	ret = ret ? -errno : 0;
	injected = has_failed();
	fail_nth(0);
	printf("%s %s\n", ret ? strerrorname_np(-ret) : "0", injected ? "failed" : "passed");
	return 0;
}

int main(int argc, char **argv)
{
	bool list = argc == 2 && !strcmp(argv[1], "list");

	fail_nth_fd = open("/proc/self/fail-nth", O_RDWR);
	/* The program's own pages must not fault. */
	if (fail_nth_fd < 0 || mlockall(MCL_CURRENT)) {
		perror("fault_injection");
		return 2;
	}
	if (argc == 3 && !strcmp(argv[1], "unload"))
		return unload(atoi(argv[2]));
	if (argc == 3 && !strcmp(argv[1], "race"))
		return race(atoi(argv[2]));

	for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
		if (list)
			puts(operations[i].name);
		else if (argc == 2 && !strcmp(argv[1], operations[i].name))
			return run(&operations[i]) ? 0 : 1;
	}
	if (list)
		return 0;
	fputs("usage: fault_injection OPERATION | list | race SECONDS | unload NTH\n", stderr);
	return 2;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * For events.sh: makes calls of all kinds, each of which writes one trace event.
 *
 *	events calls		prints the expected events, as the tracer prints them
 *	events perf [FILTER]	prints the events that perf_event_open(2) recorded
 *	events sleepers		a read(2) sleeps for a message, a write(2) for room; prints
 *				how many events of each kind are expected
 *	events hold		opens the events, prints "open", waits for a line
 *
 * The box has to be empty. Fails if a call returns what it should not.
 */
#include <linux/perf_event.h>
#include <sys/ioctl.h>

#include "calls.h"
#include "device.h"
#include "kselftest.h"
#include "namespace.h"

#define EVENTS_FOLDER	"/sys/kernel/tracing/events/dm510_msgbox"
/* In pages; has room for all events. */
#define RING		16

enum kind { PUT, GET, WRITE, READ, ENTER, LEAVE };

/* Where a message comes from or goes to. */
static char good[32 * KIB];
#define DESCRIPTOR	((char *)AT_FDCWD)

/**
 * struct call - a call and its event
 * @kind: which call; ENTER and LEAVE make no event
 * @buf: its buffer
 * @len: the length
 * @ret: its result
 * @count: messages in the caller's box afterwards
 */
struct call {
	enum kind kind;
	char *buf;
	int len;
	long ret;
	int count;
};

static const struct call calls[] = {
	{ GET, good, 100, -ENODATA, 0 },
	{ PUT, good, 8, 0, 1 },
	{ PUT, good, 0, 0, 2 },
	{ PUT, good, 20000, 0, 3 },
	{ PUT, NULL, 8, -EINVAL, 3 },
	{ PUT, good, -7, -EINVAL, 3 },
	{ PUT, DESCRIPTOR, 5, -ENOSYS, 3 },
	{ PUT, BAD_ADDRESS, 9, -EFAULT, 3 },
	{ PUT, good, INT_MAX, -EMSGSIZE, 3 },
	{ GET, NULL, 6, -EINVAL, 3 },
	{ GET, good, INT_MIN, -EINVAL, 3 },
	{ GET, good, 19999, -EMSGSIZE, 3 },
	{ GET, BAD_ADDRESS, 20000, -EFAULT, 3 },
	{ GET, good, 30000, 20000, 2 },
	{ GET, good, 0, 0, 1 },

	/* Another box. */
	{ ENTER, NULL, 0, 0, 0 },
	{ GET, good, 77, -ENODATA, 0 },
	{ PUT, NULL, 77, -EINVAL, 0 },
	{ PUT, good, 77, 0, 1 },
	{ PUT, good, 78, 0, 2 },
	{ GET, good, 79, 78, 1 },
	/* The file is of the first one. */
	{ WRITE, good, 12, 12, 2 },
	{ LEAVE, NULL, 0, 0, 0 },

	{ READ, good, 12, 12, 1 },
	{ WRITE, NULL, 4, -EINVAL, 1 },
	{ WRITE, BAD_ADDRESS, 4, -EFAULT, 1 },
	{ WRITE, good, 1 << 30, -EMSGSIZE, 1 },
	{ WRITE, good, 10000, 10000, 2 },
	{ READ, good, 9999, -EMSGSIZE, 2 },
	{ READ, NULL, 10000, -EINVAL, 2 },
	{ READ, BAD_ADDRESS, 10000, -EFAULT, 2 },
	{ READ, good, 10001, 10000, 1 },
	{ GET, good, 8, 8, 0 },
	{ READ, good, 1, -EAGAIN, 0 },
	{ WRITE, good, 0, 0, 1 },
	{ READ, good, 0, 0, 0 },
};

static void print_event(const char *name, int len, long ret, unsigned long count, bool device)
{
	printf("dm510_msgbox_%s: len=%d ret=%ld count=%lu by=%s\n", name, len, ret, count,
	       device ? "device" : "syscall");
}

static void print_expected(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		const struct call *call = &calls[i];
		bool is_put = call->kind == PUT || call->kind == WRITE;

		if (call->kind < ENTER)
			print_event(is_put ? "put" : "get", call->len, call->ret, call->count,
				    call->kind == WRITE || call->kind == READ);
	}
}

static long make_call(const struct call *call, int device, int home)
{
	switch (call->kind) {
	case PUT:
		return put(call->buf, call->len);
	case GET:
		return get(call->buf, call->len);
	case WRITE:
		return device_write(device, call->buf, call->len);
	case READ:
		return device_read(device, call->buf, call->len);
	case ENTER:
		return enter_new_namespace();
	default:
		return enter_namespace(home);
	}
}

/* Returns success. */
static bool make_calls(void)
{
	int home = this_namespace(), device = device_open(O_RDWR | O_NONBLOCK);
	bool right = home >= 0 && is("open", 0, device < 0 ? device : 0);

	for (size_t i = 0; i < ARRAY_SIZE(calls) && right; i++) {
		right = is("call", calls[i].ret, make_call(&calls[i], device, home));
		if (!right)
			printf("# it was call %zu\n", i);
	}
	close(device);
	close(home);
	return right;
}

/* --- perf */

/* The offset of a field in an event's record, or 0. */
static unsigned int offset_of(const char *field)
{
	FILE *format = fopen(EVENTS_FOLDER "/dm510_msgbox_put/format", "r");
	unsigned int offset = 0;
	char line[128], *end;

	while (format && !offset && fgets(line, sizeof(line), format)) {
		end = strchr(line, ';');
		if (!end)
			continue;
		*end = '\0';
		if (strrchr(line, ' ') && !strcmp(strrchr(line, ' ') + 1, field))
			offset = strtoul(strstr(end + 1, "offset:") + strlen("offset:"), NULL, 10);
	}
	if (format)
		fclose(format);
	return offset;
}

static long event_id(const char *event)
{
	char name[32];

	snprintf(name, sizeof(name), "%s/id", event);
	return read_number(EVENTS_FOLDER, name);
}

/* Of the calls of this thread. Returns a file descriptor, or -1. */
static int open_event(const char *event, int output, const char *filter)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = event_id(event),
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_RAW,
	};
	int fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0 || (filter && ioctl(fd, PERF_EVENT_IOC_SET_FILTER, filter)) ||
	    (output >= 0 && ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, output))) {
		perror(event);
		exit(1);
	}
	return fd;
}

/* What follows the header of a sample. */
struct raw {
	__u32 size;
	char bytes[];
};

static void print_sample(const struct raw *raw)
{
	long ret = *(long *)(raw->bytes + offset_of("ret"));
	unsigned long count = *(unsigned long *)(raw->bytes + offset_of("count"));
	int len = *(int *)(raw->bytes + offset_of("len"));
	bool device = raw->bytes[offset_of("device")];
	bool is_put = *(unsigned short *)raw->bytes == event_id("dm510_msgbox_put");

	print_event(is_put ? "put" : "get", len, ret, count, device);
}

static int record_calls(const char *filter)
{
	int fd = open_event("dm510_msgbox_put", -1, filter);
	struct perf_event_mmap_page *page;
	char *data;

	page = mmap(NULL, (1 + RING) * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		return 1;
	open_event("dm510_msgbox_get", fd, filter);
	if (!make_calls() || page->data_head >= (unsigned int)RING * PAGE)
		return 1;
	data = (char *)page + PAGE;
	for (unsigned long at = 0; at < page->data_head;) {
		struct perf_event_header *header = (void *)(data + at);

		if (header->type == PERF_RECORD_SAMPLE)
			print_sample((void *)(header + 1));
		else
			printf("# record of type %u\n", header->type);
		at += header->size;
	}
	return 0;
}

/* A call that sleeps writes its event when it ends, and none before. */
static int sleep_in_calls(void)
{
	long limit = parameter("max_bytes");
	int fd = device_open(O_RDWR), puts = 1, gets = 1;
	struct sleeper reader = READER(fd, good, 64);
	struct sleeper writer = WRITER(fd, good, 8000);

	if (!falls_asleep(&reader) || put(good, 5) || !ends(&reader) || reader.ret != 5 ||
	    set_parameter("max_bytes", 131072))
		return 1;
	while (!put(good, 8000))
		puts++;
	if (!falls_asleep(&writer) || get(good, 8000) != 8000 || !ends(&writer) ||
	    writer.ret != 8000 || set_parameter("max_bytes", limit))
		return 1;
	while (get(good, 8000) == 8000)
		gets++;
	printf("put by=syscall failed 1\nput by=syscall done %d\nput by=device done 1\n"
	       "get by=syscall failed 1\nget by=syscall done %d\nget by=device done 1\n", puts,
	       gets);
	return 0;
}

static int hold(void)
{
	char line[16];

	open_event("dm510_msgbox_put", -1, NULL);
	open_event("dm510_msgbox_get", -1, NULL);
	puts("open");
	fflush(stdout);
	return !fgets(line, sizeof(line), stdin);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "calls")) {
		print_expected();
		return !make_calls();
	}
	if (argc >= 2 && !strcmp(argv[1], "perf"))
		return record_calls(argv[2]);
	if (argc == 2 && !strcmp(argv[1], "sleepers"))
		return sleep_in_calls();
	if (argc == 2 && !strcmp(argv[1], "hold"))
		return hold();
	fputs("usage: events calls | perf [FILTER] | sleepers | hold\n", stderr);
	return 2;
}

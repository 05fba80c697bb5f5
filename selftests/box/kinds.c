// SPDX-License-Identifier: GPL-2.0
/*
 * Kinds of memory. A get can fill what read(2) can fill, and a put can send what
 * write(2) can send. For each kind and size the test makes both calls, each in a
 * process of its own, so that no call finds pages that another one faulted in.
 *
 * The table marks where get has to differ (.unpinnable): a large message is
 * delivered only to memory that the kernel can pin. Memory that another thread
 * changes during the call is tested by faults_in_the_middle.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "msgbox.h"

#define HUGE_PAGE	(2 * MIB)
#define HUGE_PAGES	"/proc/sys/vm", "nr_hugepages"

/* The first address beyond user space. */
#define TASK_SIZE	0x7ffffffff000

/* From newer kernels and C libraries. */
#define MADV_GUARD	102
#define SYS_secret	447

/* No device answers here: writes are lost, reads give all ones. */
#define DEVICE_AT	0xe0000000

#define LARGE(len)	((len) > 8 * KIB)

static const int sizes[] = { 1, 64, 5000, 9000, 100000, MIB };

static size_t to_pages(size_t len)
{
	return (len + PAGE - 1) / PAGE * PAGE;
}

/* --- the kinds: each function returns len bytes of it, or NULL if there is none */

static char *or_null(void *memory)
{
	return memory == MAP_FAILED ? NULL : memory;
}

static char *present(size_t len)
{
	char *buf = map(to_pages(len), PROT_READ | PROT_WRITE);

	fill(buf, len, 2);
	return buf;
}

static char *anonymous(size_t len)
{
	return map(to_pages(len), PROT_READ | PROT_WRITE);
}

static char *huge(size_t len)
{
	char *buf = map(len + 2 * HUGE_PAGE, PROT_READ | PROT_WRITE);

	buf += -(uintptr_t)buf % HUGE_PAGE;
	return madvise(buf, HUGE_PAGE, MADV_HUGEPAGE) ? NULL : buf + PAGE / 2;
}

static char *hugetlb(size_t len)
{
	char *buf;

	(void)len;
	write_text(HUGE_PAGES, "2");
	buf = or_null(mmap(NULL, HUGE_PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0));
	return buf ? buf + PAGE / 2 : NULL;
}

static char *of_file(int fd, size_t len, int prot, int flags)
{
	char *buf;

	if (fd < 0 || ftruncate(fd, to_pages(len)))
		return NULL;
	buf = or_null(mmap(NULL, to_pages(len), prot, flags, fd, 0));
	close(fd);
	return buf;
}

static int new_file(void)
{
	char name[] = "/var/tmp/kinds-XXXXXX";
	int fd;

	mkdir("/var", 0755);
	mkdir("/var/tmp", 01777);
	fd = mkstemp(name);
	unlink(name);
	return fd;
}

static char *private_file(size_t len)
{
	return of_file(new_file(), len, PROT_READ | PROT_WRITE, MAP_PRIVATE);
}

static char *shared_file(size_t len)
{
	return of_file(new_file(), len, PROT_READ | PROT_WRITE, MAP_SHARED);
}

static char *read_only_file(size_t len)
{
	return of_file(new_file(), len, PROT_READ, MAP_SHARED);
}

static char *tmpfs(size_t len)
{
	return of_file(memfd_create("kinds", 0), len, PROT_READ | PROT_WRITE, MAP_SHARED);
}

static char *behind_the_end_of_a_file(size_t len)
{
	return or_null(mmap(NULL, to_pages(len), PROT_READ | PROT_WRITE, MAP_SHARED,
			    memfd_create("kinds", 0), 0));
}

static char *secret(size_t len)
{
	return of_file(syscall(SYS_secret, 0), len, PROT_READ | PROT_WRITE, MAP_SHARED);
}

static char *with_key(size_t len, int rights)
{
	char *buf = present(len);
	int key = pkey_alloc(0, rights);

	if (key < 0 || pkey_mprotect(buf, to_pages(len), PROT_READ | PROT_WRITE, key))
		return NULL;
	return buf;
}

static char *key_without_write(size_t len)
{
	return with_key(len, PKEY_DISABLE_WRITE);
}

static char *key_without_access(size_t len)
{
	return with_key(len, PKEY_DISABLE_ACCESS);
}

/* The kernel uses a protection key for this, if the processor has them. */
static char *executable_only(size_t len)
{
	char *buf = present(len);

	return mprotect(buf, to_pages(len), PROT_EXEC) ? NULL : buf;
}

static char *last_page(char *buf, size_t len)
{
	return buf + to_pages(len) - PAGE;
}

static char *none_at_the_end(size_t len)
{
	char *buf = present(len);

	return mprotect(last_page(buf, len), PAGE, PROT_NONE) ? NULL : buf;
}

static char *guard_at_the_end(size_t len)
{
	char *buf = present(len);

	return madvise(last_page(buf, len), PAGE, MADV_GUARD) ? NULL : buf;
}

static void on_signal(int signal)
{
	(void)signal;
}

/* The page is lost until the next boot. */
static char *poisoned_at_the_end(size_t len)
{
	struct sigaction action = { .sa_handler = on_signal };
	char *buf = present(len);

	if (sigaction(SIGBUS, &action, NULL) || !getenv("DM510_MSGBOX_THROW_AWAY"))
		return NULL;
	return madvise(last_page(buf, len), PAGE, MADV_HWPOISON) ? NULL : buf;
}

static char *device(size_t len)
{
	if (!getenv("DM510_MSGBOX_THROW_AWAY"))
		return NULL;
	return or_null(mmap(NULL, to_pages(len), PROT_READ | PROT_WRITE, MAP_SHARED,
			    open("/dev/mem", O_RDWR | O_SYNC), DEVICE_AT));
}

/* The start of the mapping that has this name in /proc/self/maps. */
static char *mapping(const char *name)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[256], *start = NULL;

	while (maps && !start && fgets(line, sizeof(line), maps))
		if (strstr(line, name))
			start = (char *)strtoul(line, NULL, 16);
	if (maps)
		fclose(maps);
	return start;
}

static char *of_the_vdso(size_t len)
{
	(void)len;
	return mapping("[vdso]");
}

static char *of_its_data(size_t len)
{
	(void)len;
	return mapping("[vvar]");
}

static char *vsyscall(size_t len)
{
	(void)len;
	return (char *)0xffffffffff600000;
}

static char *top_of_the_address_space(size_t len)
{
	return or_null(mmap((void *)(TASK_SIZE - to_pages(len)), to_pages(len),
			    PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
}

static char *beyond_the_top(size_t len)
{
	char *buf = top_of_the_address_space(len);

	return buf ? buf + to_pages(len) - len + 1 : NULL;
}

/* --- stacks that have yet to grow */

static char *below_the_stack(size_t len)
{
	return mapping("[stack]") - 3 * PAGE - len;
}

/* The lowest bytes of the stack's mapping are not in use yet. */
static char *from_below_into_the_stack(size_t len)
{
	size_t within = len / 2 < 1000 ? len / 2 : 1000;

	return mapping("[stack]") + within - len;
}

static char *grows_down(char *at)
{
	return or_null(mmap(at, PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0));
}

/* An unmapped address; on both sides more is unmapped than a stack's guard gap. */
static char *free_addresses(void)
{
	char *at = map(8 * MIB, PROT_NONE);

	munmap(at, 8 * MIB);
	return at + 4 * MIB;
}

static char *below_what_grows_down(size_t len)
{
	return grows_down(free_addresses()) - len;
}

/*
 * From one mapping across unmapped addresses into another, which has to grow down
 * to the first. Only a mapping that grows down itself may be so close below it.
 */
static char *from_a_mapping_into_what_grows_down(size_t len)
{
	char *lower = grows_down(free_addresses());
	size_t gap = len / 2 > PAGE ? len / 2 / PAGE * PAGE : PAGE;

	if (!lower || !grows_down(lower + PAGE + gap))
		return NULL;
	if (len <= gap)
		return lower + PAGE + gap - len;
	/* Most of a long buffer is below, where the lower mapping grows as well. */
	return lower + PAGE + gap + 1 - len;
}

/* --- memory that another thread provides */

struct provider {
	int fd;
	unsigned long mode;	/* of UFFDIO_REGISTER */
};

static int provide(const struct provider *provider, uintptr_t page)
{
	struct uffdio_range range = { .start = page, .len = PAGE };
	struct uffdio_zeropage zeropage = { .range = range };
	struct uffdio_continue there = { .range = range };
	struct uffdio_writeprotect writable = { .range = range };

	switch (provider->mode) {
	case UFFDIO_REGISTER_MODE_MISSING:
		return ioctl(provider->fd, UFFDIO_ZEROPAGE, &zeropage);
	case UFFDIO_REGISTER_MODE_MINOR:
		return ioctl(provider->fd, UFFDIO_CONTINUE, &there);
	default:
		return ioctl(provider->fd, UFFDIO_WRITEPROTECT, &writable);
	}
}

static void *provide_all(void *data)
{
	struct provider *provider = data;
	struct uffd_msg message;

	while (read(provider->fd, &message, sizeof(message)) == sizeof(message))
		if (provide(provider, message.arg.pagefault.address & -PAGE) && errno != EEXIST)
			_exit(100);
	return NULL;
}

static char *provided(char *buf, size_t len, unsigned long mode, unsigned long features)
{
	static struct provider provider;
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	struct uffdio_register range = {
		.range = { .start = (uintptr_t)buf, .len = to_pages(len) }, .mode = mode,
	};
	pthread_t thread;

	provider.mode = mode;
	provider.fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (provider.fd < 0 || ioctl(provider.fd, UFFDIO_API, &api) ||
	    ioctl(provider.fd, UFFDIO_REGISTER, &range) ||
	    pthread_create(&thread, NULL, provide_all, &provider))
		return NULL;
	return buf;
}

static char *userfaultfd_missing(size_t len)
{
	return provided(anonymous(len), len, UFFDIO_REGISTER_MODE_MISSING, 0);
}

/* The pages exist, but are not mapped here. */
static char *userfaultfd_minor(size_t len)
{
	int fd = memfd_create("kinds", 0);
	char *other = of_file(dup(fd), len, PROT_READ | PROT_WRITE, MAP_SHARED);

	if (!other)
		return NULL;
	fill(other, len, 2);
	return provided(of_file(fd, len, PROT_READ | PROT_WRITE, MAP_SHARED), len,
			UFFDIO_REGISTER_MODE_MINOR, UFFD_FEATURE_MINOR_SHMEM);
}

static char *userfaultfd_write_protect(size_t len)
{
	char *buf = present(len);
	struct uffdio_writeprotect protect = {
		.range = { .start = (uintptr_t)buf, .len = to_pages(len) },
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};

	madvise(buf, to_pages(len), MADV_NOHUGEPAGE);
	if (!provided(buf, len, UFFDIO_REGISTER_MODE_WP, UFFD_FEATURE_PAGEFAULT_FLAG_WP))
		return NULL;
	for (int fd = 3; fd < 64; fd++)
		if (!ioctl(fd, UFFDIO_WRITEPROTECT, &protect))
			return buf;
	return NULL;
}

/* --- the two calls on each kind */

/* The result of a child. */
struct answer {
	bool none;	/* this machine has no such memory */
	bool ended;	/* the call returned */
	long ret;
	bool whole;	/* the buffer holds the expected bytes */
};

FIXTURE(kind)
{
	struct answer *answer;
	int file;
	long huge_pages;
};

FIXTURE_VARIANT(kind)
{
	char *(*make)(size_t len);
	/* How much of it read(2) fills and write(2) sends; UNKNOWN: as they do. */
	size_t fills, sends;
	bool changes;		/* by itself, so the bytes cannot be compared */
	bool unpinnable;
};

#define ALL		SIZE_MAX
#define UNKNOWN		(SIZE_MAX - 1)

FIXTURE_VARIANT_ADD(kind, present)
{
	.make = present, .fills = ALL, .sends = ALL,
};

FIXTURE_VARIANT_ADD(kind, anonymous)
{
	.make = anonymous, .fills = ALL, .sends = ALL,
};

FIXTURE_VARIANT_ADD(kind, huge)
{
	.make = huge, .fills = ALL, .sends = ALL,
};

FIXTURE_VARIANT_ADD(kind, hugetlb)
{
	.make = hugetlb, .fills = ALL, .sends = ALL,
};

FIXTURE_VARIANT_ADD(kind, private_file)
{
	.make = private_file, .fills = ALL, .sends = ALL,
};

FIXTURE_VARIANT_ADD(kind, shared_file)
{
	.make = shared_file, .fills = ALL, .sends = ALL,
};

FIXTURE_VARIANT_ADD(kind, read_only_file)
{
	.make = read_only_file, .fills = 0, .sends = ALL,
};

FIXTURE_VARIANT_ADD(kind, tmpfs)
{
	.make = tmpfs, .fills = ALL, .sends = ALL,
};

FIXTURE_VARIANT_ADD(kind, behind_the_end_of_a_file)
{
	.make = behind_the_end_of_a_file, .fills = 0, .sends = 0,
};

FIXTURE_VARIANT_ADD(kind, secret)
{
	.make = secret, .fills = ALL, .sends = ALL,
	.unpinnable = true,
};

FIXTURE_VARIANT_ADD(kind, key_without_write)
{
	.make = key_without_write, .fills = 0, .sends = ALL,
};

FIXTURE_VARIANT_ADD(kind, key_without_access)
{
	.make = key_without_access, .fills = 0, .sends = 0,
};

FIXTURE_VARIANT_ADD(kind, executable_only)
{
	.make = executable_only, .fills = 0, .sends = UNKNOWN,
};

FIXTURE_VARIANT_ADD(kind, none_at_the_end)
{
	.make = none_at_the_end, .fills = 0, .sends = 0,
};

FIXTURE_VARIANT_ADD(kind, guard_at_the_end)
{
	.make = guard_at_the_end, .fills = 0, .sends = 0,
};

FIXTURE_VARIANT_ADD(kind, poisoned_at_the_end)
{
	.make = poisoned_at_the_end, .fills = 0, .sends = 0,
};

FIXTURE_VARIANT_ADD(kind, device)
{
	.make = device, .fills = ALL, .sends = ALL,
	.changes = true,
	.unpinnable = true,
};

FIXTURE_VARIANT_ADD(kind, of_the_vdso)
{
	.make = of_the_vdso, .fills = 0, .sends = UNKNOWN,
};

FIXTURE_VARIANT_ADD(kind, of_its_data)
{
	.make = of_its_data, .fills = 0, .sends = UNKNOWN,
	.changes = true,
};

FIXTURE_VARIANT_ADD(kind, vsyscall)
{
	.make = vsyscall, .fills = 0, .sends = 0,
};

FIXTURE_VARIANT_ADD(kind, top_of_the_address_space)
{
	.make = top_of_the_address_space, .fills = ALL, .sends = ALL,
};

FIXTURE_VARIANT_ADD(kind, beyond_the_top)
{
	.make = beyond_the_top, .fills = 0, .sends = 0,
};

FIXTURE_VARIANT_ADD(kind, below_the_stack)
{
	.make = below_the_stack, .fills = ALL, .sends = ALL,
};

FIXTURE_VARIANT_ADD(kind, from_below_into_the_stack)
{
	.make = from_below_into_the_stack, .fills = ALL, .sends = ALL,
};

FIXTURE_VARIANT_ADD(kind, below_what_grows_down)
{
	.make = below_what_grows_down, .fills = ALL, .sends = ALL,
};

FIXTURE_VARIANT_ADD(kind, from_a_mapping_into_what_grows_down)
{
	.make = from_a_mapping_into_what_grows_down, .fills = ALL, .sends = ALL,
};

FIXTURE_VARIANT_ADD(kind, userfaultfd_missing)
{
	.make = userfaultfd_missing, .fills = ALL, .sends = ALL,
};

FIXTURE_VARIANT_ADD(kind, userfaultfd_minor)
{
	.make = userfaultfd_minor, .fills = ALL, .sends = ALL,
};

FIXTURE_VARIANT_ADD(kind, userfaultfd_write_protect)
{
	.make = userfaultfd_write_protect, .fills = ALL, .sends = ALL,
};

static long with_error(long ret)
{
	return ret < 0 ? -errno : ret;
}

static long read_file(char *buf, int len, int fd)
{
	return with_error(pread(fd, buf, len, 0));
}

static long write_file(char *buf, int len, int fd)
{
	return with_error(pwrite(fd, buf, len, 0));
}

static long get_message(char *buf, int len, int fd)
{
	(void)fd;
	return get(buf, len);
}

static long put_message(char *buf, int len, int fd)
{
	(void)fd;
	return put(buf, len);
}

static long nothing(char *buf, int len, int fd)
{
	(void)buf;
	(void)fd;
	return -len;
}

/* In a child: makes one call on memory of this kind. */
static void ask(struct answer *answer, char *(*make)(size_t len),
		long (*call)(char *buf, int len, int fd), int len, int fd)
{
	char *buf = make(len);

	answer->none = !buf;
	if (!buf)
		return;
	answer->ret = call(buf, len, fd);
	answer->ended = true;
	if (answer->ret == len)
		answer->whole = is_filled(buf, len, len);
}

/* Returns false if there is no such memory or the child gave no answer. */
static bool child_asks(struct answer *answer, char *(*make)(size_t len),
		       long (*call)(char *buf, int len, int fd), int len, int fd)
{
	int status;
	pid_t pid;

	memset(answer, 0, sizeof(*answer));
	pid = fork();
	if (pid == 0) {
		ask(answer, make, call, len, fd);
		_exit(0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && !answer->none && answer->ended;
}

FIXTURE_SETUP(kind)
{
	begin_with_empty_box(_metadata);
	self->huge_pages = read_number(HUGE_PAGES);
	self->file = memfd_create("kinds", 0);
	self->answer = mmap(NULL, sizeof(*self->answer), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->answer);
	if (!child_asks(self->answer, variant->make, nothing, 1, -1) && self->answer->none)
		SKIP_TEST("this machine has no such memory");
}

FIXTURE_TEARDOWN(kind)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", self->huge_pages);
	write_text(HUGE_PAGES, text);
	close(self->file);
	end_with_empty_box(_metadata);
}

static void asks(struct __test_metadata *_metadata, struct answer *answer,
		 char *(*make)(size_t len), long (*call)(char *buf, int len, int fd), int len,
		 int fd)
{
	ASSERT_TRUE(child_asks(answer, make, call, len, fd)) {
		TH_LOG("%d bytes: no answer", len);
	}
}

TEST_F(kind, get_fills_what_read_fills)
{
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		int len = sizes[i];
		char *message = new_message(len, len);
		bool filled;

		ASSERT_EQ(len, pwrite(self->file, message, len, 0));
		asks(_metadata, self->answer, variant->make, read_file, len, self->file);
		filled = self->answer->ret == len;
		if (variant->fills != UNKNOWN)
			ASSERT_EQ(variant->fills >= (size_t)len, filled) TH_LOG("%d bytes", len);
		if (filled && !variant->changes)
			ASSERT_TRUE(self->answer->whole);

		ASSERT_EQ(0, put(message, len));
		asks(_metadata, self->answer, variant->make, get_message, len, self->file);
		if (filled && !(variant->unpinnable && LARGE(len))) {
			ASSERT_EQ(len, self->answer->ret) TH_LOG("%d bytes", len);
			if (!variant->changes)
				ASSERT_TRUE(self->answer->whole);
		} else {
			ASSERT_EQ(-EFAULT, self->answer->ret) TH_LOG("%d bytes", len);
			ASSERT_EQ(len, get_expecting(message, len));
		}
		ASSERT_EQ(-ENODATA, get_nothing());
		free(message);
	}
}

TEST_F(kind, put_sends_what_write_sends)
{
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		int len = sizes[i];
		char *sent = calloc(1, len);
		bool all;

		asks(_metadata, self->answer, variant->make, write_file, len, self->file);
		all = self->answer->ret == len;
		if (variant->sends != UNKNOWN)
			ASSERT_EQ(variant->sends >= (size_t)len, all) TH_LOG("%d bytes", len);

		asks(_metadata, self->answer, variant->make, put_message, len, self->file);
		ASSERT_EQ(all ? 0 : -EFAULT, self->answer->ret) TH_LOG("%d bytes", len);
		if (all && variant->changes) {
			ASSERT_EQ(1, drain());
		} else if (all) {
			ASSERT_EQ(len, pread(self->file, sent, len, 0));
			ASSERT_EQ(len, get_expecting(sent, len));
		}
		ASSERT_EQ(-ENODATA, get_nothing());
		free(sent);
	}
}

TEST_HARNESS_MAIN

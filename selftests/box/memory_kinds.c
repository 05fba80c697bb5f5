// SPDX-License-Identifier: GPL-2.0
/*
 * Makes the kinds of memory for kinds.c.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "arch.h"
#include "calls.h"
#include "memory_kinds.h"

#define HUGE_PAGE	(2 * MIB)

/* From newer kernels and C libraries. */
#define MADV_GUARD	102
#define SYS_secret	447

static size_t to_pages(size_t len)
{
	return (len + PAGE - 1) / PAGE * PAGE;
}

static char *or_null(void *memory)
{
	return memory == MAP_FAILED ? NULL : memory;
}

char *present(size_t len)
{
	char *buf = map(to_pages(len), PROT_READ | PROT_WRITE);

	fill(buf, len, 2);
	return buf;
}

char *anonymous(size_t len)
{
	return map(to_pages(len), PROT_READ | PROT_WRITE);
}

char *huge(size_t len)
{
	char *buf = map(len + 2 * HUGE_PAGE, PROT_READ | PROT_WRITE);

	buf += -(uintptr_t)buf % HUGE_PAGE;
	return madvise(buf, HUGE_PAGE, MADV_HUGEPAGE) ? NULL : buf + PAGE / 2;
}

char *hugetlb(size_t len)
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

char *private_file(size_t len)
{
	return of_file(new_file(), len, PROT_READ | PROT_WRITE, MAP_PRIVATE);
}

char *shared_file(size_t len)
{
	return of_file(new_file(), len, PROT_READ | PROT_WRITE, MAP_SHARED);
}

char *read_only_file(size_t len)
{
	return of_file(new_file(), len, PROT_READ, MAP_SHARED);
}

char *tmpfs(size_t len)
{
	return of_file(memfd_create("kinds", 0), len, PROT_READ | PROT_WRITE, MAP_SHARED);
}

char *behind_the_end_of_a_file(size_t len)
{
	return or_null(mmap(NULL, to_pages(len), PROT_READ | PROT_WRITE, MAP_SHARED,
			    memfd_create("kinds", 0), 0));
}

char *secret(size_t len)
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

char *key_without_write(size_t len)
{
	return with_key(len, PKEY_DISABLE_WRITE);
}

char *key_without_access(size_t len)
{
	return with_key(len, PKEY_DISABLE_ACCESS);
}

/* The kernel uses a protection key for this, if the processor has them. */
char *executable_only(size_t len)
{
	char *buf = present(len);

	return mprotect(buf, to_pages(len), PROT_EXEC) ? NULL : buf;
}

static char *last_page(char *buf, size_t len)
{
	return buf + to_pages(len) - PAGE;
}

char *none_at_the_end(size_t len)
{
	char *buf = present(len);

	return mprotect(last_page(buf, len), PAGE, PROT_NONE) ? NULL : buf;
}

char *guard_at_the_end(size_t len)
{
	char *buf = present(len);

	return madvise(last_page(buf, len), PAGE, MADV_GUARD) ? NULL : buf;
}

static void on_signal(int signal)
{
	(void)signal;
}

/* The page is lost until the next boot. */
char *poisoned_at_the_end(size_t len)
{
	struct sigaction action = { .sa_handler = on_signal };
	char *buf = present(len);

	if (sigaction(SIGBUS, &action, NULL) || !getenv("DM510_MSGBOX_THROW_AWAY"))
		return NULL;
	return madvise(last_page(buf, len), PAGE, MADV_HWPOISON) ? NULL : buf;
}

char *device(size_t len)
{
	if (!DEVICE_MEMORY || !getenv("DM510_MSGBOX_THROW_AWAY"))
		return NULL;
	return or_null(mmap(NULL, to_pages(len), PROT_READ | PROT_WRITE, MAP_SHARED,
			    open("/dev/mem", O_RDWR | O_SYNC), DEVICE_MEMORY));
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

char *of_the_vdso(size_t len)
{
	(void)len;
	return mapping("[vdso]");
}

char *of_its_data(size_t len)
{
	(void)len;
	return mapping("[vvar]");
}

char *vsyscall(size_t len)
{
	(void)len;
	return (char *)0xffffffffff600000;
}

char *top_of_the_address_space(size_t len)
{
	return or_null(mmap((void *)(USER_SPACE_END - to_pages(len)), to_pages(len),
			    PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
}

char *beyond_the_top(size_t len)
{
	char *buf = top_of_the_address_space(len);

	return buf ? buf + to_pages(len) - len + 1 : NULL;
}

/* --- stacks that have yet to grow */

char *below_the_stack(size_t len)
{
	return mapping("[stack]") - 3 * PAGE - len;
}

/* The lowest bytes of the stack's mapping are not in use yet. */
char *from_below_into_the_stack(size_t len)
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
	char *at = map(2048 * PAGE, PROT_NONE);

	munmap(at, 2048 * PAGE);
	return at + 1024 * PAGE;
}

char *below_what_grows_down(size_t len)
{
	return grows_down(free_addresses()) - len;
}

/*
 * From one mapping across unmapped addresses into another, which has to grow down
 * to the first. Only a mapping that grows down itself may be so close below it.
 */
char *from_a_mapping_into_what_grows_down(size_t len)
{
	char *lower = grows_down(free_addresses());
	size_t page = PAGE, gap = len / 2 > page ? len / 2 / page * page : page;

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

char *userfaultfd_missing(size_t len)
{
	return provided(anonymous(len), len, UFFDIO_REGISTER_MODE_MISSING, 0);
}

/* The pages exist, but are not mapped here. */
char *userfaultfd_minor(size_t len)
{
	int fd = memfd_create("kinds", 0);
	char *other = of_file(dup(fd), len, PROT_READ | PROT_WRITE, MAP_SHARED);

	if (!other)
		return NULL;
	fill(other, len, 2);
	return provided(of_file(fd, len, PROT_READ | PROT_WRITE, MAP_SHARED), len,
			UFFDIO_REGISTER_MODE_MINOR, UFFD_FEATURE_MINOR_SHMEM);
}

char *userfaultfd_write_protect(size_t len)
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

// SPDX-License-Identifier: GPL-2.0
/*
 * A shadow stack holds return addresses, on processors that have it (CET on x86, GCS on arm64).
 * A program can read it but not write to it, although its mapping is marked writable. The calls
 * have to treat it as read(2) and write(2) do, so each test makes both (but not read(2)
 * where it does not return). Needs a kernel and a processor with user shadow stacks.
 */
#include <sched.h>
#include <sys/wait.h>

#include "child.h"
#include "msgbox.h"
#include "shadow_stack.h"

/* Linux 6.6 has it at this number; older headers do not. */
#define MAP_SHADOW_STACK_NR	453
/* From asm/mman.h of 6.6. */
#define SET_TOKEN		1

/* A call with present memory takes less than this on any machine. */
#define SECONDS_LIMIT		3

#define LARGEST			MIB
#define SEED			1

/* Where the buffer is. */
enum place {
	FRESH,		/* in a shadow stack that was never accessed */
	PRESENT,	/* in a shadow stack that write(2) has read */
	BEFORE,		/* half in ordinary memory, half in a shadow stack after it */
};

/* The shadow stack ends with a token, which is not 0. */
static char *map_shadow_stack(char *at, size_t size)
{
	return (char *)syscall(MAP_SHADOW_STACK_NR, at, size, SET_TOKEN);
}

/* Ordinary memory with a shadow stack right after it; NULL if there is none. */
static char *map_both(size_t size)
{
	char *both = map(2 * size, PROT_READ | PROT_WRITE);

	munmap(both + size, size);
	if (map_shadow_stack(both + size, size) != both + size)
		return NULL;
	return both;
}

/*
 * Makes the call in a child. Returns its result, or -ETIMEDOUT if it did not return
 * and the alarm killed the child.
 */
static long in_a_child(long (*call)(char *buf, int len), char *buf, int len)
{
	long *result = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long ret;
	pid_t pid;

	*result = -ETIMEDOUT;
	pid = fork();
	if (pid == 0) {
		alarm(SECONDS_LIMIT);
		*result = call(buf, len);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	ret = *result;
	munmap(result, PAGE);
	return ret;
}

static long get_call(char *buf, int len)
{
	return get(buf, len);
}

static long put_call(char *buf, int len)
{
	return put(buf, len);
}

/* Can read(2) fill the buffer with these bytes? */
static bool read_fills(char *buf, const char *bytes, size_t len)
{
	int fd = memfd_create("source", 0);
	bool filled;

	if (fd < 0 || pwrite(fd, bytes, len, 0) != (ssize_t)len)
		abort();
	filled = read(fd, buf, len) == (ssize_t)len;
	close(fd);
	return filled;
}

/* Can write(2) send the buffer? Stores what it sends in sent. */
static bool write_sends(const char *buf, char *sent, size_t len)
{
	int fd = memfd_create("sink", 0);
	bool sends;

	if (fd < 0)
		abort();
	sends = write(fd, buf, len) == (ssize_t)len && pread(fd, sent, len, 0) == (ssize_t)len;
	close(fd);
	return sends;
}

FIXTURE(shadow_stack)
{
	char *message;
	char *sent;
	char *both;		/* ordinary memory, then a shadow stack */
	char *buf;
};

FIXTURE_VARIANT(shadow_stack)
{
	enum place place;
	size_t len;
};

FIXTURE_VARIANT_ADD(shadow_stack, fresh_of_1) { .place = FRESH, .len = 1 };
FIXTURE_VARIANT_ADD(shadow_stack, fresh_of_64) { .place = FRESH, .len = 64 };
FIXTURE_VARIANT_ADD(shadow_stack, fresh_of_5000) { .place = FRESH, .len = 5000 };
FIXTURE_VARIANT_ADD(shadow_stack, fresh_of_9000) { .place = FRESH, .len = 9000 };
FIXTURE_VARIANT_ADD(shadow_stack, fresh_of_100000) { .place = FRESH, .len = 100000 };
FIXTURE_VARIANT_ADD(shadow_stack, fresh_of_1_mib) { .place = FRESH, .len = MIB };
FIXTURE_VARIANT_ADD(shadow_stack, present_of_1) { .place = PRESENT, .len = 1 };
FIXTURE_VARIANT_ADD(shadow_stack, present_of_64) { .place = PRESENT, .len = 64 };
FIXTURE_VARIANT_ADD(shadow_stack, present_of_5000) { .place = PRESENT, .len = 5000 };
FIXTURE_VARIANT_ADD(shadow_stack, present_of_9000) { .place = PRESENT, .len = 9000 };
FIXTURE_VARIANT_ADD(shadow_stack, present_of_100000) { .place = PRESENT, .len = 100000 };
FIXTURE_VARIANT_ADD(shadow_stack, present_of_1_mib) { .place = PRESENT, .len = MIB };
FIXTURE_VARIANT_ADD(shadow_stack, before_of_64) { .place = BEFORE, .len = 64 };
FIXTURE_VARIANT_ADD(shadow_stack, before_of_5000) { .place = BEFORE, .len = 5000 };
FIXTURE_VARIANT_ADD(shadow_stack, before_of_9000) { .place = BEFORE, .len = 9000 };
FIXTURE_VARIANT_ADD(shadow_stack, before_of_100000) { .place = BEFORE, .len = 100000 };
FIXTURE_VARIANT_ADD(shadow_stack, before_of_1_mib) { .place = BEFORE, .len = MIB };

FIXTURE_SETUP(shadow_stack)
{
	size_t len = variant->len;

	begin_with_empty_box(_metadata);
	if (put_nr == MAP_SHADOW_STACK_NR || get_nr == MAP_SHADOW_STACK_NR)
		SKIP_TEST("this kernel has no shadow stacks");
	self->both = map_both(LARGEST);
	if (!self->both)
		SKIP_TEST("no user shadow stacks: %s", strerror(errno));
	self->message = new_message(len, SEED);
	self->sent = calloc(1, len);
	ASSERT_NE(NULL, self->sent);
	fill(self->both, LARGEST, SEED);
	/* A buffer inside the shadow stack ends with the token. */
	self->buf = self->both + 2 * LARGEST - len;
	ASSERT_TRUE(variant->place != PRESENT || write_sends(self->buf, self->sent, len));
	if (variant->place == BEFORE)
		self->buf = self->both + LARGEST - len / 2;
}

FIXTURE_TEARDOWN(shadow_stack)
{
	munmap(self->both, 2 * LARGEST);
	free(self->message);
	free(self->sent);
	end_with_empty_box(_metadata);
}

/* The get comes first, because read(2) faults in fresh memory. */
TEST_F(shadow_stack, get_refuses_what_read_refuses)
{
	size_t len = variant->len;
	long ret;

	ASSERT_EQ(0, put(self->message, len));
	ret = in_a_child(get_call, self->buf, len);
	EXPECT_EQ(-EFAULT, ret) {
		TH_LOG("get: %s", ret < 0 ? strerror(-ret) : "success");
	}
	EXPECT_EQ(len, get_expecting(self->message, len)) {
		TH_LOG("the message did not stay");
	}
	if (READ_RETURNS)
		EXPECT_FALSE(read_fills(self->buf, self->message, len));
}

TEST_F(shadow_stack, put_sends_what_write_sends)
{
	size_t len = variant->len;

	ASSERT_EQ(0, in_a_child(put_call, self->buf, len));
	EXPECT_TRUE(write_sends(self->buf, self->sent, len));
	EXPECT_EQ(0, memcmp(self->buf, self->sent, len));
	EXPECT_EQ(len, get_expecting(self->sent, len));
}

/*
 * What a caller does while its shadow stack is enabled. Returns 0, or the number of
 * the step that failed. The buffer in the active shadow stack is a page below the part
 * in use, which changes with each function call.
 */
static __always_inline int use_the_calls(const char *message, char *buf, int len)
{
	char *top = (char *)shadow_stack_pointer();
	char *active = top - PAGE - len;

	if (!top)
		return 1;
	if (put(message, len))
		return 2;
	if (get(buf, len - 1) != -EMSGSIZE)
		return 3;
	if (get(active, len) != -EFAULT)
		return 4;
	if (READ_RETURNS && read_fills(active, message, len))
		return 5;
	if (get_expecting(message, len) != len)
		return 6;
	if (put(active, len))
		return 7;
	if (!write_sends(active, buf, len))
		return 8;
	if (get_expecting(buf, len) != len)
		return 9;
	return (char *)shadow_stack_pointer() == top ? 0 : 10;
}

static int call_with_a_shadow_stack(long len)
{
	/*
	 * In Bochs 2.7 the kernel cannot switch from one task's shadow stack to
	 * another's, so no other task may run.
	 */
	const struct sched_param first = { .sched_priority = 1 };
	char *message = new_message(len, SEED);
	char *buf = calloc(1, len);
	int wrong;

	if (!buf || sched_setscheduler(0, SCHED_FIFO, &first))
		return -1;
	alarm(SECONDS_LIMIT);
	if (switch_shadow_stack(true))
		return -1;
	wrong = use_the_calls(message, buf, len);
	return switch_shadow_stack(false) ? -1 : wrong;
}

FIXTURE(caller)
{
};

FIXTURE_VARIANT(caller)
{
	size_t len;
};

FIXTURE_VARIANT_ADD(caller, of_1) { .len = 1 };
FIXTURE_VARIANT_ADD(caller, of_64) { .len = 64 };
FIXTURE_VARIANT_ADD(caller, of_5000) { .len = 5000 };
FIXTURE_VARIANT_ADD(caller, of_9000) { .len = 9000 };
FIXTURE_VARIANT_ADD(caller, of_100000) { .len = 100000 };
FIXTURE_VARIANT_ADD(caller, of_1_mib) { .len = MIB };

FIXTURE_SETUP(caller)
{
	begin_with_empty_box(_metadata);
	if (switch_shadow_stack(false))
		SKIP_TEST("no user shadow stacks");
}

FIXTURE_TEARDOWN(caller)
{
	end_with_empty_box(_metadata);
}

TEST_F(caller, with_a_shadow_stack_of_its_own)
{
	int status = status_of(call_with_a_shadow_stack, variant->len);

	ASSERT_TRUE(WIFEXITED(status)) {
		TH_LOG("a call did not return, or the caller died: signal %d",
		       WTERMSIG(status));
	}
	EXPECT_EQ(0, WEXITSTATUS(status)) {
		TH_LOG("step %d failed", WEXITSTATUS(status));
	}
}

TEST_HARNESS_MAIN

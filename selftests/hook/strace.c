// SPDX-License-Identifier: GPL-2.0
/*
 * The strace program has no names for the calls, but shows their numbers, arguments
 * and results like those of other calls.
 */
#include "child.h"
#include "msgbox.h"

static char buf[64];

/* Waits for a byte from the pipe, which comes when strace has attached. */
static int puts_and_gets(int start)
{
	char byte;

	if (read(start, &byte, 1) != 1)
		return 1;
	raw(put_nr, (uintptr_t)buf, 7, 3, 4, 5, 6);
	raw(get_nr, (uintptr_t)buf, sizeof(buf), 0xdeadbeef00000003, 4, 5, 6);
	raw(get_nr, (uintptr_t)buf, sizeof(buf), 3, 4, 5, 6);
	raw(put_nr, 0, 7, 3, 4, 5, 6);
	return 0;
}

/* -a 1: no spaces before the results. */
static void run_strace(pid_t child, int out)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", child);
	dup2(out, STDERR_FILENO);
	execlp("strace", "strace", "-a", "1", "-p", pid, NULL);
	_exit(127);
}

FIXTURE(strace)
{
	pid_t child;
	pid_t strace;
	/* A byte into this pipe lets the child make its calls. */
	int start;
	/* The output of strace. */
	FILE *output;
};

FIXTURE_SETUP(strace)
{
	int start[2], output[2];

	begin_with_empty_box(_metadata);
	if (system("strace --version >/dev/null"))
		SKIP_TEST("strace is not installed: apt install strace");
	ASSERT_EQ(0, pipe2(start, O_CLOEXEC));
	ASSERT_EQ(0, pipe2(output, O_CLOEXEC));
	self->child = fork();
	if (self->child == 0)
		_exit(puts_and_gets(start[0]));
	self->strace = fork();
	if (self->strace == 0)
		run_strace(self->child, output[1]);
	close(output[1]);
	self->start = start[1];
	self->output = fdopen(output[0], "r");
}

FIXTURE_TEARDOWN(strace)
{
	int status;

	EXPECT_EQ(self->child, waitpid(self->child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(self->strace, waitpid(self->strace, &status, 0));
	EXPECT_EQ(0, status);
	end_with_empty_box(_metadata);
}

/* The next line of strace's output, without the newline. */
static char *next_line(FILE *output)
{
	static char line[256];

	if (!fgets(line, sizeof(line), output))
		return "(end of output)";
	line[strcspn(line, "\n")] = '\0';
	return line;
}

/*
 * The next line that is not about the child's read(): strace shows that one only if
 * it attached before the child called it.
 */
static char *next_call(FILE *output)
{
	char *line;

	do {
		line = next_line(output);
	} while (!strncmp(line, "read(", strlen("read(")));
	return line;
}

/* Expects a line about one call; rest is the line after the call's first argument. */
#define EXPECT_CALL(nr, at, rest) do {						\
	char expected[256];							\
										\
	snprintf(expected, sizeof(expected), "syscall_%#lx(%#lx, " rest, nr,	\
		 (unsigned long)(at));						\
	EXPECT_STREQ(expected, next_call(self->output));			\
} while (0)

TEST_F(strace, shows_number_arguments_and_results)
{
	char attached[64];

	snprintf(attached, sizeof(attached), "strace: Process %d attached", self->child);
	ASSERT_STREQ(attached, next_line(self->output));
	ASSERT_EQ(1, write(self->start, "", 1));

	EXPECT_CALL(put_nr, buf, "0x7, 0x3, 0x4, 0x5, 0x6) = 0");
	EXPECT_CALL(get_nr, buf, "0x40, 0xdeadbeef00000003, 0x4, 0x5, 0x6) = 0x7");
	EXPECT_CALL(get_nr, buf, "0x40, 0x3, 0x4, 0x5, 0x6) = -1 ENODATA (No data available)");
	EXPECT_CALL(put_nr, 0, "0x7, 0x3, 0x4, 0x5, 0x6) = -1 EINVAL (Invalid argument)");
	EXPECT_STREQ("exit_group(0) = ?", next_line(self->output));
}

/* With --seccomp-bpf, strace stops only the calls that it traces. */
TEST_F(msgbox, pass_the_filter_of_strace)
{
	char command[2 * PATH_MAX];

	snprintf(command, sizeof(command),
		 "strace -f --seccomp-bpf -e trace=getppid -o /dev/null %s put passes >/dev/null",
		 path_beside("call"));
	ASSERT_EQ(0, system(command));
	ASSERT_EQ(7, get_expecting("passes", 7));
}

TEST_HARNESS_MAIN

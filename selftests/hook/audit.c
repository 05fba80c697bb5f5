// SPDX-License-Identifier: GPL-2.0
/*
 * audit: with a rule for the number of put or get, each such call gives a record
 * with the right contents. So does a call that seccomp logs.
 *
 * Once audit has been on, it makes every later process slightly slower, so this runs
 * after the other tests.
 */
#include <linux/audit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include "child.h"
#include "filter.h"
#include "msgbox.h"

/* A record shows the first four arguments of a call, in hexadecimal. */
#define ARGUMENT_3	3UL
#define ARGUMENT_4	0x4444444444444444UL

static const char message[8] = "message";
static char buf[64];

/* A netlink message, to or from the kernel. */
struct packet {
	struct nlmsghdr header;
	union {
		struct audit_status status;
		struct audit_rule_data rule;
		struct nlmsgerr error;
		char text[8192];
	};
};

static int open_netlink(unsigned int groups)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Waits for a packet, for ten seconds at most. */
static int receive(int fd, struct packet *packet)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	ssize_t len;

	if (poll(&pollfd, 1, 10 * 1000) != 1)
		return -ETIMEDOUT;
	len = recv(fd, packet, sizeof(*packet) - 1, 0);
	if (len < (ssize_t)sizeof(packet->header))
		return -EBADMSG;
	((char *)packet)[len] = '\0';
	return 0;
}

/* Sends a request and returns 0, or the error as a negative number. */
static int ask(int fd, int type, struct packet *packet, size_t len)
{
	int err;

	packet->header = (struct nlmsghdr) {
		.nlmsg_len = NLMSG_LENGTH(len),
		.nlmsg_type = type,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
	};
	if (send(fd, packet, packet->header.nlmsg_len, 0) < 0)
		return -errno;
	do {
		err = receive(fd, packet);
		if (err)
			return err;
	} while (packet->header.nlmsg_type != NLMSG_ERROR);
	return packet->error.error;
}

static int get_status(int fd, struct audit_status *status)
{
	struct packet packet = {};
	int err = ask(fd, AUDIT_GET, &packet, 0);

	/* The reply comes after the acknowledgment. */
	while (!err && packet.header.nlmsg_type != AUDIT_GET)
		err = receive(fd, &packet);
	*status = packet.status;
	return err;
}

static int set_enabled(int fd, unsigned int enabled)
{
	struct packet packet = {
		.status = { .mask = AUDIT_STATUS_ENABLED, .enabled = enabled },
	};

	return ask(fd, AUDIT_SET, &packet, sizeof(packet.status));
}

/* Adds or deletes the rule that always records this call of 64-bit programs. */
static int change_rule(int fd, int type, long nr)
{
	struct packet packet = {
		.rule = {
			.flags = AUDIT_FILTER_EXIT,
			.action = AUDIT_ALWAYS,
			.field_count = 1,
			.fields = { AUDIT_ARCH },
			.fieldflags = { AUDIT_EQUAL },
			.values = { AUDIT_ARCH_OURS },
		},
	};

	packet.rule.mask[AUDIT_WORD(nr)] = AUDIT_BIT(nr);
	return ask(fd, type, &packet, sizeof(packet.rule));
}

FIXTURE(audit)
{
	/* The sockets for requests to audit, and for its records. */
	int control;
	int records;
	unsigned int enabled_before;
};

FIXTURE_SETUP(audit)
{
	struct audit_status before;

	begin_with_empty_box(_metadata);
	self->control = open_netlink(0);
	if (self->control < 0)
		SKIP_TEST("this kernel has no audit");
	self->records = open_netlink(1 << (AUDIT_NLGRP_READLOG - 1));
	ASSERT_LE(0, self->records);
	ASSERT_EQ(0, get_status(self->control, &before));
	if (before.enabled > 1)
		SKIP_TEST("audit's rules are locked on this machine");
	self->enabled_before = before.enabled;
	ASSERT_EQ(0, set_enabled(self->control, 1));
}

FIXTURE_TEARDOWN(audit)
{
	struct audit_status after;

	/* These rules still exist only if the test failed. */
	change_rule(self->control, AUDIT_DEL_RULE, put_nr);
	change_rule(self->control, AUDIT_DEL_RULE, get_nr);
	EXPECT_EQ(0, set_enabled(self->control, self->enabled_before));
	EXPECT_EQ(0, get_status(self->control, &after));
	EXPECT_EQ(self->enabled_before, after.enabled);
	end_with_empty_box(_metadata);
}

/*
 * The next record of this type about this process. Records about others are skipped.
 * If the record does not come, receive() ends the loop.
 */
static const char *next_record(struct __test_metadata *_metadata, int fd, int type, pid_t pid)
{
	static struct packet packet;
	char wanted[32];

	snprintf(wanted, sizeof(wanted), " pid=%d ", pid);
	do {
		ASSERT_EQ(0, receive(fd, &packet)) {
			TH_LOG("no record of type %d of process %d", type, pid);
		}
	} while (packet.header.nlmsg_type != type || !strstr(packet.text, wanted));
	return packet.text;
}

/* Runs body in a new process; only processes that start while audit is on are audited. */
static pid_t run(struct __test_metadata *_metadata, int (*body)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(body());
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	return pid;
}

static long call(long nr, const void *at, unsigned long len)
{
	return raw(nr, (uintptr_t)at, len, ARGUMENT_3, ARGUMENT_4, 5, 6);
}

static void expect_record(struct __test_metadata *_metadata, int records, pid_t pid, long nr,
			  const void *at, unsigned long len, long result)
{
	const char *record = next_record(_metadata, records, AUDIT_SYSCALL, pid);
	char expected[256];

	snprintf(expected, sizeof(expected),
		 " arch=%x syscall=%ld success=%s exit=%ld a0=%lx a1=%lx a2=%lx a3=%lx ",
		 AUDIT_ARCH_OURS, nr, result < 0 ? "no" : "yes", result, (unsigned long)at, len,
		 ARGUMENT_3, ARGUMENT_4);
	EXPECT_NE(NULL, strstr(record, expected)) {
		TH_LOG("record: %s", record);
		TH_LOG("lacks: %s", expected);
	}
}

/* The other calls have no rule and must give no record. */
static int puts_twice(void)
{
	call(get_nr, buf, sizeof(buf));
	if (call(put_nr, message, sizeof(message)))
		return 1;
	getppid();
	return call(put_nr, NULL, 8) == -EINVAL ? 0 : 2;
}

TEST_F(audit, puts_are_recorded)
{
	pid_t pid;

	ASSERT_EQ(0, change_rule(self->control, AUDIT_ADD_RULE, put_nr));
	pid = run(_metadata, puts_twice);
	ASSERT_EQ(0, change_rule(self->control, AUDIT_DEL_RULE, put_nr));
	ASSERT_EQ(8, get_expecting(message, sizeof(message)));
	expect_record(_metadata, self->records, pid, put_nr, message, sizeof(message), 0);
	expect_record(_metadata, self->records, pid, put_nr, NULL, 8, -EINVAL);
}

static int gets_twice(void)
{
	if (call(put_nr, message, sizeof(message)) || call(get_nr, buf, sizeof(buf)) != 8)
		return 1;
	getppid();
	return call(get_nr, buf, sizeof(buf)) == -ENODATA ? 0 : 2;
}

TEST_F(audit, gets_are_recorded)
{
	pid_t pid;

	ASSERT_EQ(0, change_rule(self->control, AUDIT_ADD_RULE, get_nr));
	pid = run(_metadata, gets_twice);
	ASSERT_EQ(0, change_rule(self->control, AUDIT_DEL_RULE, get_nr));
	expect_record(_metadata, self->records, pid, get_nr, buf, sizeof(buf), 8);
	expect_record(_metadata, self->records, pid, get_nr, buf, sizeof(buf), -ENODATA);
}

static int puts_one_that_is_logged(void)
{
	if (filter_call(0, put_nr, sizeof(message), SECCOMP_RET_LOG))
		return 1;
	return call(put_nr, message, sizeof(message)) ? 2 : 0;
}

/* A record that the filter requests needs no rule. */
TEST_F(audit, what_seccomp_logs_is_recorded)
{
	pid_t pid = run(_metadata, puts_one_that_is_logged);
	const char *record = next_record(_metadata, self->records, AUDIT_SECCOMP, pid);
	char expected[64], code[32];

	snprintf(expected, sizeof(expected), " arch=%x syscall=%ld compat=0 ",
		 AUDIT_ARCH_OURS, put_nr);
	snprintf(code, sizeof(code), " code=%#x", SECCOMP_RET_LOG);
	EXPECT_NE(NULL, strstr(record, expected));
	EXPECT_NE(NULL, strstr(record, code)) {
		TH_LOG("%s", record);
	}
	ASSERT_EQ(8, get_expecting(message, sizeof(message)));
}

TEST_HARNESS_MAIN

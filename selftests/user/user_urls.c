// SPDX-License-Identifier: GPL-2.0
/*
 * URLs that are wrong: msgbox_open() says EINVAL, and its text names what is wrong. No
 * text shows a password. None of this needs a box.
 */
#define NEEDS_NO_BOX
#include <sys/stat.h>

#include "user.h"

#define SECRET	"s3cr3t"

/* One byte too long. */
#define TWENTY_BYTES	"/2345678901234567890"
#define LONG_PATH	TWENTY_BYTES TWENTY_BYTES TWENTY_BYTES TWENTY_BYTES TWENTY_BYTES "/2345678"

struct wrong {
	const char *url;
	/* What the text must contain, in any case. */
	const char *names;
};

static const struct wrong wrongs[] = {
	/* schemes */
	{ "http://host/key", "redis://" },
	{ "redis:/host/key", "redis://" },
	{ "redis:host", "redis://" },
	{ "redis", "redis://" },
	{ "kernel", "kernel:" },
	{ "kernel://", "kernel:" },
	{ "kernel:box", "kernel:" },
	{ "unix:///socket?key=key", "redis+unix://" },
	{ " redis://host/key", "redis://" },
	{ "://host/key", "redis://" },
	/* hosts */
	{ "redis://", "host" },
	{ "redis:///key", "host" },
	{ "redis://:6379/key", "host" },
	{ "redis://[::1/key", "]" },
	{ "redis://[::1]x/key", "]" },
	{ "redis://[]/key", "host" },
	/* ports */
	{ "redis://host:99999/key", "port" },
	{ "redis://host:65536/key", "port" },
	{ "redis://host:0/key", "port" },
	{ "redis://host:-1/key", "port" },
	{ "redis://host:/key", "port" },
	{ "redis://host:six/key", "port" },
	{ "redis://host:6379x/key", "port" },
	{ "redis://host: 6379/key", "port" },
	{ "redis://host:18446744073709557995/key", "port" },
	{ "redis://[::1]:0/key", "port" },
	/* keys */
	{ "redis://host", "key" },
	{ "redis://host/", "key" },
	{ "redis://host:6379", "key" },
	{ "redis://host/?timeout=1", "key" },
	{ "redis+unix:///socket", "key" },
	{ "redis+unix:///socket?key=", "key" },
	{ "redis+unix:///socket?timeout=1", "key" },
	{ "redis://host/key?key=other", "key" },
	/* sockets */
	{ "redis+unix://?key=key", "socket" },
	{ "redis+unix:///?key=key", "socket" },
	{ "redis+unix://relative/path?key=key", "socket" },
	{ "redis+unix://" LONG_PATH "?key=key", "socket" },
	/* escapes */
	{ "redis://host/%", "%" },
	{ "redis://host/%4", "%" },
	{ "redis://host/%zz", "%" },
	{ "redis://host/a%4", "%" },
	{ "redis://host/%00", "%" },
	{ "redis://host/a%00b", "%" },
	{ "redis+unix:///socket%st?key=key", "%" },
	{ "redis+unix:///socket?key=k%g0", "%" },
	{ "redis://host/key#fragment", "#" },
	/* options */
	{ "redis://host/key?nosuch=1", "nosuch" },
	{ "redis://host/key?timeout", "NAME=VALUE" },
	{ "redis://host/key?timeout=", "timeout" },
	{ "redis://host/key?timeout=0", "timeout" },
	{ "redis://host/key?timeout=-5", "timeout" },
	{ "redis://host/key?timeout=5s", "timeout" },
	{ "redis://host/key?timeout=1e3", "timeout" },
	{ "redis://host/key?timeout=99999999999999999999", "timeout" },
	{ "redis://host/key?timeout=1&nosuch=1", "nosuch" },
	{ "redis://host/key?=1", "option" },
	{ "redis://host/key?TIMEOUT=1", "TIMEOUT" },
	{ "redis://host/key?db=-1", "db" },
	{ "redis://host/key?db=x", "db" },
	{ "redis://host/key?db=2147483648", "db" },
	{ "redis://host/key?db=1&db=1", "more than one db" },
	{ "redis://host/key?timeout=1&db=1&timeout=2", "more than one timeout" },
	{ "redis://host/key?max_message_bytes=0", "max_message_bytes" },
	{ "redis://host/key?max_message_bytes=536870913", "max_message_bytes" },
	{ "redis://host/key?max_bytes=0", "max_bytes" },
	{ "redis://host/key?tls_cacert=/file", "tls_cacert" },
	{ "redis+unix:///socket?key=key&tls_cert=/file&tls_key=/file", "tls_cert" },
	{ "rediss://host/key?tls_cert=/file", "tls_key" },
	{ "rediss://host/key?tls_key=/file", "tls_cert" },
	/* passwords */
	{ "redis://user@host/key", "password" },
	{ "redis://host/key?user=user", "password" },
	{ "redis://:" SECRET "@host/key?password_file=/dev/null", "password" },
	{ "redis://host/key?password_file=/dev/null", "/dev/null" },
	{ "redis://user:" SECRET "@host/key?user=other", "more than one user" },
	{ "redis://:" SECRET "@host/key?user=user&user=other", "more than one user" },
	/* What is wrong comes after the password, or is in it. */
	{ "redis://:" SECRET "@host:99999/key", "port" },
	{ "redis://user:" SECRET "@/key", "host" },
	{ "redis://user:" SECRET "@host", "key" },
	{ "redis://user:" SECRET "%zz@host/key", "%" },
	{ "redis://user:" SECRET "/x@host/key", "%2F" },
	{ "redis://:" SECRET "?x@host/key", "%3F" },
	{ "redis://user:1234/" SECRET "@host/key", "%2F" },
	{ "redis://user:" SECRET "#x@host/key", "#" },
	{ "http://user:" SECRET "@host/key", "redis://" },
	{ "rediss:/user:" SECRET "@host/key", "redis://" },
	{ "redis+unix://user:" SECRET "@/?key=key", "socket" },
};

TEST_F(user, wrong_urls_are_explained)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++) {
		long ret = open_fails(wrongs[i].url);

		EXPECT_EQ(-EINVAL, ret) {
			TH_LOG("%s: %s", wrongs[i].url, msgbox_error());
		}
		EXPECT_NE(NULL, strcasestr(msgbox_error(), wrongs[i].names)) {
			TH_LOG("%s: '%s' does not name '%s'", wrongs[i].url, msgbox_error(),
			       wrongs[i].names);
		}
		EXPECT_EQ(NULL, strstr(msgbox_error(), SECRET)) {
			TH_LOG("%s: %s", wrongs[i].url, msgbox_error());
		}
	}
}

TEST_F(user, a_password_file_must_be_there)
{
	EXPECT_EQ(-EINVAL, open_fails("redis://host/key?password_file=/no/such/file"));
	EXPECT_NE(NULL, strstr(msgbox_error(), "/no/such/file"));
	EXPECT_EQ(-EINVAL, open_fails("redis://host/key?password_file=/tmp"));
	EXPECT_NE(NULL, strstr(msgbox_error(), "/tmp"));
}

/* Writes a password file, and returns what opening a box with it gives. */
static long open_with_password(const char *password, size_t length)
{
	char path[128], url[256];
	int fd;
	long ret;

	snprintf(path, sizeof(path), "%s/msgbox-password.XXXXXX", getenv("TMPDIR") ?: "/tmp");
	fd = mkstemp(path);
	if (fd < 0 || write(fd, password, length) != (ssize_t)length)
		return ODD_RESULT;
	close(fd);
	/* Nothing listens on port 1. */
	snprintf(url, sizeof(url), "redis://127.0.0.1:1/key?password_file=%s", path);
	ret = open_fails(url);
	unlink(path);
	return ret;
}

/* Nothing of it is left out. */
TEST_F(user, a_password_file_is_read_whole)
{
	char line[5000];

	memset(line, 'x', sizeof(line));
	line[4097] = '\n';
	EXPECT_EQ(-EINVAL, open_with_password(line, 4097));
	EXPECT_EQ(-EINVAL, open_with_password(line, sizeof(line)));
	EXPECT_NE(NULL, strstr(msgbox_error(), "4096"));
	line[4096] = '\n';
	EXPECT_NE(-EINVAL, open_with_password(line, sizeof(line))) {
		TH_LOG("%s", msgbox_error());
	}
	EXPECT_NE(-EINVAL, open_with_password("secret", 6));
	EXPECT_EQ(-EINVAL, open_with_password("sec\0ret\n", 8));
	EXPECT_EQ(-EINVAL, open_with_password("\nsecret\n", 8));
}

/* A wrong URL opens nothing, also not for a while. */
TEST_F(user, wrong_urls_leave_no_file)
{
	long before = open_files();

	for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++)
		open_fails(wrongs[i].url);
	EXPECT_EQ(before, open_files());
}

/* Any length, and any byte at each place: an error or not, but no crash. */
TEST_F(user, long_urls)
{
	static const char *const starts[] = {
		"", "redis://", "redis://host/key?", "redis://host/key?user=", "redis://user:",
		"redis+unix:///", "rediss://[", "redis://host:",
	};

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		size_t start = strlen(starts[i]), length = start + 100000;
		char *url = malloc(length + 1);

		memset(url, '%', length);
		memcpy(url, starts[i], start);
		url[length] = '\0';
		EXPECT_GT(0, open_fails(url));
		memset(url + start, '1', length - start);
		/* No name server is asked for this host, as there is no key. */
		EXPECT_EQ(-EINVAL, open_fails(url));
		free(url);
	}
}

/* All names of the kernel's box open it, or say that the module is not loaded. */
TEST_F(user, names_of_the_kernels_box)
{
	static const char *const urls[] = { NULL, "", "kernel:" };
	bool loaded = !access(MODULE_FOLDER, F_OK);

	for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
		ASSERT_EQ(loaded ? 0 : -ENOSYS, open_fails(urls[i]));
		if (loaded)
			continue;
		EXPECT_NE(NULL, strstr(msgbox_error(), "dm510_msgbox"));
		EXPECT_NE(NULL, strstr(msgbox_error(), "load"));
	}
}

#ifdef WITHOUT_SERVERS
/* The library for virtual machines has no boxes on servers. */
TEST_F(user, a_kind_of_box_that_is_missing)
{
	ASSERT_EQ(-EPROTONOSUPPORT, open_fails("redis://127.0.0.1/key"));
	EXPECT_NE(NULL, strstr(msgbox_error(), "libhiredis-dev"));
}
#endif

/* --- the text before any failure */

TEST_F(user, the_first_text_is_a_text)
{
	ASSERT_NE(NULL, msgbox_error());
}

TEST_HARNESS_MAIN

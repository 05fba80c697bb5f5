// SPDX-License-Identifier: GPL-2.0
/*
 * What only a server's box has: passwords, rights, keys, limits, TCP, TLS, and other
 * programs that use the key.
 */
#define NEEDS_NO_BOX
#include <sched.h>
#include <sys/stat.h>

#include "caller.h"
#include "server.h"
#include "user.h"

#define PASSWORD	"pass word/:@?#%"
#define ESCAPED		"pass%20word%2F%3a%40%3F%23%25"

FIXTURE(server)
{
	struct server server;
	struct msgbox *box;
};

FIXTURE_SETUP(server)
{
	ASSERT_TRUE(server_begin(&self->server));
	self->box = msgbox_open(self->server.url);
	ASSERT_NE(NULL, self->box) {
		TH_LOG("%s", msgbox_error());
	}
}

FIXTURE_TEARDOWN(server)
{
	msgbox_close(self->box);
	server_end(&self->server);
	no_leaks(_metadata);
}

/* Opens the server's box with more options. */
static struct msgbox *open_with(struct server *server, const char *options)
{
	char url[512];
	struct msgbox *box;

	snprintf(url, sizeof(url), "%s%s", server->url, options);
	box = msgbox_open(url);
	if (!box)
		printf("# cannot open %s: %s\n", url, msgbox_error());
	return box;
}

static long opening_with(struct server *server, const char *options)
{
	char url[512];

	snprintf(url, sizeof(url), "%s%s", server->url, options);
	return open_fails(url);
}

/* The error of the first call that can see it: msgbox_open(), or a get. */
static long first_error(const char *url)
{
	struct msgbox *box;
	long ret;

	errno = 0;
	box = msgbox_open(url);
	if (!box)
		return reply(-1);
	ret = box_get(box, (char[16]) {}, 16);
	msgbox_close(box);
	return ret;
}

/* --- processes */

/* A child shares the parent's connection, and would mix up the answers. */
/* Returns 0 if a child that has its parent's process ID may not use the parent's box. */
static int try_child_of_the_same_number(const char *url)
{
	int status = -1;
	struct msgbox *box;
	pid_t pid = fork();

	if (!pid) {
		box = msgbox_open(url);
		if (getpid() != 1 || !box || unshare(CLONE_NEWPID))
			_exit(2);
		pid = fork();
		if (!pid)
			_exit(getpid() != 1 || box_put(box, "y", 1) != -EINVAL);
		waitpid(pid, &status, 0);
		msgbox_close(box);
		_exit(status != 0);
	}
	waitpid(pid, &status, 0);
	return status;
}

/* In another PID namespace the process ID does not tell the two apart. */
TEST_F(server, a_child_of_the_same_number_is_refused)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		if (unshare(CLONE_NEWPID))
			_exit(errno == EPERM ? 77 : 3);
		_exit(try_child_of_the_same_number(self->server.url) != 0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	if (WEXITSTATUS(status) == 77)
		SKIP_TEST("only root may make a PID namespace");
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, box_drain(self->box));
}

TEST_F(server, a_child_is_refused)
{
	int status = -1;
	pid_t pid;

	ASSERT_EQ(0, box_put(self->box, "x", 1));
	pid = fork();
	if (!pid) {
		struct msgbox_figures figures;
		struct msgbox *own = msgbox_open(self->server.url);
		char byte;
		bool fine = box_put(self->box, "y", 1) == -EINVAL &&
			    box_get(self->box, &byte, 1) == -EINVAL &&
			    box_wait(self->box, &byte, 1, 10) == -EINVAL &&
			    msgbox_read_figures(self->box, &figures) == -1 && own &&
			    box_put(own, "z", 1) == 0;

		/* This must not end the parent's connection. */
		msgbox_close(self->box);
		msgbox_close(own);
		_exit(!fine);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	ASSERT_EQ(1, box_get_expecting(self->box, "z", 1));
	ASSERT_EQ(1, box_get_expecting(self->box, "x", 1));
	ASSERT_EQ(-ENODATA, box_get_expecting(self->box, "", 0));
}

/* --- keys */

TEST_F(server, each_key_is_a_box)
{
	struct msgbox *other;
	char url[256];

	snprintf(url, sizeof(url), "redis+unix://%s?key=other%%20box%%2f%%c3%%a9", self->server.socket);
	other = msgbox_open(url);
	ASSERT_NE(NULL, other);
	ASSERT_EQ(0, box_put(other, "x", 1));
	ASSERT_EQ(-ENODATA, box_get_expecting(self->box, "", 0));
	EXPECT_TRUE(server_answers(&self->server, "LLEN \"other box/\\xc3\\xa9\"", ":1"));
	ASSERT_EQ(1, box_get_expecting(other, "x", 1));
	msgbox_close(other);
}

TEST_F(server, each_database_has_boxes)
{
	struct msgbox *other = open_with(&self->server, "&db=3");

	ASSERT_NE(NULL, other);
	ASSERT_EQ(0, box_put(other, "x", 1));
	ASSERT_EQ(-ENODATA, box_get_expecting(self->box, "", 0));
	/* Also after the connection has been made anew. */
	ASSERT_TRUE(server_drops_all(&self->server));
	ASSERT_EQ(1, box_get_expecting(other, "x", 1)) {
		TH_LOG("%s", msgbox_error());
	}
	msgbox_close(other);
}

TEST_F(server, a_database_that_the_server_lacks)
{
	char url[256];

	snprintf(url, sizeof(url), "%s&db=999", self->server.url);
	EXPECT_EQ(-EINVAL, first_error(url)) {
		TH_LOG("%s", msgbox_error());
	}
	EXPECT_NE(NULL, strcasestr(msgbox_error(), "db")) {
		TH_LOG("%s", msgbox_error());
	}
}

/* A key that is another program's is not touched. */
TEST_F(server, a_key_of_another_type)
{
	static const char *const commands[] = {
		"SET box x", "SADD box x", "HSET box x y", "ZADD box 1 x", "XADD box * x y",
	};
	struct msgbox_figures figures;
	void *buffer = NULL;
	size_t size = 0;
	char byte;

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		ASSERT_TRUE(server_does(&self->server, commands[i]));
		ASSERT_EQ(-EEXIST, box_put(self->box, "x", 1)) {
			TH_LOG("%s: %s", commands[i], msgbox_error());
		}
		EXPECT_NE(NULL, strstr(msgbox_error(), "box"));
		ASSERT_EQ(-EEXIST, box_get(self->box, &byte, 1));
		ASSERT_EQ(-EEXIST, box_wait(self->box, &byte, 1, 20));
		ASSERT_EQ(-EEXIST, box_take(self->box, &buffer, &size, 20));
		ASSERT_EQ(-1, msgbox_read_figures(self->box, &figures));
		ASSERT_EQ(EEXIST, errno);
		ASSERT_EQ(1, server_number(&self->server, "EXISTS box"));
		ASSERT_EQ(1, server_number(&self->server, "DEL box"));
	}
	ASSERT_EQ(0, box_put(self->box, "x", 1));
	ASSERT_EQ(1, box_get_expecting(self->box, "x", 1));
	free(buffer);
}

/* --- with other programs */

/* The manual says so: a list, of which the newest message is at the head. */
TEST_F(server, the_box_is_a_list)
{
	ASSERT_EQ(0, box_put(self->box, "old", 3));
	ASSERT_EQ(0, box_put(self->box, "new", 3));
	EXPECT_TRUE(server_answers(&self->server, "LRANGE box 0 -1",
				   "*2\r\n$3\r\nnew\r\n$3\r\nold"));
	EXPECT_TRUE(server_answers(&self->server, "LPUSH box newest", ":3"));
	ASSERT_EQ(6, box_get_expecting(self->box, "newest", 6));
	EXPECT_TRUE(server_answers(&self->server, "LPOP box", "$3\r\nnew"));
	ASSERT_EQ(3, box_get_expecting(self->box, "old", 3));
	ASSERT_EQ(-ENODATA, box_get_expecting(self->box, "", 0));
}

#define COUNT "n = n + (redis.call('PTTL', key) < 0 and 1 or 0) end; return n"

/*
 * A box that was used and closed leaves one key, with the figures, on the server. What a
 * handle leaves whose connection was slow, or broke, goes away by itself.
 */
TEST_F(server, little_is_left_behind)
{
	/* Counts the keys that stay. */
	static const char lasting[] =
		"EVAL \"local n = 0; "
		"for _, key in ipairs(redis.call('KEYS', '*')) do " COUNT "\" 0";
	char byte;

	for (int i = 0; i < 20; i++) {
		struct msgbox *box = open_with(&self->server, "");

		ASSERT_NE(NULL, box);
		ASSERT_EQ(0, box_put(box, "x", 1));
		ASSERT_EQ(1, box_get(box, &byte, 1));
		ASSERT_EQ(-ETIMEDOUT, box_wait(box, &byte, 1, 10));
		/* Also if the process is killed now. */
		ASSERT_EQ(1, server_number(&self->server, lasting));
		msgbox_close(box);
	}
	msgbox_close(self->box);
	self->box = NULL;
	EXPECT_TRUE(comes_true(server_number(&self->server, "DBSIZE") < 10)) {
		TH_LOG("%ld keys", server_number(&self->server, "DBSIZE"));
	}
	EXPECT_EQ(1, server_number(&self->server, lasting));
	EXPECT_EQ(-1, server_number(&self->server, "PTTL box:msgbox"));
}

/*
 * The server keeps a message that was taken until it would have arrived on the slowest
 * connection, also one that is longer than those that the handle puts.
 */
TEST_F(server, a_long_message_is_kept_longer)
{
	static const char push[] =
		"EVAL \"return redis.call('LPUSH', 'box', string.rep('x', 4194304))\" 0";
	/* In milliseconds, of the key that goes first. */
	static const char life[] =
		"EVAL \"local life = 1e9; for _, key in ipairs(redis.call('KEYS', 'box:msgbox:*')) do "
		"life = math.min(life, redis.call('PTTL', key)) end; return life\" 0";
	void *taken = NULL;
	size_t size = 0;

	msgbox_close(self->box);
	self->box = open_with(&self->server, "&max_message_bytes=1000");
	ASSERT_NE(NULL, self->box);
	ASSERT_EQ(1, server_number(&self->server, push));
	ASSERT_EQ(4 * MIB, box_take(self->box, &taken, &size, 0)) {
		TH_LOG("%s", msgbox_error());
	}
	EXPECT_LT(60000 + 2 * 4 * MIB / 65, server_number(&self->server, life));
	free(taken);
}

/* A wait wakes for a message that another program has pushed. */
TEST_F(server, a_push_wakes)
{
	char buffer[8];
	struct caller caller = WAITER(self->box, buffer, sizeof(buffer), MSGBOX_FOREVER);

	ASSERT_TRUE(waits(&caller));
	EXPECT_EQ(1, server_number(&self->server, "LPUSH box pushed"));
	ASSERT_TRUE(returns(&caller));
	ASSERT_EQ(6, caller.ret);
}

/* The server becomes another one's copy, which changes nothing itself, and is back later. */
TEST_F(server, a_failover_does_not_end_a_wait)
{
	static const int timeouts[] = { MSGBOX_FOREVER, 20000 };
	char buffer[8];

	for (size_t i = 0; i < ARRAY_SIZE(timeouts); i++) {
		struct caller caller = WAITER(self->box, buffer, sizeof(buffer), timeouts[i]);

		ASSERT_TRUE(waits(&caller));
		EXPECT_TRUE(server_does(&self->server, "REPLICAOF 127.0.0.1 1"));
		usleep(300000);
		EXPECT_FALSE(atomic_load(&caller.done));
		EXPECT_EQ(-EROFS, box_put(self->box, "x", 1)) {
			TH_LOG("%s", msgbox_error());
		}
		EXPECT_EQ(-EROFS, opening_with(&self->server, ""));
		EXPECT_TRUE(server_does(&self->server, "REPLICAOF NO ONE"));
		EXPECT_EQ(1, server_number(&self->server, "LPUSH box pushed"));
		ASSERT_TRUE(returns(&caller));
		ASSERT_EQ(6, caller.ret);
	}
}

/* --- limits */

TEST_F(server, the_longest_message)
{
	struct msgbox *box = open_with(&self->server, "&max_message_bytes=100");
	struct msgbox_figures figures;
	char message[101] = {};

	ASSERT_NE(NULL, box);
	ASSERT_EQ(0, msgbox_read_figures(box, &figures));
	EXPECT_EQ(100, figures.max_message_bytes);
	ASSERT_EQ(-EMSGSIZE, box_put(box, message, 101));
	EXPECT_NE(NULL, strstr(msgbox_error(), "max_message_bytes"));
	EXPECT_NE(NULL, strstr(msgbox_error(), "100"));
	ASSERT_EQ(0, box_put(box, message, 100));
	ASSERT_EQ(100, box_get_expecting(box, message, 100));
	/* The limit is for puts: what others put can be taken. */
	ASSERT_EQ(0, box_put(self->box, message, 101));
	ASSERT_EQ(101, box_get_expecting(box, message, 101));
	msgbox_close(box);
}

/* The server's own limit for a string. */
TEST_F(server, a_message_that_the_server_refuses)
{
	char *message = new_message(2 * MIB, 1);

	ASSERT_TRUE(server_does(&self->server, "CONFIG SET proto-max-bulk-len 1048576"));
	ASSERT_GT(0, box_put(self->box, message, 2 * MIB)) {
		TH_LOG("a message of 2 MiB was put");
	}
	ASSERT_EQ(0, box_put(self->box, message, MIB / 2)) {
		TH_LOG("%s", msgbox_error());
	}
	ASSERT_EQ(MIB / 2, box_get_expecting(self->box, message, MIB / 2));
	ASSERT_EQ(-ENODATA, box_get_expecting(self->box, "", 0));
	free(message);
}

TEST_F(server, a_full_box)
{
	struct msgbox *box = open_with(&self->server, "&max_bytes=100000");
	struct msgbox_figures figures;
	char *message = new_message(10000, 1);
	long count = 0, ret;

	ASSERT_NE(NULL, box);
	while (!(ret = box_put(box, message, 10000)) && count < 1000)
		count++;
	ASSERT_EQ(-EAGAIN, ret) {
		TH_LOG("%s", msgbox_error());
	}
	EXPECT_NE(NULL, strcasestr(msgbox_error(), "full"));
	EXPECT_NE(NULL, strstr(msgbox_error(), "max_bytes"));
	EXPECT_LE(5, count);
	EXPECT_GE(10, count);
	ASSERT_EQ(0, msgbox_read_figures(box, &figures));
	EXPECT_EQ(count, figures.count);
	EXPECT_EQ(100000, figures.max_bytes);
	/* Where a message has left, there is room again, and only for one. */
	ASSERT_EQ(10000, box_get_expecting(box, message, 10000));
	ASSERT_EQ(0, box_put(box, message, 10000));
	ASSERT_EQ(-EAGAIN, box_put(box, message, 10000));
	ASSERT_EQ(count, box_drain(self->box));
	free(message);
	msgbox_close(box);
}

/* A server that may use no more memory refuses, and the message is not there. */
TEST_F(server, a_full_server)
{
	char *message = new_message(MIB, 1);

	ASSERT_EQ(0, box_put(self->box, "first", 5));
	ASSERT_TRUE(server_does(&self->server, "CONFIG SET maxmemory 1"));
	ASSERT_EQ(-ENOMEM, box_put(self->box, message, MIB)) {
		TH_LOG("%s", msgbox_error());
	}
	/* A get needs no memory. */
	ASSERT_EQ(5, box_get_expecting(self->box, "first", 5)) {
		TH_LOG("%s", msgbox_error());
	}
	ASSERT_EQ(-ENODATA, box_get_expecting(self->box, "", 0));
	free(message);
}

/* --- passwords */

FIXTURE(secret)
{
	struct server server;
	char file[128];
};

FIXTURE_SETUP(secret)
{
	FILE *file;

	unsetenv("MSGBOX_PASSWORD");
	self->server.options[0] = "--requirepass";
	self->server.options[1] = PASSWORD;
	ASSERT_TRUE(server_begin(&self->server));
	snprintf(self->file, sizeof(self->file), "%s/password", self->server.folder);
	file = fopen(self->file, "w");
	ASSERT_NE(NULL, file);
	fputs(PASSWORD "\nanother line\n", file);
	fclose(file);
}

FIXTURE_TEARDOWN(secret)
{
	server_end(&self->server);
	no_leaks(_metadata);
}

static void works_with(struct __test_metadata *_metadata, const char *url)
{
	struct msgbox *box = msgbox_open(url);

	ASSERT_NE(NULL, box) {
		TH_LOG("%s: %s", url, msgbox_error());
	}
	EXPECT_EQ(0, box_put(box, "x", 1));
	EXPECT_EQ(1, box_get_expecting(box, "x", 1));
	msgbox_close(box);
}

TEST_F(secret, the_right_password)
{
	char url[512];

	snprintf(url, sizeof(url), "%s&password_file=%s", self->server.url, self->file);
	works_with(_metadata, url);
	setenv("MSGBOX_PASSWORD", PASSWORD, 1);
	works_with(_metadata, self->server.url);
	/* What the URL says comes first. */
	setenv("MSGBOX_PASSWORD", "wrong", 1);
	works_with(_metadata, url);
	EXPECT_EQ(-EACCES, open_fails(self->server.url));
}

TEST_F(secret, a_wrong_password)
{
	static const char *const wrongs[] = { "wrong", PASSWORD "x", "x", "\r\nPING\r\n" };

	for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++) {
		setenv("MSGBOX_PASSWORD", wrongs[i], 1);
		EXPECT_EQ(-EACCES, open_fails(self->server.url)) {
			TH_LOG("'%s': %s", wrongs[i], msgbox_error());
		}
		EXPECT_NE(NULL, strcasestr(msgbox_error(), "password"));
	}
	unsetenv("MSGBOX_PASSWORD");
	EXPECT_EQ(-EACCES, open_fails(self->server.url));
	EXPECT_NE(NULL, strcasestr(msgbox_error(), "password"));
	EXPECT_EQ(NULL, strstr(msgbox_error(), PASSWORD));
}

TEST_F(secret, a_wrong_password_in_a_file)
{
	char options[256];
	FILE *file = fopen(self->file, "w");

	ASSERT_NE(NULL, file);
	fputs("wrong-secret\n", file);
	fclose(file);
	snprintf(options, sizeof(options), "&password_file=%s", self->file);
	EXPECT_EQ(-EACCES, opening_with(&self->server, options));
	EXPECT_EQ(NULL, strstr(msgbox_error(), "wrong-secret"));
}

/* From a pipe that gives it in parts, as of a program that prints it. */
TEST_F(secret, a_password_from_a_pipe)
{
	char options[256], path[128];
	int status;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/pipe", self->server.folder);
	ASSERT_EQ(0, mkfifo(path, 0600));
	ASSERT_EQ(0, catch_signal(0));
	pid = fork();
	if (!pid) {
		bool written;
		int fd;

		/* Also the open of the other end goes on. */
		usleep(50000);
		kill(getppid(), SIGUSR1);
		usleep(50000);
		fd = open(path, O_WRONLY);
		written = write(fd, PASSWORD, 3) == 3;
		usleep(50000);
		kill(getppid(), SIGUSR1);
		usleep(50000);
		written &= write(fd, PASSWORD "\n" + 3, sizeof(PASSWORD) - 3) > 0;
		/* Open: the line's end is what ends the password. */
		usleep(300000);
		_exit(!written);
	}
	snprintf(options, sizeof(options), "&password_file=%s", path);
	EXPECT_EQ(0, opening_with(&self->server, options)) {
		TH_LOG("%s", msgbox_error());
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* A handle keeps the password for the connections that it makes later. */
TEST_F(secret, the_password_is_kept)
{
	static const char kill[] = "AUTH \"" PASSWORD "\"\r\nCLIENT KILL TYPE normal";
	struct msgbox *box;
	char options[256];

	snprintf(options, sizeof(options), "&password_file=%s", self->file);
	box = open_with(&self->server, options);
	ASSERT_NE(NULL, box);
	unlink(self->file);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, box_put(box, "x", 1)) {
			TH_LOG("%s", msgbox_error());
		}
		ASSERT_TRUE(server_does(&self->server, kill));
		usleep(50000);
		ASSERT_EQ(1, box_get_expecting(box, "x", 1)) {
			TH_LOG("%s", msgbox_error());
		}
	}
	msgbox_close(box);
}

/* --- rights */

TEST_F(server, a_user_without_rights)
{
	static const char rights[] =
		"ACL SETUSER reader on >word ~other resetchannels +@all\r\n"
		"ACL SETUSER nothing on >word ~* resetchannels -@all\r\n"
		"ACL SETUSER full on >word ~* resetchannels +@all";
	char answer[1024], url[512], file[128];
	struct msgbox *box;
	FILE *password;

	ASSERT_TRUE(server_tell(&self->server, rights, answer, sizeof(answer)));
	ASSERT_EQ(0, strncmp(answer, "+OK\r\n+OK\r\n+OK\r\n", 15));
	snprintf(file, sizeof(file), "%s/word", self->server.folder);
	password = fopen(file, "w");
	ASSERT_NE(NULL, password);
	fputs("word", password);
	fclose(password);
	for (int i = 0; i < 2; i++) {
		snprintf(url, sizeof(url), "%s&user=%s&password_file=%s", self->server.url,
			 i ? "nothing" : "reader", file);
		EXPECT_EQ(-EACCES, first_error(url)) {
			TH_LOG("%s: %s", url, msgbox_error());
		}
	}
	snprintf(url, sizeof(url), "%s&user=nosuch&password_file=%s", self->server.url, file);
	EXPECT_EQ(-EACCES, open_fails(url));
	snprintf(url, sizeof(url), "%s&user=full&password_file=%s", self->server.url, file);
	box = msgbox_open(url);
	ASSERT_NE(NULL, box);
	EXPECT_EQ(0, box_put(box, "x", 1));
	EXPECT_EQ(1, box_get_expecting(box, "x", 1));
	msgbox_close(box);
}

/*
 * What libmsgbox(3) tells an administrator to allow is enough for all calls. MSGBOX_RIGHTS
 * is that text, with `box` as the key.
 */
TEST_F(server, the_rights_that_are_enough)
{
	const char *wanted = getenv("MSGBOX_RIGHTS");
	struct msgbox_figures figures;
	struct msgbox *box;
	char answer[1024], rights[1024], byte;

	if (!wanted)
		SKIP(return, "MSGBOX_RIGHTS is not set, scripts/commands/user-check sets it");
	snprintf(rights, sizeof(rights), "ACL SETUSER box on >word resetchannels -@all %s", wanted);
	ASSERT_TRUE(server_tell(&self->server, rights, answer, sizeof(answer)));
	ASSERT_EQ(0, strncmp(answer, "+OK\r\n", 5)) {
		TH_LOG("%s", answer);
	}
	setenv("MSGBOX_PASSWORD", "word", 1);
	box = open_with(&self->server, "&user=box");
	unsetenv("MSGBOX_PASSWORD");
	ASSERT_NE(NULL, box);
	EXPECT_EQ(0, box_put(box, "x", 1)) {
		TH_LOG("%s", msgbox_error());
	}
	EXPECT_EQ(1, box_get(box, &byte, 1)) {
		TH_LOG("%s", msgbox_error());
	}
	EXPECT_EQ(-ETIMEDOUT, box_wait(box, &byte, 1, 20)) {
		TH_LOG("%s", msgbox_error());
	}
	EXPECT_EQ(0, box_put(box, "long", 4));
	EXPECT_EQ(-EMSGSIZE, box_wait(box, &byte, 1, 20)) {
		TH_LOG("%s", msgbox_error());
	}
	EXPECT_EQ(4, box_get_expecting(box, "long", 4));
	EXPECT_EQ(0, msgbox_read_figures(box, &figures)) {
		TH_LOG("%s", msgbox_error());
	}
	msgbox_close(box);
}

/* --- servers that cannot be reached */

TEST_F(server, nobody_listens)
{
	char url[256];

	snprintf(url, sizeof(url), "redis://127.0.0.1:%d/key", free_port());
	EXPECT_EQ(-ECONNREFUSED, open_fails(url));
	EXPECT_NE(NULL, strstr(msgbox_error(), "127.0.0.1")) {
		TH_LOG("%s", msgbox_error());
	}
	EXPECT_EQ(-ENOENT, open_fails("redis+unix:///no/such/socket?key=box"));
	EXPECT_NE(NULL, strstr(msgbox_error(), "/no/such/socket")) {
		TH_LOG("%s", msgbox_error());
	}
}

/* A name that is not a host's: the ending is reserved for that. */
TEST_F(server, no_such_host)
{
	EXPECT_GT(0, open_fails("redis://no-such-host.invalid/key?timeout=2000"));
	EXPECT_NE(NULL, strstr(msgbox_error(), "no-such-host.invalid")) {
		TH_LOG("%s", msgbox_error());
	}
}

/* A socket at which no more connections can be queued. A signal ends a wait for it. */
TEST_F(server, a_signal_while_the_queue_is_full)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), first;
	struct msgbox *patient = open_with(&self->server, "&timeout=60000");
	char byte;
	struct caller caller = WAITER(patient, &byte, 1, MSGBOX_FOREVER);

	ASSERT_NE(NULL, patient);
	server_kill(&self->server);
	unlink(self->server.socket);
	strcpy(address.sun_path, self->server.socket);
	ASSERT_EQ(0, bind(fd, (struct sockaddr *)&address, sizeof(address)));
	ASSERT_EQ(0, listen(fd, 0));
	first = connect_unix(self->server.socket);
	ASSERT_LE(0, first);
	ASSERT_EQ(0, catch_signal(0));
	ASSERT_TRUE(starts(&caller));
	usleep(200000);
	EXPECT_FALSE(atomic_load(&caller.done));
	ASSERT_LT(0, signals_to_end(&caller));
	EXPECT_EQ(-EINTR, caller.ret);
	EXPECT_GT(LATE, caller.took);
	close(first);
	close(fd);
	msgbox_close(patient);
}

/* A port at which connections are queued, but nobody accepts them or answers. */
TEST_F(server, nobody_answers)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char url[256];
	long begin, ret;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, bind(fd, (struct sockaddr *)&address, sizeof(address)));
	ASSERT_EQ(0, listen(fd, 8));
	ASSERT_EQ(0, getsockname(fd, (struct sockaddr *)&address, &length));
	snprintf(url, sizeof(url), "redis://127.0.0.1:%d/key?timeout=200", ntohs(address.sin_port));
	begin = milliseconds();
	ret = first_error(url);
	EXPECT_TRUE(ret == -ETIMEDOUT || ret == -EINPROGRESS) {
		TH_LOG("%ld %s", ret, msgbox_error());
	}
	EXPECT_LE(200 - 1, milliseconds() - begin);
	EXPECT_GE(2 * 200 + LATE, milliseconds() - begin);
	close(fd);
}

/* A frozen server: calls end in time, and work again when it goes on. */
TEST_F(server, a_frozen_server)
{
	struct msgbox *box;
	long begin, ret;
	char byte;

	/* On a busy machine opening can take longer than the timeout. */
	ASSERT_TRUE(comes_true((box = open_with(&self->server, "&timeout=200"))));
	begin = milliseconds();
	ASSERT_EQ(0, kill(self->server.pid, SIGSTOP));
	ret = box_put(box, "x", 1);
	EXPECT_TRUE(ret == -EINPROGRESS || ret == -ETIMEDOUT) {
		TH_LOG("%ld %s", ret, msgbox_error());
	}
	ret = box_wait(box, &byte, 1, 100);
	EXPECT_TRUE(ret == -EINPROGRESS || ret == -ETIMEDOUT) {
		TH_LOG("%ld %s", ret, msgbox_error());
	}
	EXPECT_GE(3 * 200 + 100 + LATE, milliseconds() - begin);
	ASSERT_EQ(0, kill(self->server.pid, SIGCONT));
	ASSERT_TRUE(server_is_up(&self->server));
	ASSERT_TRUE(comes_true(box_works(box)));
	msgbox_close(box);
}

/*
 * What is in the kernel's buffers has not been taken by the server, and is not worth a second
 * for each 64 KiB.
 */
static void put_to_a_frozen_server(struct __test_metadata *_metadata, struct server *server,
				   const char *url)
{
	char *message = new_message(MIB, 1);
	struct msgbox *box;
	long begin, ret;

	/* On a busy machine opening can take longer than the timeout. */
	ASSERT_TRUE(comes_true((box = msgbox_open(url))));
	ASSERT_EQ(0, kill(server->pid, SIGSTOP));
	begin = milliseconds();
	ret = box_put(box, message, MIB);
	EXPECT_TRUE(ret == -EINPROGRESS || ret == -ETIMEDOUT) {
		TH_LOG("%ld %s", ret, msgbox_error());
	}
	EXPECT_LE(200 - 1, milliseconds() - begin);
	/* Less than LATE, as the smallest buffers are worth more than that. */
	EXPECT_GE(3000, milliseconds() - begin);
	ASSERT_EQ(0, kill(server->pid, SIGCONT));
	msgbox_close(box);
	free(message);
}

TEST_F(server, a_frozen_server_and_a_large_message)
{
	char url[256];

	snprintf(url, sizeof(url), "%s&timeout=200", self->server.url);
	put_to_a_frozen_server(_metadata, &self->server, url);
}

/* A server that is busy with a script. */
TEST_F(server, a_server_that_runs_a_script)
{
	static const char endless[] = "EVAL \"while true do end\" 0\r\n";
	struct msgbox *box;
	int fd = connect_unix(self->server.socket);
	char byte;
	long ret;

	ASSERT_TRUE(comes_true((box = open_with(&self->server, "&timeout=500"))));
	ASSERT_TRUE(server_does(&self->server, "CONFIG SET busy-reply-threshold 10"));
	ASSERT_LE(0, fd);
	ASSERT_EQ(sizeof(endless) - 1, write(fd, endless, sizeof(endless) - 1));
	usleep(300000);
	/* The last of its attempts may have been sent too late for an answer. */
	ret = box_get(box, &byte, 1);
	EXPECT_TRUE(ret == -EINPROGRESS ||
		    (ret == -ETIMEDOUT && strcasestr(msgbox_error(), "busy"))) {
		TH_LOG("%ld %s", ret, msgbox_error());
	}
	ASSERT_TRUE(server_does(&self->server, "SCRIPT KILL"));
	close(fd);
	ASSERT_TRUE(comes_true(box_works(box)));
	msgbox_close(box);
}

/* --- TCP */

FIXTURE(tcp)
{
	struct server server;
	char port[8];
	int number;
};

FIXTURE_SETUP(tcp)
{
	self->number = free_port();
	snprintf(self->port, sizeof(self->port), "%d", self->number);
	ASSERT_TRUE(server_begin_at(&self->server, self->port));
}

FIXTURE_TEARDOWN(tcp)
{
	server_end(&self->server);
	no_leaks(_metadata);
}

TEST_F(tcp, all_forms_of_the_url)
{
	static const char *const forms[] = {
		"redis://127.0.0.1:%d/box", "valkey://127.0.0.1:%d/box", "REDIS://localhost:%d/box",
		"redis://localhost:%d/box?timeout=1000&max_bytes=100", "redis://127.0.0.1:%d/a/b",
	};
	char url[256];

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		snprintf(url, sizeof(url), forms[i], self->number);
		works_with(_metadata, url);
	}
	snprintf(url, sizeof(url), "valkey+unix://%s?key=box", self->server.socket);
	works_with(_metadata, url);
}

/* A server that is gone is noticed, though TCP would wait. */
TEST_F(tcp, a_restart)
{
	char url[256], byte;
	struct msgbox *box;
	long ret;

	snprintf(url, sizeof(url), "redis://127.0.0.1:%d/box", self->number);
	box = msgbox_open(url);
	ASSERT_NE(NULL, box);
	ASSERT_EQ(0, box_put(box, "x", 1));
	server_kill(&self->server);
	ret = box_get(box, &byte, 1);
	EXPECT_TRUE(ret == -ECONNREFUSED || ret == -ECONNRESET || ret == -EPIPE) {
		TH_LOG("%ld %s", ret, msgbox_error());
	}
	ASSERT_TRUE(server_start(&self->server));
	ASSERT_EQ(-ENODATA, box_get(box, &byte, 1)) {
		TH_LOG("%s", msgbox_error());
	}
	msgbox_close(box);
}

TEST_F(tcp, a_frozen_server_and_a_large_message)
{
	char url[256];

	snprintf(url, sizeof(url), "redis://127.0.0.1:%d/box?timeout=200", self->number);
	put_to_a_frozen_server(_metadata, &self->server, url);
}

TEST_HARNESS_MAIN

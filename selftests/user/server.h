/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A server of the test's own, in a folder of its own in TMPDIR, so that a test can kill
 * it. MSGBOX_SERVER names the program: redis-server, or valkey-server.
 */
#ifndef SELFTESTS_USER_SERVER_H
#define SELFTESTS_USER_SERVER_H

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "calls.h"

#define SERVER_OPTIONS	24

/**
 * struct server - a server process
 * @folder: what it writes is in here
 * @socket: the path of its socket
 * @url: the URL of a box on it, with one option already
 * @options: its arguments after those that each server gets; NULL ends them
 * @pid: the process, or 0
 */
struct server {
	char folder[64];
	char socket[80];
	char url[128];
	const char *options[SERVER_OPTIONS];
	pid_t pid;
};

static inline int connect_unix(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	close(fd);
	return -1;
}

/*
 * Sends commands, one a line, on a connection of its own, and collects what comes back
 * until the server closes it, so the last command is QUIT. Returns whether it worked.
 */
static inline bool server_tell(struct server *server, const char *commands, char *answer,
			       size_t size)
{
	int fd = connect_unix(server->socket);
	size_t length = 0;
	ssize_t part;
	char text[4096];

	answer[0] = '\0';
	if (fd < 0)
		return false;
	snprintf(text, sizeof(text), "%s\r\nQUIT\r\n", commands);
	part = send(fd, text, strlen(text), MSG_NOSIGNAL);
	while (part > 0 && length < size - 1) {
		part = read(fd, answer + length, size - 1 - length);
		length += part > 0 ? part : 0;
	}
	answer[length] = '\0';
	close(fd);
	return length > 0;
}

/* The answer to one command begins like this? */
static inline bool server_answers(struct server *server, const char *command, const char *expected)
{
	char answer[4096];

	if (server_tell(server, command, answer, sizeof(answer)) &&
	    !strncmp(answer, expected, strlen(expected)))
		return true;
	printf("# %s: expected '%s', found '%s'\n", command, expected, answer);
	return false;
}

/* Is this command carried out? */
static inline bool server_does(struct server *server, const char *command)
{
	char answer[4096];

	if (server_tell(server, command, answer, sizeof(answer)) && answer[0] != '-')
		return true;
	printf("# %s: '%s'\n", command, answer);
	return false;
}

/* Closes all connections, and gives the clients time to notice. */
static inline bool server_drops_all(struct server *server)
{
	bool dropped = server_does(server, "CLIENT KILL TYPE normal");

	usleep(50000);
	return dropped;
}

/* The number in the answer to a command, or -1. */
static inline long server_number(struct server *server, const char *command)
{
	char answer[4096];

	if (!server_tell(server, command, answer, sizeof(answer)) || answer[0] != ':')
		return -1;
	return atol(answer + 1);
}

static inline void server_exec(struct server *server)
{
	const char *words[SERVER_OPTIONS + 16] = {
		getenv("MSGBOX_SERVER") ?: "redis-server",
		"--port", "0", "--save", "", "--daemonize", "no", "--loglevel", "warning",
		"--dir", server->folder, "--unixsocket", server->socket,
	};
	size_t count = 13;
	int log;

	for (size_t i = 0; i < SERVER_OPTIONS && server->options[i]; i++)
		words[count++] = server->options[i];
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (chdir(server->folder))
		_exit(126);
	log = open("log", O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	for (int fd = 3; fd < 256; fd++)
		close(fd);
	execvp(words[0], (char **)words);
	_exit(127);
}

/* Answers, and has loaded what it kept. */
static inline bool server_is_up(struct server *server)
{
	char answer[256];

	for (int i = 0; i < 3000; i++) {
		if (server_tell(server, "PING", answer, sizeof(answer)) &&
		    (!strncmp(answer, "+PONG", 5) || !strncmp(answer, "-NOAUTH", 7)))
			return true;
		if (waitpid(server->pid, NULL, WNOHANG)) {
			server->pid = 0;
			break;
		}
		usleep(10000);
	}
	printf("# the server does not start; its log is %s/log\n", server->folder);
	return false;
}

static inline bool server_start(struct server *server)
{
	server->pid = fork();
	if (!server->pid)
		server_exec(server);
	return server->pid > 0 && server_is_up(server);
}

static inline bool server_make_folder(struct server *server)
{
	snprintf(server->folder, sizeof(server->folder), "%s/msgbox-test.XXXXXX",
		 getenv("TMPDIR") ?: "/tmp");
	return mkdtemp(server->folder);
}

/* Makes the folder, unless it is there, and starts the server with the options so far. */
static inline bool server_begin(struct server *server)
{
	if (!server->folder[0] && !server_make_folder(server))
		return false;
	snprintf(server->socket, sizeof(server->socket), "%s/socket", server->folder);
	snprintf(server->url, sizeof(server->url), "redis+unix://%s?key=box", server->socket);
	return server_start(server);
}

static inline void server_kill(struct server *server)
{
	if (server->pid <= 0)
		return;
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	server->pid = 0;
}

/* Stops the server and removes its folder. */
static inline void server_end(struct server *server)
{
	char command[128];

	server_kill(server);
	snprintf(command, sizeof(command), "rm -rf '%s'", server->folder);
	if (server->folder[0] && system(command))
		printf("# cannot remove %s\n", server->folder);
}

/* Begins a server that also listens at this port of the loopback address. */
static inline bool server_begin_at(struct server *server, const char *port)
{
	const char *const options[] = { "--port", port, "--bind", "127.0.0.1", "-::1" };

	memcpy(server->options, options, sizeof(options));
	return server_begin(server);
}

/* A port that was free an instant ago, on the loopback address. */
static inline int free_port(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    getsockname(fd, (struct sockaddr *)&address, &length))
		abort();
	close(fd);
	return ntohs(address.sin_port);
}

#endif

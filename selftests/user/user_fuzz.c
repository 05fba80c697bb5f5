// SPDX-License-Identifier: GPL-2.0
/*
 * Feeds the library with mutated URLs, or with mutated answers of a server. It keeps the
 * inputs that reach code that no other one has reached, and mutates them further. The
 * sanitizers find what goes wrong.
 *
 *	user_fuzz url|reply SECONDS [SEED]
 *	user_fuzz url|reply -		runs one input, from standard input
 *
 * The library is compiled with -fsanitize-coverage=trace-pc, this file is not.
 */
#include <errno.h>
#include <fcntl.h>
#include <msgbox.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"
/* Of the library. */
#include "url.h"

#define LONGEST		4096
#define KEPT_MAX	4096

struct input {
	size_t length;
	char bytes[LONGEST];
};

/* --- coverage */

#define PLACES	65536

static unsigned char seen[PLACES];
static atomic_long places;
static atomic_bool is_new;

/* The compiler puts a call of this into each block of the library. */
void __sanitizer_cov_trace_pc(void)
{
	uintptr_t place = (uintptr_t)__builtin_return_address(0);
	unsigned char *at = &seen[(place ^ place >> 16) % PLACES];

	if (__atomic_load_n(at, __ATOMIC_RELAXED))
		return;
	__atomic_store_n(at, 1, __ATOMIC_RELAXED);
	atomic_fetch_add(&places, 1);
	atomic_store(&is_new, true);
}

/* --- inputs */

static struct input *kept[KEPT_MAX];
static size_t kept_count;
static unsigned long state;

static unsigned long below(unsigned long limit)
{
	return next_random(&state) % limit;
}

static void keep(const struct input *input)
{
	if (kept_count == KEPT_MAX)
		return;
	kept[kept_count] = malloc(sizeof(*input));
	if (!kept[kept_count])
		abort();
	*kept[kept_count++] = *input;
}

static void keep_text(const char *text, size_t length)
{
	struct input input = { .length = length };

	memcpy(input.bytes, text, length);
	keep(&input);
}

static const char *const words[] = {
	"redis://", "rediss://", "valkey+unix://", "kernel:", "@", ":", "/", "?", "&", "=", "%",
	"%41", "%00", "%zz", "[", "]", "::1", "#", "key=", "db=", "timeout=", "max_bytes=",
	"user=", "65535", "password_file=", "0", "-1", "9223372036854775807",
	"18446744073709551616", "$", "*", "+", "-", "\r\n", "$-1\r\n", "*-1\r\n", ":0\r\n",
	":-1\r\n", ":-2\r\n", "$0\r\n\r\n", "*0\r\n", "+OK\r\n", "-ERR x\r\n", "-WRONGTYPE\r\n",
	"-NOAUTH\r\n", "-OOM\r\n", "-BUSY\r\n", "_\r\n", "#t\r\n", ",1\r\n",
	"*4\r\n", "$3\r\nabc\r\n", ", with args beginning with", "Error running script",
};

static void insert(struct input *input, const char *bytes, size_t length)
{
	size_t at = below(input->length + 1);

	if (input->length + length > LONGEST)
		return;
	memmove(input->bytes + at + length, input->bytes + at, input->length - at);
	memcpy(input->bytes + at, bytes, length);
	input->length += length;
}

static void drop(struct input *input)
{
	size_t at, length;

	if (!input->length)
		return;
	at = below(input->length);
	length = 1 + below(input->length - at);
	memmove(input->bytes + at, input->bytes + at + length, input->length - at - length);
	input->length -= length;
}

static void mutate(struct input *input)
{
	const struct input *other = kept[below(kept_count)];
	const char *word = words[below(sizeof(words) / sizeof(*words))];
	char byte = below(256);

	switch (below(6)) {
	case 0:
		insert(input, word, strlen(word));
		break;
	case 1:
		insert(input, &byte, 1);
		break;
	case 2:
		drop(input);
		break;
	case 3:
		if (other->length)
			insert(input, other->bytes, 1 + below(other->length));
		break;
	default:
		if (input->length)
			input->bytes[below(input->length)] ^= 1 << below(8);
		break;
	}
}

/* --- URLs */

static const char *const urls[] = {
	"redis://user:pass%20word@host:6379/key?db=1&timeout=100&max_message_bytes=5&max_bytes=6",
	"redis+unix:///path/socket?key=key&password_file=/dev/null", "rediss://[::1]:1/a/b",
	"valkeys://host/key?tls_cacert=/a&tls_cert=/b&tls_key=/c", "valkey+unix:///x?key=y&user=z",
};

/* Only the parser: a URL must not name a host to which this program then connects. */
static void run_url(const struct input *input)
{
	char text[LONGEST + 1];
	struct url url;
	int result;

	memcpy(text, input->bytes, input->length);
	text[input->length] = '\0';
	errno = 0;
	result = url_parse(&url, text);
	if (result ? result != -1 || !errno || !*msgbox_error() :
	    !url.key || !*url.key || !url.host == !url.socket || url.port < 1 || url.port > 65535 ||
	    url.timeout < 1 || !url.max_message_bytes || !url.max_bytes || url.db < 0)
		abort();
	url_free(&url);
}

/* --- answers */

static const char *const replies[] = {
	":0\r\n", ":-1\r\n", ":-2\r\n", ":5\r\n", "$3\r\nabc\r\n", "+OK\r\n", "-ERR words\r\n",
	"$-1\r\n",
	"*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n", "-OOM command\r\n", "*1\r\n$1\r\na\r\n", "-LOADING x\r\n",
	":0\r\n:0\r\n$3\r\nabc\r\n",
};

static char socket_path[64];
static int listener;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;	/* of the next one */
static struct input answer;
static atomic_bool stop;

static bool hear(int client)
{
	char bytes[4096];

	return recv(client, bytes, sizeof(bytes), 0) > 0;
}

static bool say(int client, const char *bytes, size_t length)
{
	return send(client, bytes, length, MSG_NOSIGNAL) == (ssize_t)length;
}

/* The server can be late, and serve a call that has ended. */
static void set_answer(const struct input *input)
{
	pthread_mutex_lock(&lock);
	answer = *input;
	pthread_mutex_unlock(&lock);
}

static void get_answer(struct input *input)
{
	pthread_mutex_lock(&lock);
	*input = answer;
	pthread_mutex_unlock(&lock);
}

/*
 * Gives the answer once to each connection, and half of the time a good one first, so that
 * the calls get beyond the beginning of the conversation.
 */
static void *serve(void *unused)
{
	(void)unused;
	while (!atomic_load(&stop)) {
		int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		struct input input;

		if (client < 0)
			break;
		get_answer(&input);
		if (hear(client) &&
		    (input.length % 2 || (say(client, ":0\r\n", 4) && hear(client))))
			say(client, input.bytes, input.length);
		close(client);
	}
	return NULL;
}

static void call_all(struct msgbox *box)
{
	struct msgbox_figures figures;
	char buffer[16];
	void *taken = NULL;
	size_t size = 0;

	msgbox_put(box, "message", 7);
	if (msgbox_get(box, buffer, sizeof(buffer)) > (ssize_t)sizeof(buffer))
		abort();
	msgbox_wait(box, buffer, sizeof(buffer), 1);
	msgbox_take(box, &taken, &size, 1);
	msgbox_read_figures(box, &figures);
	free(taken);
}

static void run_reply(const struct input *input)
{
	char url[128];
	struct msgbox *box;

	set_answer(input);
	snprintf(url, sizeof(url), "redis+unix://%s?key=key&timeout=1", socket_path);
	box = msgbox_open(url);
	if (box)
		call_all(box);
	else if (!errno || !*msgbox_error())
		abort();
	msgbox_close(box);
}

static void start_server(pthread_t *thread)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(socket_path, sizeof(socket_path), "%s/user_fuzz.%d", getenv("TMPDIR") ?: "/tmp",
		 getpid());
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(listener, 64) || pthread_create(thread, NULL, serve, NULL))
		abort();
}

static void stop_server(pthread_t thread)
{
	unlink(socket_path);
	atomic_store(&stop, true);
	shutdown(listener, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(listener);
}

/* --- the loop */

#define INPUT_FILE	"user_fuzz.input"

/* What a sanitizer's abort leaves to run again. */
static void remember(int file, const struct input *input)
{
	if (pwrite(file, input->bytes, input->length, 0) != (ssize_t)input->length ||
	    ftruncate(file, input->length))
		abort();
}

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static long fuzz(void (*run)(const struct input *input), double seconds)
{
	int file = open(INPUT_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	double end = seconds_now() + seconds;
	long runs = 0;

	do {
		struct input input = *kept[below(kept_count)];
		long rounds = 1 + below(4);

		while (rounds--)
			mutate(&input);
		remember(file, &input);
		atomic_store(&is_new, false);
		run(&input);
		if (atomic_load(&is_new))
			keep(&input);
		runs++;
	} while (seconds_now() < end);
	close(file);
	unlink(INPUT_FILE);
	return runs;
}

static void begin_with(const char *const *texts, size_t count,
		       void (*run)(const struct input *input))
{
	for (size_t i = 0; i < count; i++) {
		keep_text(texts[i], strlen(texts[i]));
		run(kept[i]);
	}
}

static void run_standard_input(void (*run)(const struct input *input))
{
	struct input input = {};

	input.length = fread(input.bytes, 1, LONGEST, stdin);
	run(&input);
}

int main(int argc, char **argv)
{
	bool of_urls = argc > 2 && !strcmp(argv[1], "url");
	void (*run)(const struct input *input) = of_urls ? run_url : run_reply;
	pthread_t server;
	long runs;

	if (argc < 3 || argc > 4 || (!of_urls && strcmp(argv[1], "reply"))) {
		fputs("usage: user_fuzz url|reply SECONDS|- [SEED]\n", stderr);
		return 2;
	}
	state = argc > 3 ? strtoul(argv[3], NULL, 0) : (unsigned long)time(NULL);
	printf("# %s: seed %lu\n", argv[1], state);
	fflush(stdout);
	start_server(&server);
	if (!strcmp(argv[2], "-")) {
		run_standard_input(run);
		stop_server(server);
		return 0;
	}
	if (of_urls)
		begin_with(urls, sizeof(urls) / sizeof(*urls), run);
	else
		begin_with(replies, sizeof(replies) / sizeof(*replies), run);
	runs = fuzz(run, atof(argv[2]));
	stop_server(server);
	printf("# %s: %ld runs reached %ld places, %zu inputs kept\n", argv[1], runs,
	       atomic_load(&places), kept_count);
	for (size_t i = 0; i < kept_count; i++)
		free(kept[i]);
	/* Else the library was not instrumented, or the inputs got nowhere. */
	return runs < 10 || atomic_load(&places) < 50;
}

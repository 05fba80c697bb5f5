// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An error's text never quotes the part of the URL that can hold a password, which is all of
 * it until the host is known.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend.h"
#include "url.h"

#define DEFAULT_PORT		6379
#define DEFAULT_TIMEOUT_MS	5000
#define HIGHEST_TIMEOUT_MS	600000

/* The module's defaults. */
#define DEFAULT_MAX_MESSAGE_BYTES	4194304
#define DEFAULT_MAX_BYTES		67108864
/* The server computes with doubles. */
#define HIGHEST_MAX_BYTES		(UINT64_C(1) << 52)

#define MAX_PASSWORD	4096

static int out_of_memory(void)
{
	return failed_text(ENOMEM, "out of memory");
}

static int digit_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	digit |= 0x20;
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* Decodes %XX in place. */
static int decode(char *text)
{
	char *to = text;

	for (; *text; text++, to++) {
		int high, low;

		*to = *text;
		if (*text != '%')
			continue;
		high = digit_value(text[1]);
		low = high < 0 ? -1 : digit_value(text[2]);
		if (low < 0 || high * 16 + low == 0)
			return failed_text(EINVAL, "a % in the URL must be followed by two "
					   "hexadecimal digits other than 00; write % as %25");
		*to = (char)(high * 16 + low);
		text += 2;
	}
	*to = '\0';
	return 0;
}

/* Sets *field to a decoded copy. */
static int set_text(char **field, const char *text, size_t length)
{
	char *copy = strndup(text, length);

	if (!copy)
		return out_of_memory();
	free(*field);
	*field = copy;
	return decode(copy);
}

static int parse_number(const char *text, uint64_t lowest, uint64_t highest, uint64_t *number)
{
	uint64_t value = 0;
	const char *digit;

	for (digit = text; *digit >= '0' && *digit <= '9' && value <= highest; digit++)
		value = value * 10 + (uint64_t)(*digit - '0');
	if (*digit || digit == text || value < lowest || value > highest)
		return -1;
	*number = value;
	return 0;
}

struct option {
	const char *name;
	size_t field;
	/* A text has lowest and highest 0. */
	uint64_t lowest, highest;
	bool is_int;
	/* Where the option may be used. */
	bool tls_only, socket_only;
};

#define FIELD(option) .name = #option, .field = offsetof(struct url, option)

static const struct option options[] = {
	{ FIELD(key), .socket_only = true },
	{ FIELD(user) },
	{ FIELD(password_file) },
	{ FIELD(db), .lowest = 0, .highest = INT32_MAX, .is_int = true },
	{ FIELD(timeout), .lowest = 1, .highest = HIGHEST_TIMEOUT_MS, .is_int = true },
	{ FIELD(max_message_bytes), .lowest = 1, .highest = LONGEST_MESSAGE },
	{ FIELD(max_bytes), .lowest = 1, .highest = HIGHEST_MAX_BYTES },
	{ FIELD(tls_cacert), .tls_only = true },
	{ FIELD(tls_cert), .tls_only = true },
	{ FIELD(tls_key), .tls_only = true },
	{}
};

static int set_number(struct url *url, const struct option *option, const char *value)
{
	void *field = (char *)url + option->field;
	unsigned int bit = 1U << (option - options);
	uint64_t number;

	if (url->numbers & bit)
		return failed(EINVAL, "the URL has more than one %s", option->name);
	url->numbers |= bit;
	if (parse_number(value, option->lowest, option->highest, &number))
		return failed(EINVAL, "the URL's option %s must be a number from %llu to %llu",
			      option->name, (unsigned long long)option->lowest,
			      (unsigned long long)option->highest);
	if (option->is_int)
		*(int *)field = (int)number;
	else
		*(uint64_t *)field = number;
	return 0;
}

static int set_text_option(struct url *url, const struct option *option, const char *value)
{
	char **field = (char **)((char *)url + option->field);

	if (*field)
		return failed(EINVAL, "the URL has more than one %s", option->name);
	return set_text(field, value, strlen(value));
}

static int set_option(struct url *url, const struct option *option, const char *value)
{
	if (option->tls_only && !url->tls)
		return failed(EINVAL, "the URL's option %s is only for rediss:// and valkeys://",
			      option->name);
	if (option->socket_only && !url->socket)
		return failed(EINVAL, "the URL's option %s is only for a socket; otherwise the key "
			      "follows the host: redis://HOST/KEY", option->name);
	if (!*value)
		return failed(EINVAL, "the URL's option %s has no value", option->name);
	if (option->highest)
		return set_number(url, option, value);
	return set_text_option(url, option, value);
}

/* text is NAME=VALUE, and is changed. */
static int parse_option(struct url *url, char *text)
{
	char *value = strchr(text, '=');
	const struct option *option;

	if (!value)
		return failed(EINVAL, "an option in the URL must be NAME=VALUE");
	*value++ = '\0';
	for (option = options; option->name; option++)
		if (!strcmp(option->name, text))
			return set_option(url, option, value);
	return failed(EINVAL, "the URL has the unknown option '%.40s': see URLS in libmsgbox(3)",
		      text);
}

static int parse_options(struct url *url, char *text)
{
	char *option;

	while ((option = strsep(&text, "&")))
		if (*option && parse_option(url, option))
			return -1;
	return 0;
}

/* text is USER:PASSWORD, USER or :PASSWORD. */
static int parse_credentials(struct url *url, const char *text, size_t length)
{
	const char *colon = memchr(text, ':', length);
	size_t user = colon ? (size_t)(colon - text) : length;

	if (user && set_text(&url->user, text, user))
		return -1;
	if (colon && set_text(&url->password, colon + 1, length - user - 1))
		return -1;
	return 0;
}

static int parse_port(struct url *url, const char *text)
{
	uint64_t port;

	if (parse_number(text, 1, 65535, &port))
		return failed_text(EINVAL, "the port in the URL must be a number from 1 to 65535");
	url->port = (int)port;
	return 0;
}

/* text is HOST, HOST:PORT or the same with [ADDRESS] for IPv6. */
static int parse_host(struct url *url, char *text)
{
	char *end = *text == '[' ? strchr(text, ']') : strchr(text, ':');

	if (*text == '[') {
		if (!end || (end[1] && end[1] != ':'))
			return failed_text(EINVAL, "the URL has a [ without a matching ]");
		text++;
		*end++ = '\0';
	}
	if (end && *end == ':') {
		*end = '\0';
		if (parse_port(url, end + 1))
			return -1;
	}
	if (!*text)
		return failed_text(EINVAL, "the URL has no host: write redis://HOST/KEY");
	return set_text(&url->host, text, strlen(text));
}

/* Then what follows could be the rest of a password rather than a key or an option. */
#define AT_SIGN	"the URL has an @ after a / or ?: write / as %2F and ? as %3F in a password, and " \
		"@ as %40 elsewhere"

/* text is AUTHORITY/PATH?OPTIONS without what is before it. */
static int parse_server(struct url *url, char *text, bool is_socket)
{
	char *query = strchr(text, '?'), *path, *at;

	if (query)
		*query++ = '\0';
	path = strchr(text, '/');
	if (!path)
		path = text + strlen(text);
	if (strchr(path, '@') || (query && strchr(query, '@')))
		return failed_text(EINVAL, AT_SIGN);
	at = memrchr(text, '@', (size_t)(path - text));
	if (at) {
		if (parse_credentials(url, text, (size_t)(at - text)))
			return -1;
		text = at + 1;
	}
	if (is_socket) {
		if (path != text || path[0] != '/' || !path[1])
			return failed_text(EINVAL, "the URL has no socket: write "
					   "redis+unix:///PATH?key=KEY");
		if (set_text(&url->socket, path, strlen(path)))
			return -1;
	} else {
		if (*path) {
			*path++ = '\0';
			if (set_text(&url->key, path, strlen(path)))
				return -1;
		}
		if (parse_host(url, text))
			return -1;
	}
	return query ? parse_options(url, query) : 0;
}

/* Opening a pipe waits for who writes to it, and a signal ends that. */
static int open_file(const char *name)
{
	int file;

	do
		file = open(name, O_RDONLY | O_CLOEXEC);
	while (file < 0 && errno == EINTR);
	return file;
}

/* Reads until there is a line, the end of the file or no room. Returns the length, or -1. */
static ssize_t read_line(int file, char *text, size_t size)
{
	size_t length = 0;
	ssize_t part;

	while (length < size && !memchr(text, '\n', length)) {
		part = read(file, text + length, size - length);
		if (part < 0 && errno == EINTR)
			continue;
		if (part < 0)
			return -1;
		if (!part)
			break;
		length += (size_t)part;
	}
	return (ssize_t)length;
}

static int set_password(struct url *url, const char *text, size_t size)
{
	size_t length = strcspn(text, "\r\n");

	if (!length)
		return failed(EINVAL, "the password file %s has no first line", url->password_file);
	if (length > MAX_PASSWORD)
		return failed(EINVAL,
			      "the first line of the password file %s is longer than %d bytes",
			      url->password_file, MAX_PASSWORD);
	if (length < size && !text[length])
		return failed(EINVAL, "the first line of the password file %s has a NUL byte",
			      url->password_file);
	url->password = strndup(text, length);
	return url->password ? 0 : out_of_memory();
}

/* Takes the first line of the file. */
static int read_password(struct url *url)
{
	int result, file = open_file(url->password_file);
	/* The end of the longest line shows that it is not longer. */
	char text[MAX_PASSWORD + 2] = "";

	result = file < 0 ? -1 : (int)read_line(file, text, sizeof(text) - 1);
	if (result < 0)
		failed(EINVAL, "cannot read the password file %s (%m)", url->password_file);
	else
		result = set_password(url, text, (size_t)result);
	if (file >= 0)
		close(file);
	explicit_bzero(text, sizeof(text));
	return result;
}

/* The URL's own password, then the file's, then the environment's. */
static int find_password(struct url *url)
{
	const char *environment = secure_getenv("MSGBOX_PASSWORD");

	if (url->password && url->password_file)
		return failed_text(EINVAL, "the URL has a password and a password_file: give one");
	if (url->password_file)
		return read_password(url);
	if (!url->password && environment && *environment) {
		url->password = strdup(environment);
		if (!url->password)
			return out_of_memory();
	}
	if (url->user && !url->password)
		return failed_text(EINVAL, "the URL has a user but no password: write "
				   "USER:PASSWORD@, give password_file, or set MSGBOX_PASSWORD");
	return 0;
}

static int check(struct url *url)
{
	if (!url->key || !*url->key)
		return failed_text(EINVAL, url->socket ?
				   "the URL has no key: end it with ?key=KEY" :
				   "the URL has no key: write redis://HOST/KEY");
	if (url->socket && strlen(url->socket) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return failed(EINVAL, "the socket's path is longer than %zu bytes",
			      sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
	if (!url->tls_cert != !url->tls_key)
		return failed_text(EINVAL,
				   "the URL's options tls_cert and tls_key need each other");
	return find_password(url);
}

struct scheme {
	const char *name;
	bool is_socket;
	bool tls;
};

static const struct scheme schemes[] = {
	{ .name = "redis://" },
	{ .name = "valkey://" },
	{ .name = "rediss://", .tls = true },
	{ .name = "valkeys://", .tls = true },
	{ .name = "redis+unix://", .is_socket = true },
	{ .name = "valkey+unix://", .is_socket = true },
	{}
};

static const struct scheme *find_scheme(const char *text)
{
	const struct scheme *scheme;

	for (scheme = schemes; scheme->name; scheme++)
		if (!strncasecmp(text, scheme->name, strlen(scheme->name)))
			return scheme;
	return NULL;
}

int url_parse(struct url *url, const char *text)
{
	const struct scheme *scheme = find_scheme(text);
	char *copy;
	int result;

	*url = (struct url) {
		.port = DEFAULT_PORT,
		.timeout = DEFAULT_TIMEOUT_MS,
		.max_message_bytes = DEFAULT_MAX_MESSAGE_BYTES,
		.max_bytes = DEFAULT_MAX_BYTES,
	};
	if (!scheme)
		return failed_text(EINVAL, "the URL must be kernel: or begin with redis://, "
				   "rediss:// or redis+unix://, or the same with valkey");
	if (strchr(text, '#'))
		return failed_text(EINVAL, "write a # in the URL as %23");
	url->tls = scheme->tls;
	copy = strdup(text + strlen(scheme->name));
	if (!copy)
		return out_of_memory();
	result = parse_server(url, copy, scheme->is_socket);
	if (!result)
		result = check(url);
	explicit_bzero(copy, strlen(copy));
	free(copy);
	return result;
}

void url_free(struct url *url)
{
	if (url->password)
		explicit_bzero(url->password, strlen(url->password));
	free(url->host);
	free(url->socket);
	free(url->user);
	free(url->password);
	free(url->password_file);
	free(url->key);
	free(url->tls_cacert);
	free(url->tls_cert);
	free(url->tls_key);
}

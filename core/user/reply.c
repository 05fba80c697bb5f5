// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "backend.h"
#include "reply.h"

struct meaning {
	const char *words;	/* the reply begins with them */
	int error;
	const char *text;
};

#define NO_PERMISSION	"does not let the user do this (see SERVERS in libmsgbox(3))"
#define NO_CLUSTER	"is part of a cluster, which this library does not support"
#define FOREIGN_KEY	"has another program's data at the key, or at KEY:msgbox: use another key"

/* What will soon be accepted has ETIMEDOUT. */
static const struct meaning meanings[] = {
	{ "LOADING", ETIMEDOUT, "is still loading its data" },
	{ "BUSY", ETIMEDOUT, "is busy with another program's script" },
	{ "UNKILLABLE", ETIMEDOUT, "is busy with another program's script" },
	{ "MASTERDOWN", ETIMEDOUT, "has lost the server that it copies" },
	{ "TRYAGAIN", ETIMEDOUT, "is moving keys" },
	/* It has become such a copy during a wait, or an administrator has ended the wait. */
	{ "UNBLOCKED", ETIMEDOUT, "does not wait any longer" },
	{ "NOAUTH", EACCES, "wants a password: give it in the URL, with password_file or in "
			    "MSGBOX_PASSWORD" },
	{ "WRONGPASS", EACCES, "does not accept the user or the password" },
	{ "NOPERM", EACCES, NO_PERMISSION },
	{ "ERR The user executing the script can't", EACCES, NO_PERMISSION },
	{ "The user executing the script can't", EACCES, NO_PERMISSION },
	{ "ERR ACL failure", EACCES, NO_PERMISSION },
	{ "DENIED", EACCES, "accepts only programs on its own machine until it has a password" },
	{ "WRONGTYPE", EEXIST, FOREIGN_KEY },
	{ "OOM", ENOMEM, "is out of memory (see its maxmemory)" },
	{ "READONLY", EROFS, "is a read-only copy of another server: use that one" },
	{ "MOVED", EPROTO, NO_CLUSTER },
	{ "ASK", EPROTO, NO_CLUSTER },
	{ "CROSSSLOT", EPROTO, NO_CLUSTER },
	{ "CLUSTERDOWN", EPROTO, NO_CLUSTER },
	{ "ERR max number of clients", ECONNREFUSED, "has too many clients" },
	{ "ERR unknown command", EPROTO, "does not know a command: libmsgbox needs Redis 6.2 or "
					 "later, or Valkey" },
	{ "ERR DB index", EINVAL, "does not have the database of the URL's option db" },
	{ "", EPROTO, "refused the request" },
};

/* Before Redis 7, the error of a command in a script is in the middle of the words. */
static bool begins(const char *reply, const char *words)
{
	const char *in_script = strstr(reply, "Error running script");

	if (!strncmp(reply, words, strlen(words)))
		return true;
	if (!in_script || !*words || !strncmp(words, "ERR", 3))
		return false;
	return strstr(in_script, words);
}

static const struct meaning *meaning_of(const redisReply *reply)
{
	const struct meaning *meaning = meanings;

	while (!begins(reply->str, meaning->words))
		meaning++;
	return meaning;
}

static void cut(char *words, const char *from)
{
	char *found = strstr(words, from);

	if (found)
		*found = '\0';
}

/*
 * Without the request's arguments, the place in the script (", on @user_script:1."), and what
 * could confuse a terminal.
 */
static void copy_words(char *words, size_t size, const char *reply)
{
	snprintf(words, size, "%s", reply);
	cut(words, ", with args beginning with");
	cut(words, ", on @user_script");
	for (; *words; words++)
		if (*words < ' ' || *words > '~')
			*words = '?';
}

int reply_failed(const redisReply *reply, const char *name)
{
	const struct meaning *meaning = meaning_of(reply);
	char words[200];

	copy_words(words, sizeof(words), reply->str);
	return failed(meaning->error, "%s %s: %s", name, meaning->text, words);
}

int reply_failed_secretly(const redisReply *reply, const char *name)
{
	const struct meaning *meaning = meaning_of(reply);

	if (meaning->error == EPROTO)
		return failed(EACCES,
			      "%s does not accept the user or the password; it may have none",
			      name);
	return failed(meaning->error, "%s %s", name, meaning->text);
}

int reply_unexpected(const char *name)
{
	return failed(EPROTO, "%s gave an answer that libmsgbox does not understand: it may be "
		      "another kind of server", name);
}

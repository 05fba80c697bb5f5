/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The URL of a box on a server: see msgbox.h, and URLS in libmsgbox(3). */
#ifndef MSGBOX_URL_H
#define MSGBOX_URL_H

#include <stdbool.h>
#include <stdint.h>

/* In bytes: the server's own limit for a string (proto-max-bulk-len), unless configured. */
#define LONGEST_MESSAGE	536870912

struct url {
	bool tls;
	char *host;		/* or NULL: socket */
	char *socket;
	int port;
	char *user;		/* or NULL: the server's default user */
	char *password;		/* or NULL: none */
	char *password_file;
	char *key;
	int db;
	int timeout;		/* in milliseconds */
	uint64_t max_message_bytes;
	uint64_t max_bytes;
	char *tls_cacert;	/* names of files, or NULL */
	char *tls_cert;
	char *tls_key;
	unsigned int numbers;	/* while it is parsed: a bit for each that the options have set */
};

/*
 * Returns 0, or -1 as failed() does. No text of an error contains a password. Call
 * url_free() in both cases.
 */
int url_parse(struct url *url, const char *text);
void url_free(struct url *url);

#endif

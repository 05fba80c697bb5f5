/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TLS on a stream, by OpenSSL. Without MSGBOX_TLS there is none. */
#ifndef MSGBOX_TLS_H
#define MSGBOX_TLS_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "backend.h"
#include "stream.h"

#ifdef MSGBOX_TLS

/* Reads the certificates that the URL names. Returns NULL as failed() does. */
struct tls_settings *tls_settings_new(const struct url *url);
void tls_settings_free(struct tls_settings *settings);

/* Returns 0, or -1 as failed() does. */
int tls_start(struct stream *stream, const struct url *url, struct tls_settings *settings,
	      const char *name, deadline_t deadline);
void tls_end(struct tls *tls);
/* Whether a part of the record that was read last has not been received. */
bool tls_has_more(const struct tls *tls);
bool tls_is_stale(struct tls *tls);

/*
 * Like send(2) and recv(2) on a socket that does not block. With EAGAIN, *events is what to
 * wait for.
 */
ssize_t tls_send(struct tls *tls, const char *bytes, size_t size, short *events);
ssize_t tls_receive(struct tls *tls, char *bytes, size_t size, short *events);

#else

static inline struct tls_settings *tls_settings_new(const struct url *url)
{
	(void)url;
	failed_text(EPROTONOSUPPORT, "this libmsgbox was built without TLS: install libssl-dev and "
		    "build it again");
	return NULL;
}

static inline void tls_settings_free(struct tls_settings *settings)
{
	(void)settings;
}

static inline int tls_start(struct stream *stream, const struct url *url,
			    struct tls_settings *settings, const char *name, deadline_t deadline)
{
	(void)stream;
	(void)url;
	(void)settings;
	(void)name;
	(void)deadline;
	return -1;
}

static inline void tls_end(struct tls *tls)
{
	(void)tls;
}

static inline bool tls_has_more(const struct tls *tls)
{
	(void)tls;
	return false;
}

static inline bool tls_is_stale(struct tls *tls)
{
	(void)tls;
	return true;
}

static inline ssize_t tls_send(struct tls *tls, const char *bytes, size_t size, short *events)
{
	(void)tls;
	(void)bytes;
	(void)size;
	(void)events;
	return -1;
}

static inline ssize_t tls_receive(struct tls *tls, char *bytes, size_t size, short *events)
{
	(void)tls;
	(void)bytes;
	(void)size;
	(void)events;
	return -1;
}

#endif
#endif

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * hiredis has TLS too, but does not compare the certificate's name with the host's, so any
 * certificate of a known authority would do.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tls.h"

struct tls_settings {
	SSL_CTX *context;
};

struct tls {
	SSL *ssl;
};

/* The first reason that OpenSSL gives. */
static const char *first_error(void)
{
	unsigned long error = ERR_peek_error();
	const char *text = ERR_reason_error_string(error);

	if (ERR_SYSTEM_ERROR(error))
		return strerror(ERR_GET_REASON(error));
	return text ? text : "no reason given";
}

static int load_failed(const char *what, const char *file)
{
	return failed(EINVAL, "TLS: cannot use the %s %s: %s", what, file, first_error());
}

/* A key with a passphrase cannot be used: a library must not ask for it on the terminal. */
static int no_passphrase(char *text, int size, int is_new, void *data)
{
	(void)text;
	(void)size;
	(void)is_new;
	(void)data;
	return -1;
}

static int load(SSL_CTX *context, const struct url *url)
{
	if (!url->tls_cacert) {
		if (SSL_CTX_set_default_verify_paths(context) != 1)
			return failed(EINVAL, "TLS: the system's certificates cannot be used: %s",
				      first_error());
	} else if (SSL_CTX_load_verify_locations(context, url->tls_cacert, NULL) != 1) {
		return load_failed("certificate of the authority,", url->tls_cacert);
	}
	if (!url->tls_cert)
		return 0;
	if (SSL_CTX_use_certificate_chain_file(context, url->tls_cert) != 1)
		return load_failed("certificate", url->tls_cert);
	if (SSL_CTX_use_PrivateKey_file(context, url->tls_key, SSL_FILETYPE_PEM) != 1)
		return load_failed("private key", url->tls_key);
	return 0;
}

struct tls_settings *tls_settings_new(const struct url *url)
{
	struct tls_settings *settings = calloc(1, sizeof(*settings));
	SSL_CTX *context;

	ERR_clear_error();
	if (settings)
		settings->context = SSL_CTX_new(TLS_client_method());
	if (!settings || !settings->context) {
		failed_text(ENOMEM, "out of memory");
		free(settings);
		return NULL;
	}
	context = settings->context;
	SSL_CTX_set_default_passwd_cb(context, no_passphrase);
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE);
	SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (load(context, url)) {
		tls_settings_free(settings);
		return NULL;
	}
	return settings;
}

void tls_settings_free(struct tls_settings *settings)
{
	if (!settings)
		return;
	SSL_CTX_free(settings->context);
	free(settings);
}

/* The certificate must be for this host. */
static bool set_host(SSL *ssl, const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	return SSL_set_tlsext_host_name(ssl, host) == 1 && SSL_set1_host(ssl, host) == 1;
}

/* Like send(2) and recv(2): what the result of an SSL function means. */
static ssize_t result_of(struct tls *tls, int result, short *events)
{
	if (result > 0)
		return result;
	switch (SSL_get_error(tls->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		*events = POLLIN;
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_WANT_WRITE:
		*events = POLLOUT;
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		if (errno)
			return -1;
		return 0;
	default:
		errno = ECONNRESET;
		return -1;
	}
}

/*
 * OpenSSL writes without MSG_NOSIGNAL. A SIGPIPE that comes from its write is for this thread
 * and is taken back; one that was pending before stays.
 */
struct pipe_signal {
	sigset_t before;
	bool was_pending;
};

static void hold_pipe_signal(struct pipe_signal *held)
{
	sigset_t pipe, pending;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigpending(&pending);
	held->was_pending = sigismember(&pending, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, &held->before);
}

static void drop_pipe_signal(const struct pipe_signal *held)
{
	const struct timespec now = {};
	int error = errno;
	sigset_t pipe;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	if (!held->was_pending)
		while (sigtimedwait(&pipe, NULL, &now) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &held->before, NULL);
	errno = error;
}

/* What to do with the stream in one step. */
enum step { SHAKE_HANDS, SEND, RECEIVE };

static ssize_t do_step(struct tls *tls, enum step step, void *bytes, size_t size, short *events)
{
	int length = size > INT_MAX ? INT_MAX : (int)size;
	struct pipe_signal held;
	ssize_t result;
	int status;

	hold_pipe_signal(&held);
	ERR_clear_error();
	errno = 0;
	if (step == SHAKE_HANDS)
		status = SSL_connect(tls->ssl);
	else if (step == SEND)
		status = SSL_write(tls->ssl, bytes, length);
	else
		status = SSL_read(tls->ssl, bytes, length);
	result = result_of(tls, status, events);
	drop_pipe_signal(&held);
	return result;
}

ssize_t tls_send(struct tls *tls, const char *bytes, size_t size, short *events)
{
	return do_step(tls, SEND, (void *)bytes, size, events);
}

ssize_t tls_receive(struct tls *tls, char *bytes, size_t size, short *events)
{
	return do_step(tls, RECEIVE, bytes, size, events);
}

/* Whether the connection broke, which OpenSSL also has a reason for, rather than TLS failed. */
static bool is_broken(void)
{
	unsigned long error = ERR_peek_error();

	return !error || ERR_SYSTEM_ERROR(error) ||
	       ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
}

static int handshake_failed(struct tls *tls, const char *name, int error)
{
	long verified = SSL_get_verify_result(tls->ssl);

	if (error == ETIMEDOUT)
		return failed(ETIMEDOUT, "%s did not finish the TLS handshake in time", name);
	if (verified != X509_V_OK)
		return failed(EPROTO, "TLS: the certificate of %s is not accepted: %s", name,
			      X509_verify_cert_error_string(verified));
	if (is_broken())
		return failed(error, "the connection to %s broke in the TLS handshake", name);
	return failed(EPROTO, "TLS with %s failed: %s", name, first_error());
}

static int shake_hands(struct stream *stream, const char *name, deadline_t deadline)
{
	short events = 0;
	ssize_t done;

	for (;;) {
		done = do_step(stream->tls, SHAKE_HANDS, NULL, 0, &events);
		if (done > 0)
			return 0;
		if (!done || errno != EAGAIN || stream_poll(stream, events, deadline))
			return handshake_failed(stream->tls, name, done ? errno : ECONNRESET);
	}
}

int tls_start(struct stream *stream, const struct url *url, struct tls_settings *settings,
	      const char *name, deadline_t deadline)
{
	struct tls *tls = calloc(1, sizeof(*tls));

	if (tls)
		tls->ssl = SSL_new(settings->context);
	if (!tls || !tls->ssl || !set_host(tls->ssl, url->host) ||
	    SSL_set_fd(tls->ssl, stream->socket) != 1) {
		tls_end(tls);
		return failed_text(ENOMEM, "out of memory for TLS");
	}
	stream->tls = tls;
	return shake_hands(stream, name, deadline);
}

/* Sends nothing: in a child after fork(2) the connection is still the parent's. */
void tls_end(struct tls *tls)
{
	if (!tls)
		return;
	SSL_free(tls->ssl);
	free(tls);
}

bool tls_has_more(const struct tls *tls)
{
	return SSL_pending(tls->ssl) > 0;
}

/* Reads the tickets, if that is what there is. */
bool tls_is_stale(struct tls *tls)
{
	short events;
	char byte;

	return tls_receive(tls, &byte, 1, &events) >= 0 || errno != EAGAIN;
}

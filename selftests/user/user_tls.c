// SPDX-License-Identifier: GPL-2.0
/* Boxes on a server with TLS: rediss://, certificates, and what must be refused. */
#define NEEDS_NO_BOX
#include <openssl/ssl.h>

#include "caller.h"
#include "server.h"
#include "user.h"

/*
 * Two authorities. The first one has signed certificates for the server: one for the host
 * localhost and not for 127.0.0.1, another one for that address and not for localhost, and
 * one for a client.
 */
static const char make_certificates[] =
	"exec >openssl.log 2>&1; set -e\n"
	"new='openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -batch'\n"
	"for authority in ca other; do\n"
	"	$new -x509 -days 2 -subj /CN=$authority -keyout $authority.key -out $authority.crt\n"
	"done\n"
	"for name in server client address; do\n"
	"	echo subjectAltName=DNS:localhost >extensions\n"
	"	[ $name != address ] || echo subjectAltName=DNS:elsewhere,IP:127.0.0.1 >extensions\n"
	"	$new -subj /CN=$name -keyout $name.key -out $name.csr\n"
	"	openssl x509 -req -in $name.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 \\\n"
	"		-extfile extensions -out $name.crt\n"
	"done\n";

FIXTURE(tls)
{
	struct server server;
	int number;
	char port[8];
	char files[4][128];
};

static bool begin_with_certificates(struct _test_data_tls *self, const char *clients)
{
	static const char *const names[] = { "server.crt", "server.key", "ca.crt" };
	static const char *const options[] = {
		"--tls-cert-file", "--tls-key-file", "--tls-ca-cert-file",
	};
	struct server *server = &self->server;
	char command[2048], folder[64];

	if (!server_make_folder(server))
		return false;
	snprintf(command, sizeof(command), "cd '%s' && %s", server->folder, make_certificates);
	if (system(command))
		return false;
	/* So that the compiler knows how long it is. */
	snprintf(folder, sizeof(folder), "%s", server->folder);
	self->number = free_port();
	snprintf(self->port, sizeof(self->port), "%d", self->number);
	server->options[0] = "--tls-port";
	server->options[1] = self->port;
	server->options[2] = "--tls-auth-clients";
	server->options[3] = clients;
	for (int i = 0; i < 3; i++) {
		snprintf(self->files[i], sizeof(self->files[i]), "%s/%s", folder, names[i]);
		server->options[4 + 2 * i] = options[i];
		server->options[5 + 2 * i] = self->files[i];
	}
	return server_begin(server);
}

FIXTURE_SETUP(tls)
{
	ASSERT_TRUE(begin_with_certificates(self, "no"));
}

FIXTURE_TEARDOWN(tls)
{
	server_end(&self->server);
	no_leaks(_metadata);
}

/* Writes a URL with names of files in the server's folder: %s in options is the folder. */
static const char *url_of(struct _test_data_tls *self, const char *host, const char *options)
{
	static char url[1024];
	const char *folder = self->server.folder;
	int length = snprintf(url, sizeof(url), "rediss://%s:%d/box?timeout=2000", host, self->number);

	snprintf(url + length, sizeof(url) - length, options, folder, folder, folder);
	return url;
}

#define TRUSTED	"&tls_cacert=%s/ca.crt"

static void calls_work(struct __test_metadata *_metadata, struct msgbox *box)
{
	char *message = new_message(MIB, 1), byte;

	ASSERT_EQ(0, box_put(box, "x", 1)) {
		TH_LOG("%s", msgbox_error());
	}
	ASSERT_EQ(0, box_put(box, message, MIB)) {
		TH_LOG("%s", msgbox_error());
	}
	ASSERT_EQ(MIB, box_get_expecting(box, message, MIB)) {
		TH_LOG("%s", msgbox_error());
	}
	ASSERT_EQ(1, box_wait(box, &byte, 1, 1000)) {
		TH_LOG("%s", msgbox_error());
	}
	ASSERT_EQ(-ETIMEDOUT, box_wait(box, &byte, 1, 100)) {
		TH_LOG("%s", msgbox_error());
	}
	free(message);
}

TEST_F(tls, a_trusted_server)
{
	struct msgbox *box = msgbox_open(url_of(self, "localhost", TRUSTED));
	char byte;
	struct caller caller = WAITER(box, &byte, 1, MSGBOX_FOREVER);

	ASSERT_NE(NULL, box) {
		TH_LOG("%s", msgbox_error());
	}
	calls_work(_metadata, box);
	ASSERT_TRUE(waits(&caller));
	ASSERT_EQ(0, box_put(box, "y", 1));
	ASSERT_TRUE(returns(&caller));
	ASSERT_EQ(1, caller.ret);
	msgbox_close(box);
}

/* The next connection is as safe, and a dead one does not kill the process (SIGPIPE). */
TEST_F(tls, a_restart)
{
	struct msgbox *box = msgbox_open(url_of(self, "localhost", TRUSTED));

	ASSERT_NE(NULL, box) {
		TH_LOG("%s", msgbox_error());
	}
	for (int i = 0; i < 3; i++) {
		calls_work(_metadata, box);
		ASSERT_TRUE(server_does(&self->server, "CLIENT KILL TYPE normal"));
		usleep(i * 20000);
	}
	server_kill(&self->server);
	EXPECT_GT(0, box_put(box, "x", 1));
	ASSERT_TRUE(server_start(&self->server));
	calls_work(_metadata, box);
	msgbox_close(box);
}

/* --- what must be refused, and why */

static void is_refused(struct __test_metadata *_metadata, const char *url, const char *says)
{
	long begin = milliseconds();

	EXPECT_EQ(-EPROTO, open_fails(url)) {
		TH_LOG("%s: %s", url, msgbox_error());
	}
	EXPECT_NE(NULL, strcasestr(msgbox_error(), says)) {
		TH_LOG("%s: '%s' does not say '%s'", url, msgbox_error(), says);
	}
	EXPECT_GE(2000 + LATE, milliseconds() - begin);
}

TEST_F(tls, servers_that_are_not_trusted)
{
	/* By none of the system's authorities, by another one, or for another host. */
	is_refused(_metadata, url_of(self, "localhost", ""), "certificate");
	is_refused(_metadata, url_of(self, "localhost", "&tls_cacert=%s/other.crt"), "certificate");
	is_refused(_metadata, url_of(self, "127.0.0.1", TRUSTED), "mismatch");
	EXPECT_TRUE(server_answers(&self->server, "DBSIZE", ":0"));
}

/* The other way round: the certificate is for the address. */
TEST_F(tls, a_certificate_for_an_address)
{
	struct msgbox *box;
	char command[512];

	snprintf(command, sizeof(command),
		 "CONFIG SET tls-cert-file %s/address.crt tls-key-file %s/address.key",
		 self->server.folder, self->server.folder);
	ASSERT_TRUE(server_does(&self->server, command));
	is_refused(_metadata, url_of(self, "localhost", TRUSTED), "mismatch");
	box = msgbox_open(url_of(self, "127.0.0.1", TRUSTED));
	ASSERT_NE(NULL, box) {
		TH_LOG("%s", msgbox_error());
	}
	calls_work(_metadata, box);
	msgbox_close(box);
}

TEST_F(tls, files_that_are_missing)
{
	static const char *const options[] = {
		"&tls_cacert=%s/nosuch", TRUSTED "&tls_cert=%s/nosuch&tls_key=%s/client.key",
		TRUSTED "&tls_cert=%s/client.crt&tls_key=%s/nosuch",
	};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		EXPECT_GT(0, open_fails(url_of(self, "localhost", options[i])));
		EXPECT_NE(NULL, strstr(msgbox_error(), "nosuch")) {
			TH_LOG("%s", msgbox_error());
		}
	}
	/* A key that is not the certificate's. */
	EXPECT_GT(0, open_fails(url_of(self, "localhost",
				       TRUSTED "&tls_cert=%s/client.crt&tls_key=%s/other.key")));
}

/* The library does not ask for a passphrase, neither on a terminal nor on standard input. */
TEST_F(tls, a_key_with_a_passphrase)
{
	static const char options[] = TRUSTED "&tls_cert=%s/client.crt&tls_key=%s/locked.key";
	char command[512], text[8] = "";
	int input[2];

	snprintf(command, sizeof(command),
		 "openssl ec -aes256 -passout pass:phrase -in %s/client.key -out %s/locked.key 2>%s/log2",
		 self->server.folder, self->server.folder, self->server.folder);
	ASSERT_EQ(0, system(command));
	ASSERT_EQ(0, pipe(input));
	ASSERT_EQ(7, write(input[1], "phrase\n", 7));
	ASSERT_EQ(STDIN_FILENO, dup2(input[0], STDIN_FILENO));
	/* Away from the terminal, if there is one. */
	setsid();
	EXPECT_EQ(-EINVAL, open_fails(url_of(self, "localhost", options)));
	EXPECT_NE(NULL, strstr(msgbox_error(), "locked.key")) {
		TH_LOG("%s", msgbox_error());
	}
	EXPECT_EQ(0, fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(7, read(STDIN_FILENO, text, sizeof(text)));
	close(input[0]);
	close(input[1]);
}

/* Listens at the server's port. */
static int listen_instead(struct _test_data_tls *self)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(self->number),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	server_kill(&self->server);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 8))
		return -1;
	return fd;
}

static void *hang_up(void *data)
{
	int fd = *(int *)data, connection;
	char byte;

	while ((connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		/* Otherwise the end could come before the handshake begins. */
		recv(connection, &byte, 1, 0);
		close(connection);
	}
	return NULL;
}

/*
 * A connection that ends in the handshake, as behind a load balancer while the server is down,
 * is like one that ends without TLS: a wait goes on.
 */
TEST_F(tls, a_handshake_that_is_cut)
{
	struct msgbox *box = msgbox_open(url_of(self, "localhost", TRUSTED));
	char byte;
	struct caller caller = WAITER(box, &byte, 1, MSGBOX_FOREVER);
	pthread_t thread;
	int fd;

	ASSERT_NE(NULL, box) {
		TH_LOG("%s", msgbox_error());
	}
	fd = listen_instead(self);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, pthread_create(&thread, NULL, hang_up, &fd));
	EXPECT_EQ(-ECONNRESET, open_fails(url_of(self, "localhost", TRUSTED))) {
		TH_LOG("%s", msgbox_error());
	}
	ASSERT_TRUE(starts(&caller));
	usleep(300000);
	EXPECT_FALSE(atomic_load(&caller.done));
	shutdown(fd, SHUT_RDWR);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	close(fd);
	ASSERT_TRUE(server_start(&self->server));
	ASSERT_TRUE(server_does(&self->server, "LPUSH box x"));
	ASSERT_TRUE(returns(&caller));
	EXPECT_EQ(1, caller.ret);
	msgbox_close(box);
}

/**
 * struct impostor - a thread with the server's certificate and answers of its own
 * @listener: where it accepts connections, one after the other
 * @context: OpenSSL's
 * @waits: how many requests to wait there have been
 */
struct impostor {
	int listener;
	SSL_CTX *context;
	atomic_int waits;
};

/* The answer to a request to wait has another answer behind it. */
static const char *answer_of(struct impostor *impostor, const char *request, int length)
{
	if (memmem(request, length, "BLMOVE", 6)) {
		atomic_fetch_add(&impostor->waits, 1);
		return "$1\r\nx\r\n$5\r\nghost\r\n";
	}
	if (memmem(request, length, "figure", 6))
		return "*4\r\n:0\r\n:0\r\n:0\r\n:0\r\n";
	return memmem(request, length, "LINDEX", 6) ? ":-1\r\n" : ":0\r\n";
}

static void *run_impostor(void *data)
{
	struct impostor *impostor = data;
	static char request[64 * KIB];
	int fd;

	while ((fd = accept4(impostor->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		SSL *ssl = SSL_new(impostor->context);
		int length = 0;

		SSL_set_fd(ssl, fd);
		if (SSL_accept(ssl) == 1)
			length = SSL_read(ssl, request, sizeof(request));
		while (length > 0) {
			const char *answer = answer_of(impostor, request, length);

			SSL_write(ssl, answer, strlen(answer));
			length = SSL_read(ssl, request, sizeof(request));
		}
		SSL_free(ssl);
		close(fd);
	}
	return NULL;
}

/* What the answer's TLS record has more must not be taken for the answer to the next call. */
TEST_F(tls, two_answers_in_a_record)
{
	struct impostor impostor = { .context = SSL_CTX_new(TLS_server_method()) };
	struct msgbox *box;
	char buffer[8];
	pthread_t thread;

	signal(SIGPIPE, SIG_IGN);
	ASSERT_EQ(1, SSL_CTX_use_certificate_chain_file(impostor.context, self->files[0]));
	ASSERT_EQ(1, SSL_CTX_use_PrivateKey_file(impostor.context, self->files[1],
						 SSL_FILETYPE_PEM));
	impostor.listener = listen_instead(self);
	ASSERT_LE(0, impostor.listener);
	ASSERT_EQ(0, pthread_create(&thread, NULL, run_impostor, &impostor));
	box = msgbox_open(url_of(self, "localhost", TRUSTED));
	ASSERT_NE(NULL, box) {
		TH_LOG("%s", msgbox_error());
	}
	EXPECT_EQ(-ETIMEDOUT, box_wait(box, buffer, sizeof(buffer), 300));
	EXPECT_LT(0, atomic_load(&impostor.waits));
	msgbox_close(box);
	shutdown(impostor.listener, SHUT_RDWR);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	close(impostor.listener);
	SSL_CTX_free(impostor.context);
}

/* Each of the two sides without TLS. */
TEST_F(tls, one_side_without)
{
	int plain = free_port();
	char command[64], url[256];
	long begin = milliseconds();

	snprintf(url, sizeof(url), "redis://localhost:%d/box?timeout=500", self->number);
	EXPECT_GT(0, open_fails(url)) {
		TH_LOG("a connection without TLS was accepted");
	}
	snprintf(command, sizeof(command), "CONFIG SET port %d", plain);
	ASSERT_TRUE(server_does(&self->server, command));
	snprintf(url, sizeof(url), "rediss://localhost:%d/box?timeout=500&tls_cacert=%s/ca.crt", plain,
		 self->server.folder);
	EXPECT_GT(0, open_fails(url));
	EXPECT_GE(2 * 500 + LATE, milliseconds() - begin);
}

/* --- certificates of clients */

FIXTURE(clients)
{
	FIXTURE_DATA(tls) tls;
};

FIXTURE_SETUP(clients)
{
	ASSERT_TRUE(begin_with_certificates(&self->tls, "yes"));
}

FIXTURE_TEARDOWN(clients)
{
	server_end(&self->tls.server);
	no_leaks(_metadata);
}

TEST_F(clients, a_certificate_opens)
{
	static const char options[] = TRUSTED "&tls_cert=%s/client.crt&tls_key=%s/client.key";
	struct msgbox *box = msgbox_open(url_of(&self->tls, "localhost", options));

	ASSERT_NE(NULL, box) {
		TH_LOG("%s", msgbox_error());
	}
	calls_work(_metadata, box);
	msgbox_close(box);
}

/* With TLS 1.3 a client learns only from the first answer that it was refused. */
TEST_F(clients, none_does_not)
{
	struct msgbox *box = msgbox_open(url_of(&self->tls, "localhost", TRUSTED));
	long begin = milliseconds();

	if (box)
		EXPECT_GT(0, box_put(box, "x", 1));
	EXPECT_GE(2 * 2000 + LATE, milliseconds() - begin);
	msgbox_close(box);
	EXPECT_TRUE(server_answers(&self->tls.server, "DBSIZE", ":0"));
}

TEST_HARNESS_MAIN

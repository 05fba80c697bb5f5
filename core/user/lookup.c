// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "lookup.h"

/* In nanoseconds. The host can have other addresses then. */
#define OLD	(10 * INT64_C(1000000000))

/* Those of this process that have not ended, some of which nobody waits for any more. */
static atomic_int unfinished;

/*
 * Belongs to the caller and to the thread: the last one frees it. After fork(2) the child has
 * no such thread, and keeps these few bytes and the eventfd.
 */
struct lookup {
	atomic_int owners;
	int file;		/* an eventfd(2) */
	char *host, *port;
	/* Written by the thread before the last one. */
	int status, error;
	struct addrinfo *addresses;
	int64_t end;
	atomic_bool has_ended;
};

static void free_lookup(struct lookup *lookup)
{
	if (lookup->addresses)
		freeaddrinfo(lookup->addresses);
	if (lookup->file >= 0)
		close(lookup->file);
	free(lookup->host);
	free(lookup->port);
	free(lookup);
}

void lookup_drop(struct lookup *lookup)
{
	int error = errno;

	if (lookup && atomic_fetch_sub(&lookup->owners, 1) == 1)
		free_lookup(lookup);
	errno = error;
}

static void *look_up(void *data)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct lookup *lookup = data;

	lookup->status = getaddrinfo(lookup->host, lookup->port, &hints, &lookup->addresses);
	lookup->error = errno;
	lookup->end = clock_now();
	atomic_store(&lookup->has_ended, true);
	atomic_fetch_sub(&unfinished, 1);
	eventfd_write(lookup->file, 1);
	lookup_drop(lookup);
	return NULL;
}

/* The program's signals are not for this thread. Returns whether it runs; if not, with errno. */
static bool start_thread(struct lookup *lookup)
{
	sigset_t all, before;
	pthread_t thread;
	int error;

	if (atomic_fetch_add(&unfinished, 1) >= MOST_LOOKUPS) {
		atomic_fetch_sub(&unfinished, 1);
		errno = EBUSY;
		return false;
	}
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, NULL, look_up, lookup);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error) {
		atomic_fetch_sub(&unfinished, 1);
		errno = ENOMEM;
		return false;
	}
	pthread_detach(thread);
	return true;
}

struct lookup *lookup_begin(const char *host, const char *port)
{
	struct lookup *lookup = calloc(1, sizeof(*lookup));

	if (!lookup)
		return NULL;
	lookup->host = strdup(host);
	lookup->port = strdup(port);
	lookup->file = eventfd(0, EFD_CLOEXEC);
	atomic_store(&lookup->owners, 2);
	if (lookup->host && lookup->port && lookup->file >= 0 && start_thread(lookup))
		return lookup;
	atomic_store(&lookup->owners, 1);
	lookup_drop(lookup);
	return NULL;
}

int lookup_file(const struct lookup *lookup)
{
	return lookup->file;
}

bool lookup_is_old(const struct lookup *lookup)
{
	return atomic_load(&lookup->has_ended) && clock_now() - lookup->end > OLD;
}

int lookup_result(const struct lookup *lookup, const struct addrinfo **addresses)
{
	if (!atomic_load(&lookup->has_ended))
		return EAI_AGAIN;
	*addresses = lookup->addresses;
	errno = lookup->error;
	return lookup->status;
}

void lookup_after_fork(void)
{
	atomic_store(&unfinished, 0);
}

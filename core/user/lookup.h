/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looks up the addresses of a host. getaddrinfo(3) can take half a minute, no signal ends it,
 * and it cannot be canceled: so a thread of its own calls it, which may be left behind.
 */
#ifndef MSGBOX_LOOKUP_H
#define MSGBOX_LOOKUP_H

#include <netdb.h>
#include <stdbool.h>

struct lookup;

/* In one process at a time. */
#define MOST_LOOKUPS	32

/* Begins to look up. Returns NULL with errno: EBUSY if there are too many. */
struct lookup *lookup_begin(const char *host, const char *port);

/* A file that poll(2) can read once the lookup has ended. */
int lookup_file(const struct lookup *lookup);

/* Whether it has ended, and so long ago that the addresses may be others now. */
bool lookup_is_old(const struct lookup *lookup);

/*
 * The result of getaddrinfo(3), with errno, once the lookup has ended. The addresses are freed
 * with the lookup.
 */
int lookup_result(const struct lookup *lookup, const struct addrinfo **addresses);

/* Frees the lookup, or lets it free itself when it ends. NULL is allowed. Keeps errno. */
void lookup_drop(struct lookup *lookup);

/* In the child, which has none of the threads. */
void lookup_after_fork(void);

#endif

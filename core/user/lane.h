/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A lane carries one request at a time to the server. It outlives its connection, so that
 * a request whose answer was lost can be repeated without being executed twice: the lane
 * numbers its requests, and the server keeps the number of the last one that had an effect,
 * with the message that it took, at the key KEY:msgbox:LANE.
 *
 * The server keeps that for some time only (lane_life_ms()), and has lost it if it lost its
 * memory. It executes nothing for a lane that it does not know: then the lane is registered
 * anew and the request repeated, unless it was sent before, and may have been executed.
 */
#ifndef MSGBOX_LANE_H
#define MSGBOX_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "connection.h"

/*
 * Half of it, after which a lane is registered anew, is longer than any call takes: that can
 * be three times the timeout, and twice a second for each 64 KiB of a message. A message that is
 * taken can be longer than those that this handle puts; SCRIPT_GET adds the time for it.
 */
static inline int lane_life_ms(const struct url *url)
{
	return 60000 + 6 * url->timeout + 4 * (int)(url->max_message_bytes / 65);
}

struct lane {
	struct lane *next;		/* in the list of idle lanes */
	const struct place *place;
	struct connection connection;
	char *key;			/* KEY:msgbox:LANE */
	uint64_t number;		/* of the last request */
	int64_t registered;		/* when the server got to know it, or 0 */
	/*
	 * The last request was a get whose answer was lost. The next get is the same one,
	 * repeated; nothing else may use the lane before.
	 */
	bool unsettled;
	bool waits;			/* the call waits, so a signal may end it */
	bool repeated;			/* the last request was perhaps sent more than once */
};

struct lane *lane_new(const struct place *place);
/* Does not talk to the server. */
void lane_free(struct lane *lane);
/* Tells the server to forget the lane. Does not wait. */
void lane_forget(struct lane *lane);

/* The arguments of a script after the number and "again". */
struct argument {
	const char *bytes;
	size_t length;
};

/*
 * lane_run() runs one of the scripts that ask whether they have been executed already. message
 * is the length of the longest message that it may return.
 * Returns the reply, which is no error; or NULL as failed() does, with EINPROGRESS if it is
 * not known whether the script was executed.
 */
redisReply *lane_run(struct lane *lane, const char *script, const struct argument *arguments,
		     int count, size_t message);

/* Runs a script that changes nothing and has no arguments, in the same way. */
redisReply *lane_ask(struct lane *lane, const char *script);

/*
 * Returns 1 if the box is not empty, 0 if nothing came in time, -1 as failed() does. A signal
 * gives EINTR.
 */
int lane_wait(struct lane *lane, int timeout_ms);

/* Sleeps until the deadline at most. Keeps errno. Returns false if the time is over. */
bool lane_pause(struct lane *lane, int pause_ms, deadline_t deadline);

/* Whether a call that waits should try again after this error. */
bool lane_error_is_temporary(int error);

#endif

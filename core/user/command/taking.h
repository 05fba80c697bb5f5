/* SPDX-License-Identifier: GPL-2.0 */
/* Takes messages out of the box, and loses none that cannot be delivered. */
#ifndef TAKING_H
#define TAKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <msgbox.h>

struct taking {
	struct msgbox *box;
	uint64_t count;		/* how many messages to take */
	bool all;		/* take messages until there is none: count is not used */
	int timeout_ms;		/* how long to wait for each */
};

/* What became of a message. */
struct outcome {
	int status;		/* 0 if it was delivered */
	bool put_back;		/* the message has to go back into the box */
	bool stop;		/* do not take another one */
};

typedef struct outcome deliver_function(const void *message, size_t length, void *context);

/*
 * Takes messages and passes each to deliver, which has complained if it failed. Returns an
 * exit status: that of the last failure, or STATUS_EMPTY if there were not enough messages.
 */
int take_each(const struct taking *taking, deliver_function *deliver, void *context);

#endif

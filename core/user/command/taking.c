// SPDX-License-Identifier: GPL-2.0

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "command.h"
#include "save.h"
#include "signals.h"
#include "taking.h"

/* Waits for a message with signals let in. EINTR: a signal that ends the command came. */
static ssize_t wait_for(const struct taking *taking, void **buffer, size_t *size)
{
	deadline_t deadline = deadline_in(taking->timeout_ms);
	ssize_t length = -1;
	int error = EINTR;

	while (length < 0 && error == EINTR && !signal_came()) {
		signals_allow();
		length = msgbox_take(taking->box, buffer, size, deadline_left(deadline));
		error = errno;
		signals_hold();
	}
	errno = error;
	return length;
}

static ssize_t take(const struct taking *taking, void **buffer, size_t *size)
{
	if (!taking->timeout_ms)
		return msgbox_take(taking->box, buffer, size, 0);
	return wait_for(taking, buffer, size);
}

/* The exit status when no message could be taken. */
static int nothing_taken(const struct taking *taking)
{
	enum status status = taking->timeout_ms ? status_of_wait(errno) : status_of(errno);

	if (errno == EINTR)
		return STATUS_ERROR;
	if (taking->all && status == STATUS_EMPTY)
		return STATUS_OK;
	/* The library's next get would give it, but the handle ends with this process. */
	complain("%s%s", msgbox_error(), errno == EINPROGRESS ?
		 "; as this command ends, such a message is lost" : "");
	return (int)status;
}

static void put_back(struct msgbox *box, const void *message, size_t length)
{
	if (!msgbox_put(box, message, length)) {
		complain("the message is back on top of the box");
		return;
	}
	complain("the message could not be put back: %s", msgbox_error());
	save(message, length);
}

int take_each(const struct taking *taking, deliver_function *deliver, void *context)
{
	struct outcome outcome = { STATUS_OK, false, false };
	int status = STATUS_OK, failure;
	void *message = NULL;
	size_t size = 0;
	ssize_t length;
	uint64_t taken;

	for (taken = 0; (taking->all || taken < taking->count) && !outcome.stop; taken++) {
		length = signal_came() ? -1 : take(taking, &message, &size);
		if (length < 0) {
			failure = signal_caught() ? STATUS_ERROR : nothing_taken(taking);
			status = status ? status : failure;
			break;
		}
		outcome = deliver(message, (size_t)length, context);
		if (outcome.put_back)
			put_back(taking->box, message, (size_t)length);
		if (outcome.status)
			status = outcome.status;
	}
	free(message);
	return status;
}

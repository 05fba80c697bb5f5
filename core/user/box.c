// SPDX-License-Identifier: LGPL-2.1-or-later
/* The functions of msgbox.h that are the same for every kind of box. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "clock.h"
#include "url.h"

static const char no_box[] = "the box is NULL: msgbox_open() has failed";

static struct msgbox *open_url(const char *text)
{
	struct msgbox *box = NULL;
	struct url url;

	if (!url_parse(&url, text))
		box = server_open(&url);
	url_free(&url);
	return box;
}

struct msgbox *msgbox_open(const char *url)
{
	if (!url || !*url || !strcmp(url, "kernel:"))
		return kernel_open();
	return open_url(url);
}

void msgbox_close(struct msgbox *box)
{
	int saved = errno;

	if (box)
		box->backend->close(box);
	errno = saved;
}

int msgbox_put(struct msgbox *box, const void *message, size_t length)
{
	if (!box)
		return failed_text(EINVAL, no_box);
	return box->backend->put(box, message, length);
}

ssize_t msgbox_get(struct msgbox *box, void *buffer, size_t size)
{
	if (!box)
		return failed_text(EINVAL, no_box);
	return box->backend->get(box, buffer, size);
}

ssize_t msgbox_wait(struct msgbox *box, void *buffer, size_t size, int timeout_ms)
{
	if (!box)
		return failed_text(EINVAL, no_box);
	if (timeout_ms < MSGBOX_FOREVER)
		return failed(EINVAL, "the timeout is %d ms: give 0 or more, or MSGBOX_FOREVER",
			      timeout_ms);
	return box->backend->wait(box, buffer, size, timeout_ms);
}

/* Its content need not be kept, so this is cheaper than realloc(3). */
static int enlarge(void **buffer, size_t *size, size_t most)
{
	size_t wanted = *size < 2048 ? 4096 : *size < most / 2 ? *size * 2 : most;
	void *larger = malloc(wanted);

	if (!larger)
		return failed(ENOMEM, "no memory for a buffer of %zu bytes", wanted);
	free(*buffer);
	*buffer = larger;
	*size = wanted;
	return 0;
}

ssize_t msgbox_take(struct msgbox *box, void **buffer, size_t *size, int timeout_ms)
{
	deadline_t deadline = deadline_in(timeout_ms);
	bool waits = timeout_ms;
	ssize_t length;

	if (!buffer || !size)
		return failed_text(EINVAL, "the pointer to the buffer, or to its size, is NULL");
	if (!box)
		return failed_text(EINVAL, no_box);
	if (!*buffer)
		*size = 0;
	for (;;) {
		if (!*buffer && enlarge(buffer, size, box->backend->longest_message))
			return -1;
		length = waits ? msgbox_wait(box, *buffer, *size, timeout_ms) :
				 msgbox_get(box, *buffer, *size);
		if (length >= 0 || errno != EMSGSIZE || *size >= box->backend->longest_message)
			return length;
		if (enlarge(buffer, size, box->backend->longest_message))
			return -1;
		if (timeout_ms > 0)
			timeout_ms = deadline_left(deadline);
	}
}

int msgbox_read_figures(struct msgbox *box, struct msgbox_figures *figures)
{
	if (!box)
		return failed_text(EINVAL, no_box);
	if (!figures)
		return failed_text(EINVAL, "the pointer to the figures is NULL");
	/* All bits set is MSGBOX_UNKNOWN. */
	memset(figures, 0xff, sizeof(*figures));
	return box->backend->read_figures(box, figures);
}

const char *msgbox_version(void)
{
	return VERSION;
}

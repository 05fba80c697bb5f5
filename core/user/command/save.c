// SPDX-License-Identifier: GPL-2.0

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "json.h"
#include "save.h"
#include "write.h"

static bool write_file(int fd, const void *message, size_t length)
{
	struct iovec part = { (void *)message, length };
	bool written = !write_all(fd, &part, 1) && (!fsync(fd) || errno == EINVAL);

	return !close(fd) && written;
}

static bool save_in(const char *folder, const void *message, size_t length)
{
	char *name;
	int fd;
	bool saved = false;

	if (!folder || !*folder || asprintf(&name, "%s/msgbox-message-XXXXXX", folder) < 0)
		return false;
	fd = mkstemp(name);
	if (fd >= 0) {
		saved = write_file(fd, message, length);
		if (saved)
			complain("it is in a file: put it back with: msgbox put --file '%s'", name);
		else
			unlink(name);
	}
	free(name);
	return saved;
}

void save(const void *message, size_t length)
{
	const char *const folders[] = { getenv("TMPDIR"), ".", "/var/tmp", "/tmp" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(folders); i++) {
		if (save_in(folders[i], message, length))
			return;
	}
	complain("the message cannot be saved to a file either: %s. It is:", strerror(errno));
	json_message(stderr, message, length);
}

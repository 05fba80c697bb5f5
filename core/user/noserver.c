// SPDX-License-Identifier: LGPL-2.1-or-later
/* Instead of server.c where libhiredis is missing. */
#include <errno.h>
#include <stddef.h>

#include "backend.h"

struct msgbox *server_open(struct url *url)
{
	(void)url;
	failed_text(EPROTONOSUPPORT, "this libmsgbox was built without servers: install "
		    "libhiredis-dev and build it again");
	return NULL;
}

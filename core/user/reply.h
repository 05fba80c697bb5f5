/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a server's refusals mean. */
#ifndef MSGBOX_REPLY_H
#define MSGBOX_REPLY_H

#include <hiredis/hiredis.h>

/*
 * As failed(), for a reply of the type REDIS_REPLY_ERROR of the server of this name. ETIMEDOUT
 * if the server will soon accept what it has refused, as while it is starting.
 */
int reply_failed(const struct redisReply *reply, const char *name);

/* The same for a reply to AUTH, whose words can contain the password. */
int reply_failed_secretly(const struct redisReply *reply, const char *name);

/* As failed(), for a reply of another type than it should be. */
int reply_unexpected(const char *name);

#endif

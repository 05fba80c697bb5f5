/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DM510_BOXES_H
#define _DM510_BOXES_H

#include <linux/compiler.h>
#include <linux/ipc_namespace.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>

struct msgbox;

extern struct ipc_namespace *initial_namespace;
extern struct msgbox *initial_box;

int msgboxes_create(void);
void msgboxes_destroy(void);

struct msgbox *msgbox_of_namespace(struct ipc_namespace *ns);
struct msgbox *msgbox_make(struct ipc_namespace *ns);
void msgbox_namespace_ends(struct ipc_namespace *ns);

unsigned int msgboxes_count(void);
void msgboxes_limits_changed(void);

static __always_inline bool in_initial_namespace(void)
{
	return current->nsproxy->ipc_ns == initial_namespace;
}

/**
 * msgbox_of_caller() - find the box of the caller's IPC namespace
 *
 * Context: Process context of a user's process.
 *
 * Return: the box, or NULL if the namespace has none. It lives as long as the caller
 * is in the namespace.
 */
static inline struct msgbox *msgbox_of_caller(void)
{
	return msgbox_of_namespace(current->nsproxy->ipc_ns);
}

#endif /* _DM510_BOXES_H */

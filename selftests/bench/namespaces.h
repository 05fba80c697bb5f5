/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BENCH_NAMESPACES_H
#define BENCH_NAMESPACES_H

#include "peers.h"

/**
 * use_own_namespace() - from now on, keep what is not the box's out of the IPC namespace
 * @own_box: the box, too
 *
 * On a machine that others use, the queues and their limits are in a new IPC namespace.
 * They end with it, however the benchmark ends.
 */
void use_own_namespace(bool own_box);

/* Before a peer is opened, used or closed, by the thread that does so or begins others. */
void enter_namespace_of(const struct peer *peer);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The way of a call from the kernel's entry to the dispatcher. It differs between
 * architectures: x86/ and arm64/ have these functions each, and what they need to know
 * in struct hook_state.
 */
#ifndef _SYSCALL_HOOK_WAY_H
#define _SYSCALL_HOOK_WAY_H

#include <linux/linkage.h>
#include <linux/types.h>

#include "symbol.h"

struct hook_state;
struct pt_regs;

int hook_way_prepare(struct hook_state *hook);
int hook_way_check(const struct hook_state *hook, unsigned int first, unsigned int end);
bool hook_way_beyond_table(const struct hook_state *hook);

int hook_attach(struct hook_state *hook);
void hook_detach(struct hook_state *hook);
int hook_raise_bounds(struct hook_state *hook, unsigned int end);
void hook_lower_bounds(struct hook_state *hook);

int hook_table_find(struct hook_symbol *table);

/* What the way leads to, in syscall_hook.c. */
extern unsigned int syscall_hook_first;
extern unsigned int syscall_hook_span;
asmlinkage long syscall_hook_dispatch(const struct pt_regs *regs, unsigned int i);

#endif /* _SYSCALL_HOOK_WAY_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Log lines begin with the name of the module that these files are linked into.
 * KBUILD_MODNAME does not tell it if a Kbuild links them into several modules.
 */
#ifndef _SYSCALL_HOOK_LOG_H
#define _SYSCALL_HOOK_LOG_H

#include <linux/module.h>
#include <linux/printk.h>

#define hook_crit(fmt, ...) pr_crit("%s: " fmt, THIS_MODULE->name, ##__VA_ARGS__)
#define hook_err(fmt, ...)  pr_err("%s: " fmt, THIS_MODULE->name, ##__VA_ARGS__)
#define hook_info(fmt, ...) pr_info("%s: " fmt, THIS_MODULE->name, ##__VA_ARGS__)

#endif /* _SYSCALL_HOOK_LOG_H */

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FUZZ_MODULE_H
#define FUZZ_MODULE_H

#include <stdbool.h>
#include <stddef.h>

/* Unloads the module and loads it again with the same numbers; on failure sets why. */
bool module_cycle(const char *ko, char *why, size_t size);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FUZZ_MODULE_H
#define FUZZ_MODULE_H

#include <stdbool.h>
#include <stddef.h>

/* Takes the module out and puts it in again, with the numbers it has. */
bool module_cycle(const char *ko, char *why, size_t size);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stddef.h>
#include <stdnoreturn.h>

/* Written to stdout: rows "measure,peer,x,value,why", and progress as "# ...". */
void report(const char *measure, const char *peer, const char *x, double value);
void report_missing(const char *measure, const char *peer, const char *x,
		    const char *why);
[[gnu::format(printf, 1, 2)]] void progress(const char *format, ...);
[[gnu::format(printf, 1, 2)]] noreturn void die(const char *format, ...);

double now(void);

/* The sum of the numbers in the lines of a file that match the format. */
double numbers_in(const char *path, const char *format);

char *new_buffer(size_t size, int byte);
void free_buffer(char *buffer, size_t size);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Signals that end the command: SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU
 * and an alarm that was set before the command began. They are held back while a message is
 * between the box and its reader, and do not interrupt the library's calls then. They are let
 * in only where the command can wait for long: for a message, for input, for the reader of its
 * output, and for a child.
 */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <spawn.h>
#include <stdbool.h>

/* A closed pipe or a file that is too large becomes an error of write(2). */
void signals_ignore_write_errors(void);

/* Catches the signals, except those that were ignored when the command started. */
void signals_catch(void);

/*
 * Lets signals in, and holds them back again. A system call that waits in between ends with
 * EINTR when a signal comes, a second later if the signal came just before the call.
 */
void signals_allow(void);
void signals_hold(void);

/* The number of the last signal that was let in, or 0. */
int signal_caught(void);

/* How many signals, but alarms, were let in. */
unsigned int signals_count(void);

/* Lets in signals that are held back. Returns whether there was one, now or before. */
bool signal_came(void);

/* A child begins with the signals as they were when the command started. */
void signals_for_child(posix_spawnattr_t *attributes);

/* Ends the command by the signal that was caught, so that a shell sees why it ended. */
void die_of_signal(void);

#endif

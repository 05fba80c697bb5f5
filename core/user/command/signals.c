// SPDX-License-Identifier: GPL-2.0

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

#include "command.h"
#include "signals.h"

static const int ending[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU };
static atomic_int caught;
static atomic_uint count;

/* The masks: at the start, with signals held back, and with signals let in. */
static sigset_t at_start, held, allowed;

/* The signals that are not ignored at the start, but that the command treats differently. */
static sigset_t changed;

/*
 * The alarms go on until the command ends: a system call that began to wait just after the
 * signal was caught is interrupted by the next alarm.
 */
static void catch(int number)
{
	/* The first alarm, unless it was ignored, is one that was set before the command began. */
	if (number != SIGALRM || (!caught && sigismember(&changed, SIGALRM)))
		caught = number;
	if (number != SIGALRM)
		count++;
	if (caught)
		alarm(1);
}

static void change(int number, void (*handler)(int))
{
	struct sigaction old, new = { .sa_handler = handler };

	sigaction(number, NULL, &old);
	if (old.sa_handler == SIG_IGN && number != SIGALRM)
		return;
	if (old.sa_handler != SIG_IGN)
		sigaddset(&changed, number);
	sigaction(number, &new, NULL);
}

void signals_ignore_write_errors(void)
{
	sigemptyset(&changed);
	change(SIGPIPE, SIG_IGN);
	change(SIGXFSZ, SIG_IGN);
}

void signals_catch(void)
{
	size_t i;

	sigprocmask(SIG_BLOCK, NULL, &at_start);
	held = at_start;
	allowed = at_start;
	for (i = 0; i < ARRAY_SIZE(ending); i++) {
		change(ending[i], catch);
		sigaddset(&held, ending[i]);
	}
	change(SIGALRM, catch);
	sigaddset(&held, SIGALRM);
	sigdelset(&allowed, SIGALRM);
	signals_hold();
}

void signals_allow(void)
{
	sigprocmask(SIG_SETMASK, &allowed, NULL);
}

void signals_hold(void)
{
	sigprocmask(SIG_SETMASK, &held, NULL);
}

int signal_caught(void)
{
	return caught;
}

unsigned int signals_count(void)
{
	return count;
}

bool signal_came(void)
{
	signals_allow();
	signals_hold();
	return caught;
}

void signals_for_child(posix_spawnattr_t *attributes)
{
	posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setsigdefault(attributes, &changed);
	posix_spawnattr_setsigmask(attributes, &at_start);
}

void die_of_signal(void)
{
	int number = caught;

	signal(number, SIG_DFL);
	signals_allow();
	raise(number);
}

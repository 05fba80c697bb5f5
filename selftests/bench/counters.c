// SPDX-License-Identifier: GPL-2.0
/* The processor's counters of instructions and cycles, from perf_event_open(2). */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"
#include "counters.h"
#include "report.h"

#define PARANOID "/proc/sys/kernel/perf_event_paranoid"

static const __u64 events[] = {
	PERF_COUNT_HW_INSTRUCTIONS,
	PERF_COUNT_HW_CPU_CYCLES,
};

/* The kernel adds the events to a group, and reads them all at once from the first. */
static int group[ARRAY_SIZE(events)];

/**
 * struct group_counts - what a group's file returns (PERF_FORMAT_GROUP)
 * @events: number of events in the group
 * @counts: one for each of them
 */
struct group_counts {
	__u64 events;
	__u64 counts[ARRAY_SIZE(events)];
};

static int open_event(__u64 event, int first)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = event,
		.read_format = PERF_FORMAT_GROUP,
		/* Fail if there is no counter left, instead of taking turns with others. */
		.pinned = first == -1,
	};

	return syscall(SYS_perf_event_open, &attr, 0, -1, first, PERF_FLAG_FD_CLOEXEC);
}

/* This lets a seccomp filter, which containers have, look like a missing right. */
static const char *why_refused(void)
{
	static char why[160];

	snprintf(why, sizeof(why),
		 "perf_event_open: %s: perf_event_paranoid is %.0f; a container or lockdown may forbid it too",
		 strerror(errno), numbers_in(PARANOID, "%lf"));
	return why;
}

static const char *reason(void)
{
	static char why[160];

	switch (errno) {
	case EACCES:
	case EPERM:
		return why_refused();
	case ENOENT:
	case ENODEV:
	case EOPNOTSUPP:
		snprintf(why, sizeof(why),
			 "perf_event_open: %s: no hardware counters; a virtual machine often has none",
			 strerror(errno));
		return why;
	default:
		snprintf(why, sizeof(why), "perf_event_open: %s", strerror(errno));
		return why;
	}
}

/* Returns false if a pinned group has no counters: read(2) then returns nothing. */
static bool read_group(struct group_counts *counts)
{
	ssize_t length = read(group[0], counts, sizeof(*counts));

	if (length == sizeof(*counts) && counts->events == ARRAY_SIZE(events))
		return true;
	if (length)
		die("reading the counters");
	return false;
}

const char *open_counters(void)
{
	struct group_counts counts;
	const char *why;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(events); i++) {
		group[i] = open_event(events[i], i ? group[0] : -1);
		if (group[i] == -1) {
			why = reason();
			while (i--)
				close(group[i]);
			return why;
		}
	}
	if (read_group(&counts))
		return NULL;
	close_counters();
	return "the counters are in use by another program";
}

struct counts read_counters(void)
{
	struct group_counts counts;

	errno = EBUSY;
	if (!read_group(&counts))
		die("another program has taken the counters");
	return (struct counts) { counts.counts[0], counts.counts[1] };
}

void close_counters(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(events); i++)
		close(group[i]);
}

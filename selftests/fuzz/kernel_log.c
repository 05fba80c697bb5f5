// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel_log.h"

#define RECORD_MAX	8192
#define PATTERNS_MAX	100
#define LINE_SIZE	256

static int log_file = -1;
static regex_t pattern[PATTERNS_MAX];
static int patterns;

static void add_pattern(char *line)
{
	char anchored[LINE_SIZE + 8];

	line[strcspn(line, "\n")] = '\0';
	if (!*line || *line == '#' || patterns == PATTERNS_MAX)
		return;
	snprintf(anchored, sizeof(anchored), "^(%s)", line);
	if (regcomp(&pattern[patterns++], anchored, REG_EXTENDED | REG_NOSUB)) {
		fprintf(stderr, "fuzz: not a valid pattern: %s\n", line);
		exit(2);
	}
}

static void read_patterns(const char *deny)
{
	char line[LINE_SIZE];
	FILE *file = fopen(deny, "r");

	if (!file) {
		perror(deny);
		exit(2);
	}
	while (fgets(line, sizeof(line), file))
		add_pattern(line);
	fclose(file);
}

void kernel_log_init(const char *deny)
{
	log_file = open("/dev/kmsg", O_RDWR | O_NONBLOCK);
	if (log_file < 0) {
		perror("fuzz: /dev/kmsg");
		exit(2);
	}
	lseek(log_file, 0, SEEK_END);
	if (deny)
		read_patterns(deny);
}

/* Priority 15: facility user, level debug. */
void kernel_log_write(const char *line)
{
	char record[RECORD_MAX];
	int len = snprintf(record, sizeof(record), "<15>fuzz: %s\n", line);

	if (write(log_file, record, len) != len)
		perror("fuzz: /dev/kmsg");
}

static bool is_complaint(const char *line)
{
	for (int i = 0; i < patterns; i++)
		if (!regexec(&pattern[i], line, 0, NULL, 0))
			return true;
	return false;
}

/* A record is PRIORITY,SEQUENCE,TIME,FLAGS;LINE; the kernel's have a PRIORITY below 8. */
static char *kernel_line(char *record)
{
	char *line = strchr(record, ';');

	if (!line || strtol(record, NULL, 10) > 7)
		return NULL;
	*strchrnul(++line, '\n') = '\0';
	return line;
}

/* EPIPE means that records were overwritten; the next read returns the oldest left. */
bool kernel_log_complains(char *complaint, size_t size)
{
	bool found = false;

	for (;;) {
		char record[RECORD_MAX], *line;
		ssize_t len = read(log_file, record, sizeof(record) - 1);

		if (len < 0 && errno == EPIPE)
			continue;
		if (len <= 0)
			return found;
		record[len] = '\0';
		line = kernel_line(record);
		if (found || !line || !is_complaint(line))
			continue;
		snprintf(complaint, size, KERNEL_LOG_SAYS "%.160s", line);
		found = true;
	}
}

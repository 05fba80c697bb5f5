// SPDX-License-Identifier: GPL-2.0
#include "../lib/sysfs.h"
#include "figures.h"

/* Reading one figure takes as long as several calls. */
#define ALL_EVERY	32

/* Open from figures_open() to figures_close(). */
static int count_file, bytes_file, memory_file, pending_file;

/**
 * struct outcome - one way in which a call can end, and its figure
 * @error: 0 for success
 * @file: the figure's file descriptor
 * @figure: the figure's value when it was last read
 */
static struct outcome {
	const char *name;
	enum action call;
	int error;
	int file;
	long figure;
} outcomes[OUTCOMES] = {
	{ .name = "puts", .call = PUT },
	{ .name = "put_einval", .call = PUT, .error = EINVAL },
	{ .name = "put_emsgsize", .call = PUT, .error = EMSGSIZE },
	{ .name = "put_eagain", .call = PUT, .error = EAGAIN },
	{ .name = "put_eaddrnotavail", .call = PUT, .error = EADDRNOTAVAIL },
	{ .name = "put_efault", .call = PUT, .error = EFAULT },
	{ .name = "gets", .call = GET },
	{ .name = "get_einval", .call = GET, .error = EINVAL },
	{ .name = "get_enodata", .call = GET, .error = ENODATA },
	{ .name = "get_emsgsize", .call = GET, .error = EMSGSIZE },
	{ .name = "get_eaddrnotavail", .call = GET, .error = EADDRNOTAVAIL },
	{ .name = "get_efault", .call = GET, .error = EFAULT },
};

bool tally_add(struct tally *tally, enum action call, long ret)
{
	int error = ret < 0 ? -ret : 0;

	/* ENOSYS has no figure. */
	if (error == ENOSYS)
		return call == PUT;
	for (int i = 0; i < OUTCOMES; i++) {
		if (outcomes[i].call == call && outcomes[i].error == error) {
			tally->calls[i]++;
			return true;
		}
	}
	return false;
}

void tally_sum(struct tally *tally, const struct tally *other)
{
	for (int i = 0; i < OUTCOMES; i++)
		tally->calls[i] += other->calls[i];
}

static int open_figure(const char *name)
{
	char path[128];
	int file;

	snprintf(path, sizeof(path), FIGURES_FOLDER "/%s", name);
	file = open(path, O_RDONLY);
	if (file < 0) {
		perror(path);
		exit(2);
	}
	return file;
}

static long read_figure(int file)
{
	char text[32];
	ssize_t len = pread(file, text, sizeof(text) - 1, 0);

	if (len <= 0)
		return -EIO;
	text[len] = '\0';
	return strtol(text, NULL, 10);
}

void figures_open(void)
{
	count_file = open_figure("count");
	bytes_file = open_figure("bytes");
	memory_file = open_figure("memory");
	pending_file = open_figure("pending");
	for (int i = 0; i < OUTCOMES; i++) {
		outcomes[i].file = open_figure(outcomes[i].name);
		outcomes[i].figure = read_figure(outcomes[i].file);
	}
}

void figures_close(void)
{
	close(count_file);
	close(bytes_file);
	close(memory_file);
	close(pending_file);
	for (int i = 0; i < OUTCOMES; i++)
		close(outcomes[i].file);
}

long figure_count(void)
{
	return read_figure(count_file);
}

long figure_bytes(void)
{
	return read_figure(bytes_file);
}

long figure_memory(void)
{
	return read_figure(memory_file);
}

long figure_pending(void)
{
	return read_figure(pending_file);
}

static bool outcome_moved(struct outcome *outcome, long by, char *why, size_t size)
{
	long figure = read_figure(outcome->file), expected = outcome->figure + by;

	outcome->figure = figure;
	if (figure == expected)
		return true;
	snprintf(why, size, "%s is %ld, not %ld", outcome->name, figure, expected);
	return false;
}

bool figures_moved(const struct tally *tally, char *why, size_t size)
{
	static unsigned int checks;
	bool all = checks++ % ALL_EVERY == 0, good = true;

	for (int i = 0; i < OUTCOMES; i++)
		if (all || tally->calls[i])
			good = outcome_moved(&outcomes[i], tally->calls[i], why, size) && good;
	return good;
}

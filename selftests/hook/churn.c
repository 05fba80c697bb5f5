// SPDX-License-Identifier: GPL-2.0
/*
 * For churn.sh: makes and leaves IPC namespaces, while a script may load and unload
 * the module.
 *
 *	churn [files]	does so with four processes until SIGTERM. Prints "churning", and
 *			at the end what it did. A message of another namespace, or a
 *			result that the contract does not allow, is reported, and the exit
 *			status is 1. With `files` it also opens the device: files keep
 *			namespaces without processes, and readers are killed asleep.
 *	churn hold N	puts a message in each of N namespaces, prints "holding", and
 *			leaves all of them when a line comes
 */
#include <signal.h>
#include <sys/wait.h>

#include "calls.h"
#include "device.h"
#include "namespace.h"

#define PROCESSES	4
#define MESSAGES_MAX	8
#define HELD_MAX	200
/* A large message. */
#define LARGE		20000

struct message {
	int process;
	unsigned int round;
	int content[LARGE / sizeof(int)];
};

struct tally {
	unsigned long namespaces, put, got, enosys, opened, sleepers;
	bool wrong;
};

static struct {
	atomic_bool end;
	struct tally tallies[PROCESSES];
} *shared;

static struct tally *tally;
static unsigned long seed;
static struct message message;
/* A file of the box of this round's namespace, or -1. */
static int kept = -1;

static unsigned int dice(unsigned int sides)
{
	return next_random(&seed) % sides;
}

static bool report(const char *what, long ret)
{
	printf("# not as it should be: %s: %ld\n", what, ret);
	tally->wrong = true;
	return false;
}

static int message_len(void)
{
	return dice(8) ? 2 * sizeof(int) + dice(50) : sizeof(message);
}

static bool make_put(int process, unsigned int round)
{
	long ret;

	message.process = process;
	message.round = round;
	ret = put(&message, message_len());
	tally->put += !ret;
	tally->enosys += ret == -ENOSYS;
	return !ret || ret == -ENOSYS || report("put", ret);
}

/* Takes a message, which must be of this round, or nothing. */
static bool make_get(int process, unsigned int round, bool may_be_there)
{
	long ret = get(&message, sizeof(message));

	tally->got += ret > 0;
	tally->enosys += ret == -ENOSYS;
	if (ret == -ENOSYS || ret == -ENODATA)
		return true;
	if (ret < (long)(2 * sizeof(int)))
		return report("get", ret);
	if (message.process != process || message.round != round)
		return report("a message of another namespace", message.round);
	return may_be_there || report("a message in a new namespace", ret);
}

/* In a child: sleeps for a message, and is killed. Returns success. */
static bool leave_a_sleeper(void)
{
	pid_t pid = fork();

	if (pid < 0)
		return report("fork", -errno);
	if (!pid) {
		char buf[16];
		int fd = device_open(O_RDONLY);

		if (fd >= 0)
			device_read(fd, buf, 0);
		_exit(0);
	}
	tally->sleepers++;
	if (dice(2))
		usleep(dice(3000));
	kill(pid, SIGKILL);
	return waitpid(pid, NULL, 0) == pid || report("waitpid", -errno);
}

/* Without the module there is no device, or one that is about to go. */
static bool use_a_file(int process, unsigned int round)
{
	long ret;

	kept = device_open(O_RDWR | O_NONBLOCK);
	if (kept < 0)
		return kept == -ENOENT || kept == -ENODEV || kept == -ENXIO || report("open", kept);
	tally->opened++;
	message.process = process;
	message.round = round;
	ret = device_write(kept, &message, 2 * sizeof(int));
	return ret == 2 * sizeof(int) || report("write", ret);
}

/* The file's box is that of this round, whose namespace has been left. */
static bool use_what_is_kept(int process, unsigned int round)
{
	long len;

	do {
		len = device_read(kept, &message, sizeof(message));
		if (len > 0 && (message.process != process || message.round != round))
			return report("a message of another box", message.round);
	} while (len > 0);
	close(kept);
	kept = -1;
	return len == -EAGAIN || report("read", len);
}

static bool live_in_a_namespace(int process, unsigned int round, bool files)
{
	bool right = make_get(process, round, false);
	unsigned int puts = dice(MESSAGES_MAX), gets = dice(MESSAGES_MAX);

	while (right && puts--)
		right = make_put(process, round);
	if (right && files && !dice(3))
		right = use_a_file(process, round);
	if (right && files && !dice(8))
		right = leave_a_sleeper();
	while (right && gets--)
		right = make_get(process, round, true);
	return right;
}

static void churn(int process, bool files)
{
	unsigned int round = 0;
	bool right = true;

	seed = process + 1;
	tally = &shared->tallies[process];
	while (right && !atomic_load(&shared->end)) {
		int ret = enter_new_namespace();

		if (ret) {
			report("unshare", ret);
			break;
		}
		right = live_in_a_namespace(process, ++round, files);
		ret = right ? enter_new_namespace() : 0;
		right = right && !ret && (kept < 0 || use_what_is_kept(process, round));
		tally->namespaces += 2;
	}
	fflush(stdout);
	_exit(0);
}

static struct tally sum_up(void)
{
	struct tally sum = {};

	for (int i = 0; i < PROCESSES; i++) {
		struct tally *of = &shared->tallies[i];

		sum.namespaces += of->namespaces;
		sum.put += of->put;
		sum.got += of->got;
		sum.enosys += of->enosys;
		sum.opened += of->opened;
		sum.sleepers += of->sleepers;
		sum.wrong |= of->wrong;
	}
	return sum;
}

static int churn_until_term(bool files)
{
	struct tally sum;
	sigset_t signals;
	int signal;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	if (shared == MAP_FAILED || sigprocmask(SIG_BLOCK, &signals, NULL) || nice(10) < 0)
		return 1;
	for (int i = 0; i < PROCESSES; i++)
		if (!fork())
			churn(i, files);
	puts("churning");
	fflush(stdout);
	sigwait(&signals, &signal);
	atomic_store(&shared->end, true);
	for (int i = 0; i < PROCESSES; i++) {
		if (wait(NULL) < 0)
			return 1;
	}
	sum = sum_up();
	printf("%lu namespaces: %lu put, %lu got, %lu times ENOSYS, %lu opened, %lu sleepers\n",
	       sum.namespaces, sum.put, sum.got, sum.enosys, sum.opened, sum.sleepers);
	return sum.wrong || !sum.put || !sum.got || (files && !sum.opened);
}

static int hold(int count)
{
	int held[HELD_MAX];
	int home = this_namespace();
	char line[16];

	for (int i = 0; i < count; i++) {
		held[i] = new_namespace();
		if (held[i] < 0 || enter_namespace(held[i]) || put("held", 4)) {
			puts("cannot make a namespace and put");
			return 1;
		}
	}
	if (enter_namespace(home))
		return 1;
	puts("holding");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	for (int i = 0; i < count; i++)
		close(held[i]);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 1)
		return churn_until_term(false);
	if (argc == 2 && !strcmp(argv[1], "files"))
		return churn_until_term(true);
	if (argc == 3 && !strcmp(argv[1], "hold") && atoi(argv[2]) <= HELD_MAX)
		return hold(atoi(argv[2]));
	fputs("usage: churn [files] | hold N\n", stderr);
	return 2;
}

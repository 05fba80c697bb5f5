// SPDX-License-Identifier: GPL-2.0
/*
 * Who may put, get and open the device: each mode for each class of callers, in the
 * initial IPC namespace, in another one, and in one of a user namespace. Then the place
 * of EACCES among the errors, the figures, and the parameters.
 */
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>

#include "child.h"
#include "device.h"
#include "msgbox.h"
#include "namespace.h"

/* No process can read or write here. */

/* The parameters uid and gid. */
#define UID		1000
#define GID		2000
/* No user and no group. */
#define NONE		-1

/*
 * The user namespace: its 0, which owns its boxes, and its users 1 to 3. User 1 and
 * group 1 are those of the parameters.
 */
#define USERS_ROOT	100000
#define UID_MAP		"0 100000 1\n1 1000 1\n2 100002 2\n"
#define GID_MAP		"0 100000 1\n1 2000 1\n2 100002 2\n"

/* Whose IPC namespace. The number of a class is where its bits are in the mode. */
enum place { INITIAL, ROOTS, USERS, PLACES };
enum class { OWNER = 6, GROUP = 3, OTHERS = 0, CAPABLE = -1 };
enum capabilities { ALL_CAPS, IPC_OWNER, OTHER_CAPS, NO_CAPS };

static struct {
	int ipc[PLACES];
	int user;		/* the user namespace */
	int mode;		/* the parameter, open for writing */
} files;

static long write_parameter(const char *name, const char *text)
{
	return write_text(MODULE_FOLDER "/parameters", name, text);
}

static bool set_mode(unsigned int mode)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%04o", mode);

	return pwrite(files.mode, text, len, 0) == len;
}

FIXTURE(access)
{
	long boxes;
};

FIXTURE_SETUP(access)
{
	struct users_namespaces users;

	begin_with_empty_box(_metadata);
	if (geteuid() || write_parameter("mode", "0666"))
		SKIP_TEST("only root can change the mode");
	files.mode = open(MODULE_FOLDER "/parameters/mode", O_WRONLY | O_CLOEXEC);
	ASSERT_LE(0, files.mode);
	self->boxes = figure("boxes");
	files.ipc[INITIAL] = this_namespace();
	files.ipc[ROOTS] = new_namespace();
	ASSERT_LE(0, files.ipc[ROOTS]);
	ASSERT_EQ(0, make_users_namespaces(&users, USERS_ROOT, UID_MAP, GID_MAP));
	files.ipc[USERS] = users.ipc;
	files.user = users.user;
	ASSERT_EQ(0, set_parameter("uid", UID));
	ASSERT_EQ(0, set_parameter("gid", GID));
}

FIXTURE_TEARDOWN(access)
{
	EXPECT_EQ(0, write_parameter("mode", "0666"));
	EXPECT_EQ(0, set_parameter("uid", 0));
	EXPECT_EQ(0, set_parameter("gid", 0));
	EXPECT_EQ(0, enter_namespace(files.ipc[INITIAL]));
	close(files.ipc[ROOTS]);
	close(files.ipc[USERS]);
	close(files.user);
	EXPECT_TRUE(boxes_become(self->boxes));
	end_with_empty_box(_metadata);
}

/* --- callers */

/**
 * struct caller - a process that uses a box
 * @name: for reports
 * @place: the IPC namespace that it is in
 * @in_user_namespace: whether it is in the user namespace; its ids are those of there
 * @ruid: its real user
 * @euid: its effective user
 * @egid: its effective group
 * @group: its supplementary group, or NONE
 * @capabilities: those of its user namespace
 * @class: which bits of the mode count for it, or CAPABLE if it may do all
 */
struct caller {
	const char *name;
	enum place place;
	bool in_user_namespace;
	uid_t ruid, euid;
	gid_t egid, group;
	enum capabilities capabilities;
	enum class class;
};

static const struct caller callers[] = {
	{ "the owner", INITIAL, false, UID, UID, 1, NONE, NO_CAPS, OWNER },
	{ "the owner, by its effective id", INITIAL, false, 1, UID, 1, NONE, NO_CAPS, OWNER },
	{ "the owner, in the group", INITIAL, false, UID, UID, GID, GID, NO_CAPS, OWNER },
	{ "the group", INITIAL, false, 1, 1, GID, NONE, NO_CAPS, GROUP },
	{ "a second group", INITIAL, false, 1, 1, 1, GID, NO_CAPS, GROUP },
	{ "another user", INITIAL, false, 1, 1, 1, 1, NO_CAPS, OTHERS },
	{ "another, by its effective id", INITIAL, false, UID, 1, 1, NONE, NO_CAPS, OTHERS },
	{ "a user with the group's id", INITIAL, false, GID, GID, UID, UID, NO_CAPS, OTHERS },
	{ "root", INITIAL, false, 0, 0, 0, NONE, ALL_CAPS, CAPABLE },
	{ "root without CAP_IPC_OWNER", INITIAL, false, 0, 0, 0, 0, OTHER_CAPS, OTHERS },
	{ "CAP_IPC_OWNER", INITIAL, false, 1, 1, 1, NONE, IPC_OWNER, CAPABLE },
	{ "a user namespace's root", INITIAL, true, 0, 0, 0, 0, ALL_CAPS, OTHERS },
	{ "CAP_IPC_OWNER in a user namespace", INITIAL, true, 2, 2, 2, NONE, IPC_OWNER, OTHERS },
	{ "the owner, in a user namespace", INITIAL, true, 1, 1, 2, NONE, NO_CAPS, OWNER },
	{ "the group, in a user namespace", INITIAL, true, 2, 2, 1, NONE, NO_CAPS, GROUP },

	{ "elsewhere: root", ROOTS, false, 0, 0, 0, NONE, NO_CAPS, OWNER },
	{ "elsewhere: its group", ROOTS, false, 1, 1, 0, NONE, NO_CAPS, GROUP },
	{ "elsewhere: its second group", ROOTS, false, 1, 1, 1, 0, NO_CAPS, GROUP },
	{ "elsewhere: the other owner", ROOTS, false, UID, UID, GID, GID, NO_CAPS, OTHERS },
	{ "elsewhere: CAP_IPC_OWNER", ROOTS, false, 1, 1, 1, NONE, IPC_OWNER, CAPABLE },

	{ "user namespace: root", USERS, true, 0, 0, 0, NONE, NO_CAPS, OWNER },
	{ "user namespace: root with all", USERS, true, 0, 0, 0, NONE, ALL_CAPS, CAPABLE },
	{ "user namespace: its group", USERS, true, 2, 2, 0, NONE, NO_CAPS, GROUP },
	{ "user namespace: its second group", USERS, true, 2, 2, 2, 0, NO_CAPS, GROUP },
	{ "user namespace: a user", USERS, true, 2, 2, 2, 2, NO_CAPS, OTHERS },
	{ "user namespace: the other owner", USERS, true, 1, 1, 1, 1, NO_CAPS, OTHERS },
	{ "user namespace: CAP_IPC_OWNER", USERS, true, 2, 2, 2, NONE, IPC_OWNER, CAPABLE },
	{ "user namespace: root from outside", USERS, false, 0, 0, 0, NONE, ALL_CAPS, CAPABLE },
	{ "user namespace: root from outside, less", USERS, false, 0, 0, 0, 0, OTHER_CAPS, OTHERS },
};

/* The effective ones of this process. */
static bool set_capabilities(enum capabilities which)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	__u32 bit = CAP_TO_MASK(CAP_IPC_OWNER);

	if (syscall(SYS_capget, &header, data))
		return false;
	if (which == OTHER_CAPS)
		data[0].effective &= ~bit;
	if (which == NO_CAPS || which == IPC_OWNER) {
		data[0].effective = which == IPC_OWNER ? bit : 0;
		data[1].effective = 0;
	}
	return !syscall(SYS_capset, &header, data);
}

/* Makes this process, which is root, that caller. */
static bool become_caller(const struct caller *caller)
{
	bool alone = caller->group == (gid_t)NONE;

	if (enter_namespace(files.ipc[caller->place]) ||
	    (caller->in_user_namespace && setns(files.user, CLONE_NEWUSER)) ||
	    setgroups(!alone, &caller->group) ||
	    prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) ||
	    setresgid(caller->egid, caller->egid, caller->egid) ||
	    setresuid(caller->ruid, caller->euid, caller->ruid) ||
	    !set_capabilities(caller->capabilities)) {
		printf("# %s: %s\n", caller->name, strerror(errno));
		return false;
	}
	return true;
}

static bool opens(int flags, bool allowed)
{
	int fd = device_open(flags), expected = allowed ? 0 : -EACCES;

	if (fd >= 0)
		close(fd);
	return is("open", expected, fd < 0 ? fd : 0);
}

/* The calls leave nothing in the box, which is empty. */
static bool calls_are_as_allowed(bool reads, bool writes)
{
	return is("get", reads ? -ENODATA : -EACCES, get(BAD_ADDRESS, 8)) &&
	       is("put", writes ? -EFAULT : -EACCES, put(BAD_ADDRESS, 8)) &&
	       opens(O_RDONLY, reads) && opens(O_WRONLY, writes) &&
	       opens(O_RDWR, reads && writes);
}

/* All 64 modes, of which each caller has its own idea. */
static int try_all_modes(long which)
{
	const struct caller *caller = &callers[which];

	if (!become_caller(caller))
		return 2;
	for (unsigned int bits = 0; bits < 64; bits++) {
		unsigned int mode = (bits & 3) << 1 | (bits & 12) << 2 | (bits & 48) << 3;
		unsigned int own = caller->class == CAPABLE ? 6 : mode >> caller->class;

		if (!set_mode(mode) || !calls_are_as_allowed(own & 4, own & 2)) {
			printf("# %s, mode %04o\n", caller->name, mode);
			return 1;
		}
	}
	return 0;
}

TEST_F(access, each_mode_for_each_class)
{
	for (size_t i = 0; i < ARRAY_SIZE(callers); i++)
		EXPECT_EQ(0, status_of(try_all_modes, i));
}

/* With messages, and at once after each change. */
static int pass_a_message(long which)
{
	char buf[16];

	return !(become_caller(&callers[which]) && set_mode(0222) &&
		 is("put", 0, put("message", 8)) && is("get", -EACCES, get(buf, sizeof(buf))) &&
		 set_mode(0444) && is("put", -EACCES, put("message", 8)) &&
		 is("get", 8, get_expecting("message", 8)) &&
		 is("get", -ENODATA, get(buf, sizeof(buf))));
}

TEST_F(access, messages_pass_as_the_mode_says)
{
	for (size_t i = 0; i < ARRAY_SIZE(callers); i++) {
		if (callers[i].class != CAPABLE)
			EXPECT_EQ(0, status_of(pass_a_message, i));
	}
}

/* --- the device: the mode is asked at open */

static int use_what_is_open(long fd)
{
	char buf[16];

	return !(become(1, 1) && is("open", -EACCES, device_open(O_RDWR)) &&
		 is("write", 7, device_write(fd, "message", 7)) &&
		 is("get", -EACCES, get(buf, sizeof(buf))) &&
		 is("read", 7, device_read(fd, buf, sizeof(buf))));
}

TEST_F(access, an_open_file_outlives_the_mode)
{
	int fd = device_open(O_RDWR | O_NONBLOCK);

	ASSERT_LE(0, fd);
	ASSERT_TRUE(set_mode(0));
	ASSERT_EQ(0, status_of(use_what_is_open, fd));
	close(fd);
}

/* --- the order of errors */

static int errors_in_order(long largest)
{
	char buf[16];

	return !(become(1, 1) &&
		 is("put of a descriptor", -ENOSYS, put((char *)AT_FDCWD, -1)) &&
		 is("put of NULL", -EINVAL, put(NULL, 8)) &&
		 is("put of a negative length", -EINVAL, put(BAD_ADDRESS, -1)) &&
		 is("put too large", -EACCES, put(BAD_ADDRESS, largest + 1)) &&
		 is("put from nowhere", -EACCES, put(BAD_ADDRESS, 8)) &&
		 is("put", -EACCES, put(buf, 0)) &&
		 is("get into NULL", -EINVAL, get(NULL, 8)) &&
		 is("get of a negative length", -EINVAL, get(BAD_ADDRESS, -1)) &&
		 is("get too short", -EACCES, get(BAD_ADDRESS, 0)) &&
		 is("get to nowhere", -EACCES, get(BAD_ADDRESS, 100)) &&
		 is("get", -EACCES, get(buf, sizeof(buf))));
}

TEST_F(access, eacces_is_in_its_place)
{
	long largest = parameter("max_message_bytes");

	ASSERT_TRUE(set_mode(0660));
	/* The box is empty, has a message, is full. */
	ASSERT_EQ(0, status_of(errors_in_order, largest));
	ASSERT_EQ(0, put("message", 8));
	ASSERT_EQ(0, status_of(errors_in_order, largest));
	ASSERT_EQ(8, get_expecting("message", 8));
}

TEST_F(access, eacces_before_a_full_box)
{
	long limit = parameter("max_bytes"), largest = parameter("max_message_bytes"), ret;
	static const char message[8 * KIB];
	int count = 0;

	ASSERT_EQ(0, set_parameter("max_bytes", MIB));
	while (!(ret = put(message, sizeof(message))))
		ASSERT_GT(1000, ++count);
	ASSERT_EQ(-EAGAIN, ret);
	ASSERT_TRUE(set_mode(0660));
	EXPECT_EQ(0, status_of(errors_in_order, largest));
	EXPECT_EQ(count, drain());
	ASSERT_EQ(0, set_parameter("max_bytes", limit));
}

/* --- where no box is */

static int denied_without_a_box(long namespace)
{
	char buf[16];

	return !(is("setns", 0, enter_namespace(namespace)) && become(1, 1) &&
		 is("get", -EACCES, get(buf, sizeof(buf))) &&
		 is("put", -EACCES, put(buf, sizeof(buf))) && opens(O_RDONLY, false) &&
		 opens(O_WRONLY, false) && is("memory", 0, figure("memory")) &&
		 is("put_eacces", 0, figure("put_eacces")));
}

TEST_F(access, who_is_denied_makes_no_box)
{
	ASSERT_TRUE(set_mode(0660));
	ASSERT_EQ(0, status_of(denied_without_a_box, files.ipc[ROOTS]));
	EXPECT_EQ(self->boxes, figure("boxes"));
}

/* --- figures */

static int be_denied(long times)
{
	char buf[16];

	if (!become(1, 1))
		return 1;
	for (long i = 0; i < times; i++) {
		if (put(buf, 1) != -EACCES || get(buf, 1) != -EACCES || get(buf, 1) != -EACCES)
			return 2;
	}
	return 0;
}

TEST_F(access, who_is_denied_is_counted)
{
	static const char * const others[] = {
		"puts", "gets", "put_einval", "put_efault", "get_einval", "get_enodata",
		"get_emsgsize", "get_efault",
	};
	long before[ARRAY_SIZE(others)];
	long puts = figure("put_eacces"), gets = figure("get_eacces");

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		before[i] = figure(others[i]);
	ASSERT_TRUE(set_mode(0660));
	ASSERT_EQ(0, status_of(be_denied, 7));
	EXPECT_EQ(puts + 7, figure("put_eacces"));
	EXPECT_EQ(gets + 14, figure("get_eacces"));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		EXPECT_EQ(before[i], figure(others[i]));
}

/* --- parameters */

static bool parameter_is(const char *name, const char *expected)
{
	char path[96], text[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), MODULE_FOLDER "/parameters/%s", name);
	file = fopen(path, "r");
	if (!file || !fgets(text, sizeof(text), file))
		return false;
	fclose(file);
	if (strcmp(text, expected))
		printf("# %s: %s", name, text);
	return !strcmp(text, expected);
}

TEST_F(access, modes_that_make_no_sense_are_refused)
{
	static const char * const bad[] = {
		"0777", "777", "0667", "0676", "0766", "1", "0100", "01666", "1666", "02000",
		"04666", "10000", "8", "0668", "888", "-1", "-0666", "0x1b6", "rw", "u=rw",
		"666 ", " 666", "6 6", "666,", " ", "\n", "37777777777",
	};

	ASSERT_TRUE(set_mode(0642));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, write_parameter("mode", bad[i])) {
			TH_LOG("'%s'", bad[i]);
		}
		EXPECT_TRUE(parameter_is("mode", "0642\n"));
	}
	/* The kernel itself gives ERANGE for a value beyond the type's range. */
	EXPECT_EQ(-ERANGE, write_parameter("mode", "777777777777777777777777"));
	EXPECT_TRUE(parameter_is("mode", "0642\n"));
}

TEST_F(access, modes_are_octal)
{
	static const struct {
		const char *written, *shown;
	} modes[] = {
		{ "644", "0644\n" }, { "0644", "0644\n" }, { "00000644\n", "0644\n" },
		{ "0", "0000\n" }, { "6", "0006\n" }, { "060\n", "0060\n" }, { "+600", "0600\n" },
		{ "666", "0666\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		EXPECT_EQ(0, write_parameter("mode", modes[i].written)) {
			TH_LOG("'%s'", modes[i].written);
		}
		EXPECT_TRUE(parameter_is("mode", modes[i].shown));
	}
}

TEST_F(access, ids_that_make_no_sense_are_refused)
{
	static const char * const bad[] = {
		"4294967295", "0xffffffff", "-1", "root", "1000x", "", " ", "\n", "1 2",
	};
	static const char * const names[] = { "uid", "gid" };

	ASSERT_EQ(0, set_parameter("gid", UID));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(names); j++) {
			/* sysfs itself ignores what is empty. */
			EXPECT_EQ(*bad[i] ? -EINVAL : 0, write_parameter(names[j], bad[i])) {
				TH_LOG("%s='%s'", names[j], bad[i]);
			}
			EXPECT_TRUE(parameter_is(names[j], "1000\n"));
		}
	}
	EXPECT_EQ(-ERANGE, write_parameter("uid", "4294967296"));
	EXPECT_EQ(-ERANGE, write_parameter("gid", "4294967296"));
	EXPECT_EQ(0, write_parameter("uid", "4294967294\n"));
	EXPECT_TRUE(parameter_is("uid", "4294967294\n"));
}

static int nobody_changes_parameters(long unused)
{
	static const char * const names[] = { "mode", "uid", "gid" };
	bool refused = become(UID, GID);

	(void)unused;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		refused &= is(names[i], -EACCES, write_parameter(names[i], "0"));
	return !refused;
}

/* The box's owner is not the one who decides. */
TEST_F(access, only_root_changes_them)
{
	EXPECT_EQ(0, status_of(nobody_changes_parameters, 0));
	EXPECT_TRUE(parameter_is("mode", "0666\n"));
	EXPECT_TRUE(parameter_is("uid", "1000\n"));
	EXPECT_TRUE(parameter_is("gid", "2000\n"));
}

TEST_HARNESS_MAIN

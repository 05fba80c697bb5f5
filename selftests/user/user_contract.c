// SPDX-License-Identifier: GPL-2.0
/* What msgbox.h promises of one caller, for each kind of box. */
#include <pthread.h>

#include "user.h"

/* Around the kernel's limits for records, pages and segments, and the command's buffers. */
static const size_t lengths[] = {
	0, 1, 2, 3, 63, 64, 65, 4095, 4096, 4097, 8191, 8192, 8193, 16383, 16384, 16385,
	65535, 65536, 65537, 262144, MIB - 1, MIB, MIB + 1,
};

/* --- put and get */

TEST_F(user, a_message_comes_back)
{
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		char *message = new_message(lengths[i], i);

		ASSERT_EQ(0, box_put(self->box, message, lengths[i]));
		ASSERT_EQ(lengths[i], box_get_expecting(self->box, message, lengths[i])) {
			TH_LOG("length %zu: %s", lengths[i], msgbox_error());
		}
		free(message);
		ASSERT_EQ(-ENODATA, box_get_expecting(self->box, "", 0));
	}
}

/* The buffer has the message's length exactly. */
TEST_F(user, a_buffer_of_the_length_is_enough)
{
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		char *message = new_message(lengths[i], i), *buffer = new_message(lengths[i], ~i);

		ASSERT_EQ(0, box_put(self->box, message, lengths[i]));
		ASSERT_EQ(lengths[i], box_get(self->box, buffer, lengths[i]));
		ASSERT_EQ(0, memcmp(message, buffer, lengths[i]));
		ASSERT_EQ(0, box_put(self->box, message, lengths[i]));
		memset(buffer, 0, lengths[i]);
		ASSERT_EQ(lengths[i], box_wait(self->box, buffer, lengths[i], 0));
		ASSERT_EQ(0, memcmp(message, buffer, lengths[i]));
		free(message);
		free(buffer);
	}
}

TEST_F(user, a_message_can_have_any_bytes)
{
	char message[3 * 256];

	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = i;
	ASSERT_EQ(0, box_put(self->box, message, sizeof(message)));
	ASSERT_EQ(0, box_put(self->box, "\0\0", 2));
	ASSERT_EQ(0, box_put(self->box, "$-1\r\n*0\r\n+OK\r\n", 14));
	ASSERT_EQ(14, box_get_expecting(self->box, "$-1\r\n*0\r\n+OK\r\n", 14));
	ASSERT_EQ(2, box_get_expecting(self->box, "\0\0", 2));
	ASSERT_EQ(sizeof(message), box_get_expecting(self->box, message, sizeof(message)));
}

/* The caller may change its message once put has returned. */
TEST_F(user, put_copies_the_message)
{
	char message[] = "message";

	ASSERT_EQ(0, box_put(self->box, message, sizeof(message)));
	memset(message, 'x', sizeof(message));
	ASSERT_EQ(8, box_get_expecting(self->box, "message", 8));
}

TEST_F(user, the_newest_comes_first)
{
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		char *message = new_message(lengths[i], i);

		ASSERT_EQ(0, box_put(self->box, message, lengths[i]));
		free(message);
	}
	for (size_t i = ARRAY_SIZE(lengths); i--;) {
		char *message = new_message(lengths[i], i);

		ASSERT_EQ(lengths[i], box_get_expecting(self->box, message, lengths[i]));
		free(message);
	}
	ASSERT_EQ(-ENODATA, box_get_expecting(self->box, "", 0));
}

TEST_F(user, get_and_wait_and_take_remove_one_message)
{
	char byte;
	void *buffer = NULL;
	size_t size = 0;

	for (char c = 'a'; c <= 'd'; c++)
		ASSERT_EQ(0, box_put(self->box, &c, 1));
	ASSERT_EQ(1, box_get(self->box, &byte, 1));
	EXPECT_EQ('d', byte);
	ASSERT_EQ(1, box_wait(self->box, &byte, 1, 0));
	EXPECT_EQ('c', byte);
	ASSERT_EQ(1, box_wait(self->box, &byte, 1, MSGBOX_FOREVER));
	EXPECT_EQ('b', byte);
	ASSERT_EQ(1, box_take(self->box, &buffer, &size, 0));
	EXPECT_EQ('a', *(char *)buffer);
	ASSERT_EQ(-ENODATA, box_get(self->box, &byte, 1));
	free(buffer);
}

/* --- errors */

TEST_F(user, an_empty_box_is_no_message)
{
	char buffer[CANARY];
	void *own = NULL;
	size_t size = 0;

	poison(buffer, sizeof(buffer));
	ASSERT_EQ(-ENODATA, box_get(self->box, buffer, sizeof(buffer)));
	ASSERT_EQ(-ENODATA, box_get(self->box, buffer, 0));
	ASSERT_EQ(-ETIMEDOUT, box_wait(self->box, buffer, sizeof(buffer), 0));
	ASSERT_EQ(-ETIMEDOUT, box_wait(self->box, buffer, sizeof(buffer), 20));
	ASSERT_EQ(-ENODATA, box_take(self->box, &own, &size, 0));
	ASSERT_EQ(-ETIMEDOUT, box_take(self->box, &own, &size, 20));
	EXPECT_TRUE(is_poison(buffer, sizeof(buffer)));
	free(own);
}

TEST_F(user, no_message_and_no_buffer_are_invalid)
{
	char byte = 'x';
	size_t size = 0;

	ASSERT_EQ(-EINVAL, box_put(self->box, NULL, 0));
	ASSERT_EQ(-EINVAL, box_put(self->box, NULL, 1));
	/* Whether or not there is a message. */
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(-EINVAL, box_get(self->box, NULL, 0));
		ASSERT_EQ(-EINVAL, box_get(self->box, NULL, 10));
		ASSERT_EQ(-EINVAL, box_wait(self->box, NULL, 10, 0));
		ASSERT_EQ(-EINVAL, box_wait(self->box, NULL, 10, 20));
		ASSERT_EQ(-EINVAL, box_take(self->box, NULL, &size, 0));
		ASSERT_EQ(0, box_put(self->box, "message", 8));
	}
	ASSERT_EQ(8, box_get_expecting(self->box, "message", 8));
	ASSERT_EQ(1, box_put(self->box, &byte, 1) + 1);
	ASSERT_EQ(8, box_get(self->box, (char[8]) {}, 8) + 7);
	ASSERT_EQ(8, box_get_expecting(self->box, "message", 8));
}

/* The message stays, and the buffer is not written. */
TEST_F(user, a_short_buffer_leaves_the_message)
{
	static char buffer[MIB + 1];

	for (size_t i = 1; i < ARRAY_SIZE(lengths); i++) {
		const size_t sizes[] = { 0, 1, lengths[i] / 2, lengths[i] - 1 };
		char *message = new_message(lengths[i], i);

		ASSERT_EQ(0, box_put(self->box, message, lengths[i]));
		for (size_t j = 0; j < ARRAY_SIZE(sizes); j++) {
			if (sizes[j] >= lengths[i])
				continue;
			poison(buffer, sizeof(buffer));
			ASSERT_EQ(-EMSGSIZE, box_get(self->box, buffer, sizes[j]));
			ASSERT_EQ(-EMSGSIZE, box_wait(self->box, buffer, sizes[j], 0));
			ASSERT_EQ(-EMSGSIZE, box_wait(self->box, buffer, sizes[j], 50));
			ASSERT_TRUE(is_poison(buffer, sizeof(buffer)));
		}
		ASSERT_EQ(lengths[i], box_get_expecting(self->box, message, lengths[i]));
		free(message);
	}
}

/* Only the newest message counts, and those below it keep their order. */
TEST_F(user, a_short_buffer_does_not_reach_below)
{
	char byte;

	ASSERT_EQ(0, box_put(self->box, "1", 1));
	ASSERT_EQ(0, box_put(self->box, "second", 6));
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(-EMSGSIZE, box_get(self->box, &byte, 1));
		ASSERT_EQ(-EMSGSIZE, box_wait(self->box, &byte, 1, 20));
	}
	ASSERT_EQ(6, box_get_expecting(self->box, "second", 6));
	ASSERT_EQ(1, box_get_expecting(self->box, "1", 1));
}

/* The length is a size_t; an int would make it a short message, or a negative number. */
TEST_F(user, a_length_is_not_cut)
{
	static const size_t longs[] = {
		(size_t)INT_MAX + 1, UINT32_MAX, UINT32_MAX + 1UL, UINT32_MAX + 6UL, SIZE_MAX / 2,
		SIZE_MAX,
	};
	char byte = 'x';

	for (size_t i = 0; i < ARRAY_SIZE(longs); i++) {
		ASSERT_EQ(-EMSGSIZE, box_put(self->box, &byte, longs[i])) {
			TH_LOG("length %zu", longs[i]);
		}
		ASSERT_EQ(-ENODATA, box_get(self->box, &byte, 1));
	}
}

TEST_F(user, a_size_is_not_cut)
{
	static const size_t longs[] = {
		(size_t)INT_MAX + 1, UINT32_MAX, UINT32_MAX + 1UL, UINT32_MAX + 6UL, SIZE_MAX / 2,
		SIZE_MAX,
	};
	/* Not on the stack: read(2) refuses a buffer that would end beyond all addresses. */
	static char buffer[64];

	for (size_t i = 0; i < ARRAY_SIZE(longs); i++) {
		ASSERT_EQ(0, box_put(self->box, "message", 8));
		ASSERT_EQ(8, box_get(self->box, buffer, longs[i])) {
			TH_LOG("size %zu", longs[i]);
		}
		ASSERT_STREQ("message", buffer);
		ASSERT_EQ(0, box_put(self->box, "another", 8));
		ASSERT_EQ(8, box_wait(self->box, buffer, longs[i], 50));
		ASSERT_STREQ("another", buffer);
		ASSERT_EQ(-ETIMEDOUT, box_wait(self->box, buffer, longs[i], 1));
	}
}

TEST_F(user, a_message_above_the_limit_is_refused)
{
	struct msgbox_figures figures;
	char *message;

	ASSERT_EQ(0, msgbox_read_figures(self->box, &figures));
	ASSERT_NE(MSGBOX_UNKNOWN, figures.max_message_bytes);
	message = map(figures.max_message_bytes + 1, PROT_READ | PROT_WRITE);
	ASSERT_EQ(-EMSGSIZE, box_put(self->box, message, figures.max_message_bytes + 1));
	ASSERT_EQ(-ENODATA, box_get(self->box, message, 1));
	munmap(message, figures.max_message_bytes + 1);
}

/* --- take */

TEST_F(user, take_has_room_for_any_message)
{
	void *buffer = NULL;
	size_t size = 0;

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		char *message = new_message(lengths[i], i);

		for (int timeout = -1; timeout <= 1; timeout++) {
			ASSERT_EQ(0, box_put(self->box, message, lengths[i]));
			ASSERT_EQ(lengths[i], box_take(self->box, &buffer, &size, timeout));
			ASSERT_NE(NULL, buffer);
			ASSERT_LE(lengths[i], size);
			ASSERT_EQ(0, memcmp(message, buffer, lengths[i]));
			/* All of it belongs to the caller. */
			memset(buffer, 1, size);
		}
		free(message);
	}
	free(buffer);
}

TEST_F(user, take_enlarges_a_buffer_of_any_size)
{
	static const size_t sizes[] = { 0, 1, 63, 64, 65, 8191, 8192, 8193, 2 * MIB };

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		char *message = new_message(lengths[i], i);

		for (size_t j = 0; j < ARRAY_SIZE(sizes); j++) {
			void *buffer = malloc(sizes[j]);
			size_t size = sizes[j];

			ASSERT_EQ(0, box_put(self->box, message, lengths[i]));
			ASSERT_EQ(lengths[i], box_take(self->box, &buffer, &size, 0));
			ASSERT_LE(lengths[i], size);
			/* It does not shrink. */
			ASSERT_LE(sizes[j], size);
			ASSERT_EQ(0, memcmp(message, buffer, lengths[i]));
			free(buffer);
		}
		free(message);
	}
}

/* A buffer that is large enough is used as it is. */
TEST_F(user, take_keeps_the_buffer)
{
	void *buffer = malloc(100), *before = buffer;
	size_t size = 100;

	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, box_put(self->box, "message", 8));
		ASSERT_EQ(8, box_take(self->box, &buffer, &size, 0));
		ASSERT_EQ(before, buffer);
		ASSERT_EQ(100, size);
	}
	ASSERT_EQ(-ENODATA, box_take(self->box, &buffer, &size, 0));
	/* Still the caller's, after an error. */
	memset(buffer, 1, size);
	free(buffer);
}

/* --- figures */

TEST_F(user, the_figures_count)
{
	struct msgbox_figures before, figures;

	ASSERT_EQ(0, msgbox_read_figures(self->box, &before));
	EXPECT_EQ(0, before.count);
	EXPECT_EQ(0, before.bytes == MSGBOX_UNKNOWN ? 0 : before.bytes);
	for (unsigned long i = 1; i <= 10; i++) {
		ASSERT_EQ(0, box_put(self->box, "message", 8));
		memset(&figures, POISON, sizeof(figures));
		ASSERT_EQ(0, msgbox_read_figures(self->box, &figures));
		EXPECT_EQ(i, figures.count);
		if (figures.bytes != MSGBOX_UNKNOWN)
			EXPECT_EQ(8 * i, figures.bytes);
		if (figures.puts != MSGBOX_UNKNOWN)
			EXPECT_EQ(before.puts + i, figures.puts);
	}
	for (unsigned long i = 1; i <= 10; i++) {
		ASSERT_EQ(8, box_get_expecting(self->box, "message", 8));
		ASSERT_EQ(0, msgbox_read_figures(self->box, &figures));
		EXPECT_EQ(10 - i, figures.count);
		if (figures.gets != MSGBOX_UNKNOWN)
			EXPECT_EQ(before.gets + i, figures.gets);
	}
}

/* Every figure is written: none keeps the caller's bytes. */
TEST_F(user, every_figure_is_written)
{
	struct msgbox_figures figures;
	unsigned long *figure = (unsigned long *)&figures, untouched;

	memset(&untouched, POISON, sizeof(untouched));
	memset(&figures, POISON, sizeof(figures));
	ASSERT_EQ(0, msgbox_read_figures(self->box, &figures));
	for (size_t i = 0; i < sizeof(figures) / sizeof(*figure); i++) {
		EXPECT_NE(untouched, figure[i]) {
			TH_LOG("figure %zu", i);
		}
	}
}

/* A handle that is NULL, as after a failed msgbox_open(), is no crash. */
TEST_F(user, a_missing_handle_is_invalid)
{
	struct msgbox_figures figures;
	void *buffer = NULL;
	size_t size = 0;
	char byte = 'x';

	ASSERT_EQ(-EINVAL, box_put(NULL, &byte, 1));
	ASSERT_EQ(-EINVAL, box_get(NULL, &byte, 1));
	ASSERT_EQ(-EINVAL, box_wait(NULL, &byte, 1, 0));
	ASSERT_EQ(-EINVAL, box_take(NULL, &buffer, &size, 0));
	ASSERT_EQ(-1, msgbox_read_figures(NULL, &figures));
	ASSERT_EQ(EINVAL, errno);
	ASSERT_EQ(-1, msgbox_read_figures(self->box, NULL));
	ASSERT_EQ(EINVAL, errno);
	ASSERT_EQ(-EINVAL, box_wait(self->box, &byte, 1, -2));
	ASSERT_EQ(-EINVAL, box_take(self->box, &buffer, NULL, 0));
	free(buffer);
}

/* --- texts */

TEST_F(user, texts_say_what_is_wrong)
{
	char byte;

	ASSERT_EQ(-ENODATA, box_get(self->box, &byte, 1));
	EXPECT_NE(NULL, strcasestr(msgbox_error(), "empty")) {
		TH_LOG("ENODATA: %s", msgbox_error());
	}
	ASSERT_EQ(0, box_put(self->box, "four", 4));
	ASSERT_EQ(-EMSGSIZE, box_get(self->box, &byte, 1));
	EXPECT_NE(NULL, strcasestr(msgbox_error(), "buffer")) {
		TH_LOG("EMSGSIZE of get: %s", msgbox_error());
	}
	ASSERT_EQ(-EINVAL, box_put(self->box, NULL, 1));
	EXPECT_NE(NULL, strstr(msgbox_error(), "NULL")) {
		TH_LOG("EINVAL: %s", msgbox_error());
	}
	ASSERT_EQ(-EMSGSIZE, box_put(self->box, "x", SIZE_MAX / 2));
	/* What is short here is not the buffer. */
	EXPECT_EQ(NULL, strcasestr(msgbox_error(), "buffer")) {
		TH_LOG("EMSGSIZE of put: %s", msgbox_error());
	}
	ASSERT_EQ(4, box_get_expecting(self->box, "four", 4));
	ASSERT_EQ(-ETIMEDOUT, box_wait(self->box, &byte, 1, 1));
	EXPECT_NE(NULL, strcasestr(msgbox_error(), "message")) {
		TH_LOG("ETIMEDOUT: %s", msgbox_error());
	}
}

static void *fail_otherwise(void *data)
{
	bool fresh = msgbox_error();

	box_wait(data, &data, 1, -3);
	return (void *)(long)fresh;
}

/* Each thread has a text of its own, and one from the start. */
TEST_F(user, a_text_is_of_the_thread)
{
	char byte, before[512];
	pthread_t thread;
	void *fresh;

	/* A text with a number in it, in both threads. */
	ASSERT_EQ(-EINVAL, box_wait(self->box, &byte, 1, -2));
	snprintf(before, sizeof(before), "%s", msgbox_error());
	ASSERT_EQ(0, pthread_create(&thread, NULL, fail_otherwise, self->box));
	ASSERT_EQ(0, pthread_join(thread, &fresh));
	EXPECT_NE(NULL, fresh);
	EXPECT_STREQ(before, msgbox_error());
}

TEST_F(user, closing_keeps_errno)
{
	struct msgbox *box = open_box();

	ASSERT_NE(NULL, box);
	/* Opens what a wait opens. */
	ASSERT_EQ(-ETIMEDOUT, box_wait(box, (char[1]) {}, 1, 1));
	errno = EXDEV;
	msgbox_close(box);
	EXPECT_EQ(EXDEV, errno);
	msgbox_close(NULL);
	EXPECT_EQ(EXDEV, errno);
}

TEST_F(user, the_version_is_a_version)
{
	int first, second, third, end = 0, found;

	found = sscanf(msgbox_version(), "%d.%d.%d%n", &first, &second, &third, &end);
	ASSERT_EQ(3, found);
	EXPECT_EQ(0, msgbox_version()[end]);
}

/* --- handles */

TEST_F(user, two_handles_are_one_box)
{
	struct msgbox *other = open_box();

	ASSERT_NE(NULL, other);
	ASSERT_EQ(0, box_put(self->box, "message", 8));
	ASSERT_EQ(8, box_get_expecting(other, "message", 8));
	ASSERT_EQ(-ENODATA, box_get_expecting(self->box, "", 0));
	ASSERT_EQ(0, box_put(other, "another", 8));
	msgbox_close(other);
	ASSERT_EQ(8, box_get_expecting(self->box, "another", 8));
}

/* After all that can open a file. */
TEST_F(user, closing_closes_files)
{
	long before = open_files();
	char byte;

	for (int i = 0; i < 50; i++) {
		struct msgbox *box = open_box();
		struct msgbox_figures figures;

		ASSERT_NE(NULL, box);
		ASSERT_EQ(-ENODATA, box_get(box, &byte, 1));
		ASSERT_EQ(-ETIMEDOUT, box_wait(box, &byte, 1, 1));
		ASSERT_EQ(0, msgbox_read_figures(box, &figures));
		msgbox_close(box);
		ASSERT_EQ(before, open_files());
	}
}

/* A program that the caller starts does not get the library's files. */
TEST_F(user, files_are_closed_on_exec)
{
	bool known[1024] = {};
	struct msgbox *box;
	char byte;

	for (int fd = 0; fd < 1024; fd++)
		known[fd] = fcntl(fd, F_GETFD) >= 0;
	box = open_box();
	ASSERT_NE(NULL, box);
	ASSERT_EQ(-ETIMEDOUT, box_wait(box, &byte, 1, 1));
	for (int fd = 0; fd < 1024; fd++) {
		if (known[fd] || fcntl(fd, F_GETFD) < 0)
			continue;
		EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD)) {
			TH_LOG("file descriptor %d", fd);
		}
	}
	msgbox_close(box);
}

TEST_HARNESS_MAIN

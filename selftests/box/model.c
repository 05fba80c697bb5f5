// SPDX-License-Identifier: GPL-2.0
/*
 * A long random sequence of calls from one thread. Each result and each byte is
 * compared with a stack in user space. expected_put() and expected_get() are the
 * contract's table, written a second time.
 *
 * DM510_MSGBOX_SEED=<number> repeats a run, DM510_MSGBOX_STEPS=<number> sets the
 * number of steps.
 */
#include <time.h>

#include "msgbox.h"
#include "segment.h"
#include "sysfs.h"

#define STEPS		(1000 * 1000)
#define DEPTH_MAX	2000
#define LARGEST		(5 * PAGE_MAX)
#define BAD_FROM	(LARGEST + CANARY)

/* The lowest limit. */
#define LIMIT_MIN	(2 * SEGMENT)

struct message {
	int len;
	unsigned long seed;
};

struct model {
	struct message message[DEPTH_MAX];
	int depth;
	long max_message_bytes;
	bool full;
};

/* Good memory that ends at inaccessible memory. */
static char *good_until_border(void)
{
	char *at = map(LARGEST + 2 * PAGE, PROT_READ | PROT_WRITE);

	if (mprotect(at + LARGEST, 2 * PAGE, PROT_NONE))
		abort();
	return at;
}

struct world {
	struct model model;
	unsigned long random;
	bool filling;
	char *good;		/* LARGEST + CANARY bytes */
	char *border;		/* LARGEST good bytes, then bad memory */
};

static unsigned long dice(struct world *world, unsigned long sides)
{
	return next_random(&world->random) % sides;
}

/* Mostly small, often about a page, sometimes large. */
static int any_len(struct world *world)
{
	switch (dice(world, 256)) {
	case 0:
		return dice(world, LARGEST + 1);
	case 1 ... 4:
		return 8 * KIB - 8 + dice(world, 17);
	case 5 ... 12:
		return PAGE - 8 + dice(world, 17);
	case 13 ... 16:
		return 0;
	default:
		return dice(world, 300);
	}
}

enum place { GOOD, NOWHERE, DESCRIPTOR, KERNEL, BEYOND_BORDER, HARDLY_BAD };

static enum place any_place(struct world *world)
{
	return dice(world, 8) ? GOOD : 1 + dice(world, HARDLY_BAD);
}

/* HARDLY_BAD: of len bytes only the last one is bad. */
static char *memory_at(struct world *world, enum place place, int len)
{
	switch (place) {
	case NOWHERE:
		return NULL;
	case DESCRIPTOR:
		return (char *)(dice(world, 2) ? 0xffffff9c : 1 + dice(world, 4095));
	case KERNEL:
		return (char *)0xffffffff81000000;
	case BEYOND_BORDER:
		return world->border + LARGEST;
	case HARDLY_BAD:
		return world->border + LARGEST - len + (len > 0);
	default:
		return world->good;
	}
}

static long expected_put(struct model *model, enum place place, long len)
{
	if (place == DESCRIPTOR)
		return -ENOSYS;
	if (place == NOWHERE || len < 0)
		return -EINVAL;
	if (len > model->max_message_bytes)
		return -EMSGSIZE;
	if (model->full)
		return -EAGAIN;
	return place == GOOD || !len ? 0 : -EFAULT;
}

/* bad_from: how many bytes of the buffer can be written. */
static long expected_get(struct model *model, enum place place, long room, long bad_from)
{
	struct message *top = &model->message[model->depth - 1];

	if (place == NOWHERE || room < 0)
		return -EINVAL;
	if (!model->depth)
		return -ENODATA;
	if (top->len > room)
		return -EMSGSIZE;
	return top->len <= bad_from ? top->len : -EFAULT;
}

/* The put is one that fails if the model has no room for another message. */
static long step_put(struct world *world, long *expected)
{
	struct model *model = &world->model;
	struct message message = { any_len(world), next_random(&world->random) };
	enum place place = any_place(world);
	long ret;

	if (model->depth == DEPTH_MAX)
		place = NOWHERE;
	if (dice(world, 64) == 0)
		message.len = -1 - (int)dice(world, INT_MAX);

	if (place == GOOD && message.len > 0)
		fill(world->good, message.len, message.seed);
	*expected = expected_put(model, place, message.len);
	ret = put(memory_at(world, place, message.len), message.len);
	if (!ret && model->depth < DEPTH_MAX)
		model->message[model->depth++] = message;
	return ret;
}

static long step_get(struct world *world, long *expected)
{
	struct model *model = &world->model;
	struct message top = model->depth ? model->message[model->depth - 1] :
			     (struct message) {};
	int room = dice(world, 4) ? LARGEST : any_len(world);
	enum place place = any_place(world);
	long bad_from = 0, written, ret;
	char *buf;

	if (dice(world, 64) == 0)
		room = -1 - (int)dice(world, INT_MAX);
	if (place == HARDLY_BAD)
		room = top.len;
	buf = memory_at(world, place, room);
	if (place == GOOD)
		bad_from = BAD_FROM;
	else if (place == HARDLY_BAD)
		bad_from = top.len ? top.len - 1 : 0;

	*expected = expected_get(model, place, room, bad_from);
	poison(world->good, top.len + CANARY);
	ret = get(buf, room);
	written = ret > 0 && place == GOOD ? ret : 0;
	if (!is_poison(world->good + written, top.len + CANARY - written))
		return -EOVERFLOW;
	if (ret < 0)
		return ret;
	if (place == GOOD && !is_filled(world->good, ret, top.seed))
		return -EILSEQ;
	model->depth--;
	return ret;
}

/* Changes a limit, or restores it. */
static long step_limits(struct world *world, long *expected)
{
	struct model *model = &world->model;
	long memory = figure("memory");

	*expected = 0;
	if (dice(world, 2)) {
		model->max_message_bytes = dice(world, 2) ? 1 + dice(world, 10000) : 4 * MIB;
		return set_parameter("max_message_bytes", model->max_message_bytes);
	}
	/* Far below what the box holds: no put can succeed. */
	model->full = !model->full && memory > SPARE_MAX + LIMIT_MIN;
	return set_parameter("max_bytes", model->full ? LIMIT_MIN : 64 * MIB);
}

/* Restores the limit before the box is empty enough for a put to succeed. */
static void leave_fullness(struct world *world)
{
	if (world->model.full && figure("memory") <= LIMIT_MIN + SPARE_MAX) {
		set_parameter("max_bytes", 64 * MIB);
		world->model.full = false;
	}
}

static long step(struct world *world, long *expected)
{
	unsigned long which = dice(world, 2000);
	long ret;

	if (which == 0)
		return step_limits(world, expected);
	/* The box mostly grows for a while, then mostly shrinks. */
	world->filling ^= !dice(world, 4000);
	if (which < (world->filling ? 1100 : 900))
		return step_put(world, expected);
	ret = step_get(world, expected);
	leave_fullness(world);
	return ret;
}

FIXTURE(model)
{
	struct world *world;
	long max_bytes;
	long max_message_bytes;
};

FIXTURE_SETUP(model)
{
	begin_with_empty_box(_metadata);
	self->max_bytes = parameter("max_bytes");
	self->max_message_bytes = parameter("max_message_bytes");
	self->world = calloc(1, sizeof(*self->world));
	ASSERT_NE(NULL, self->world);
	self->world->good = map(BAD_FROM, PROT_READ | PROT_WRITE);
	self->world->border = good_until_border();
	self->world->model.max_message_bytes = self->max_message_bytes;
}

FIXTURE_TEARDOWN(model)
{
	set_parameter("max_bytes", self->max_bytes);
	set_parameter("max_message_bytes", self->max_message_bytes);
	drain();
}

TEST_F_TIMEOUT(model, a_million_random_steps, 900)
{
	unsigned long seed = number_from("DM510_MSGBOX_SEED", time(NULL));
	unsigned long steps = number_from("DM510_MSGBOX_STEPS", STEPS);
	struct world *world = self->world;
	unsigned long i;
	long expected;

	TH_LOG("DM510_MSGBOX_SEED=%lu repeats this run", seed);
	world->random = seed;
	if (set_parameter("max_message_bytes", self->max_message_bytes))
		SKIP_TEST("only root can change the limits");

	for (i = 0; i < steps; i++) {
		long ret = step(world, &expected);

		ASSERT_EQ(expected, ret) {
			TH_LOG("step %lu, %d messages in the box", i, world->model.depth);
		}
	}

	EXPECT_EQ(world->model.depth, figure("count"));
	set_parameter("max_bytes", self->max_bytes);
	while (world->model.depth) {
		struct message *top = &world->model.message[--world->model.depth];

		ASSERT_EQ(top->len, get(world->good, LARGEST));
		ASSERT_TRUE(is_filled(world->good, top->len, top->seed));
	}
	ASSERT_EQ(-ENODATA, get_nothing());
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0
/*
 * The box: a stack of messages under one lock.
 *
 * put copies the message into kernel memory of its own first, without the
 * lock, and takes the lock only to link it. get copies it out and unlinks it
 * in one critical section, so a message leaves the box exactly when it has
 * been delivered, and nothing ever has to be put back. Under the lock page
 * faults are disabled: where a page of the receiver is missing, get lets go of
 * the lock, brings the page in and starts again with what is on top then.
 */
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>

#include "msgbox.h"
#include "user_memory.h"

struct message {
	struct message *below;
	size_t len;
	char bytes[];
};

/**
 * struct msgbox - the box
 * @limits: what it accepts; belongs to the creator
 * @lock: protects @top, @held and the messages linked from @top
 * @top: the newest message, or NULL
 * @held: kernel memory that the messages hold, in bytes; also read without
 *        the lock, for a first guess
 */
struct msgbox {
	const struct msgbox_limits *limits;
	spinlock_t lock; /* protects top, held and the messages */
	struct message *top;
	size_t held;
};

/**
 * msgbox_create() - make an empty box
 * @limits: what it accepts; must live as long as the box
 *
 * Context: Process context. May sleep.
 *
 * Return: the box, or NULL if there is no memory.
 */
struct msgbox *msgbox_create(const struct msgbox_limits *limits)
{
	struct msgbox *box = kzalloc(sizeof(*box), GFP_KERNEL);

	if (!box)
		return NULL;
	box->limits = limits;
	spin_lock_init(&box->lock);
	return box;
}

/**
 * msgbox_destroy() - free a box and the messages in it
 * @box: the box; no call may use it any more
 *
 * Context: Process context. May sleep.
 */
void msgbox_destroy(struct msgbox *box)
{
	struct message *message;

	while ((message = box->top)) {
		box->top = message->below;
		kvfree(message);
		cond_resched();
	}
	kfree(box);
}

static bool in_whole_pages(size_t len)
{
	return sizeof(struct message) + len > PAGE_SIZE;
}

/* What a message really takes from the kernel: at most this, never more. */
static size_t message_memory(size_t len)
{
	size_t size = sizeof(struct message) + len;

	return in_whole_pages(len) ? PAGE_ALIGN(size) : roundup_pow_of_two(size);
}

/*
 * Charged to the caller's memory cgroup. Where that has no room the call
 * fails: a message is not worth anybody's life (__GFP_RETRY_MAYFAIL keeps the
 * OOM killer out), nor a splat (__GFP_NOWARN).
 */
static struct message *message_alloc(size_t len)
{
	const gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN;
	size_t size = sizeof(struct message) + len;
	struct message *message;

	message = in_whole_pages(len) ? __vmalloc(size, gfp) : kmalloc(size, gfp);
	if (message)
		message->len = len;
	return message;
}

static bool has_room(struct msgbox *box, size_t memory)
{
	size_t held = READ_ONCE(box->held);
	size_t max = READ_ONCE(box->limits->max_bytes);

	return held < max && memory <= max - held;
}

static int push(struct msgbox *box, struct message *message)
{
	size_t memory = message_memory(message->len);
	int err = -EAGAIN;

	spin_lock(&box->lock);
	if (has_room(box, memory)) {
		message->below = box->top;
		box->top = message;
		WRITE_ONCE(box->held, box->held + memory);
		err = 0;
	}
	spin_unlock(&box->lock);

	return err;
}

/**
 * msgbox_put() - put a message on top
 * @box: the box
 * @buf: the message, in the caller's memory
 * @len: its length in bytes
 *
 * Context: Process context, no lock held. May sleep.
 *
 * Return: 0, or as in the uapi header, checked in its order: -EMSGSIZE,
 * -EAGAIN, -EADDRNOTAVAIL, -EFAULT, -ENOSYS; the box is then as before.
 */
int msgbox_put(struct msgbox *box, const char __user *buf, size_t len)
{
	struct message *message;
	int err;

	if (len > READ_ONCE(box->limits->max_message_bytes))
		return -EMSGSIZE;

	/* A full box is told before a bad pointer; push() makes sure again. */
	if (!has_room(box, message_memory(len)))
		return -EAGAIN;

	message = message_alloc(len);
	if (!message)
		return -EADDRNOTAVAIL;

	err = user_memory_read(message->bytes, buf, len);
	if (!err)
		err = push(box, message);
	if (err)
		kvfree(message);
	return err;
}

/*
 * Deliver the message on top and unlink it. *len is the room at buf, and on
 * -EFAULT the room that must be there.
 */
static struct message *pop(struct msgbox *box, char __user *buf, size_t *len)
{
	struct message *message;
	int err = 0;

	spin_lock(&box->lock);
	message = box->top;
	if (!message) {
		err = -ENODATA;
	} else if (message->len > *len) {
		err = -EMSGSIZE;
	} else if (user_memory_write_atomic(buf, message->bytes, message->len)) {
		*len = message->len;
		err = -EFAULT;
	} else {
		box->top = message->below;
		WRITE_ONCE(box->held, box->held - message_memory(message->len));
	}
	spin_unlock(&box->lock);

	return err ? ERR_PTR(err) : message;
}

/**
 * msgbox_get() - take the message that is on top
 * @box: the box
 * @buf: where it goes, in the caller's memory
 * @len: the room there, in bytes
 *
 * Context: Process context, no lock held. May sleep.
 *
 * Return: the message's length in bytes, or as in the uapi header: -ENODATA,
 * -EMSGSIZE, -EFAULT, -ENOSYS; the box is then as before.
 */
long msgbox_get(struct msgbox *box, char __user *buf, size_t len)
{
	struct message *message;
	size_t length, room;
	int err;

	for (;;) {
		room = len;
		message = pop(box, buf, &room);
		if (!IS_ERR(message))
			break;
		if (message != ERR_PTR(-EFAULT))
			return PTR_ERR(message);

		err = user_memory_fault_in(buf, room);
		if (err)
			return err;
		cond_resched();
	}

	length = message->len;
	kvfree(message);
	return length;
}

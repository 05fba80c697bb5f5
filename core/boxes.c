// SPDX-License-Identifier: GPL-2.0
/*
 * The boxes: one for each IPC namespace that uses one.
 *
 * The initial namespace's box lives as long as the module. Another namespace's box is
 * made by the first put there, or by the first write, poll or blocking read of a file of the
 * device that was opened there. It lives as long as the namespace. So the kernel's limit of
 * namespaces (user.max_ipc_namespaces) is one of boxes, apart from those that are about to
 * be destroyed.
 *
 * A process in a call holds its namespace, and so does an open file of the device. The
 * namespace cannot end meanwhile, so neither needs a reference to the box. Looking up a
 * box takes no lock: a box that is found by others stays in memory until they have gone
 * on (RCU).
 *
 * The end of a namespace must not sleep, so msgbox_namespace_ends() only makes sure that
 * the box is never found again: the kernel may use the memory of the namespace for a new
 * one. A work item does the rest.
 *
 * N1 to N9 mark the steps in the life of a box, X1 to X6 those of loading and unloading,
 * that have the same names in selftests/models/namespace.pml, where every interleaving of
 * them is searched.
 */
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/hashtable.h>
#include <linux/init_task.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>

#include "boxes.h"
#include "internal.h"

/*
 * The initial IPC namespace and its box. Not init_ipc_ns, which kernels before 6.12 do not
 * export.
 */
struct ipc_namespace *initial_namespace;
struct msgbox *initial_box;

/* All others, by namespace. Changed with the mutex held. */
static DEFINE_HASHTABLE(boxes, 8);
static DEFINE_MUTEX(boxes_mutex);
/* A figure: nothing else goes with it, so it needs no order. */
static atomic_t box_count;

/* Boxes whose namespace has ended, and which have yet to be destroyed. */
static LLIST_HEAD(ended_boxes);
static struct workqueue_struct *workqueue;

static struct msgbox *make_box(struct ipc_namespace *ns)
{
	struct msgbox *box = msgbox_create();

	if (box) {
		box->ns = ns;
		box->pending.users = ns->user_ns;
		atomic_inc(&box_count);
	}
	return box;
}

/* Also for a box that is not in the hash table. */
static void destroy_box(struct msgbox *box)
{
	mutex_lock(&boxes_mutex);
	/* With kfree_rcu() in N7 pairs with N1: selftests/litmus/box_freed.litmus. */
	hash_del_rcu(&box->node);					/* N6 */
	mutex_unlock(&boxes_mutex);
	msgbox_destroy(box);						/* N7 */
	atomic_dec(&box_count);
}

/* The namespaces are compared by address, and not used: they may have ended. */
static struct msgbox *find_box(struct ipc_namespace *ns)
{
	struct msgbox *box;

	hash_for_each_possible_rcu(boxes, box, node, (unsigned long)ns,
				   lockdep_is_held(&boxes_mutex))
		if (READ_ONCE(box->ns) == ns)
			return box;
	return NULL;
}

/**
 * msgbox_of_namespace() - find the box of an IPC namespace
 * @ns: the namespace, which the caller holds
 *
 * Context: Process context.
 *
 * Return: the box, or NULL if the namespace has none.
 */
struct msgbox *msgbox_of_namespace(struct ipc_namespace *ns)
{
	struct msgbox *box;

	if (ns == initial_namespace)
		return initial_box;
	rcu_read_lock();
	box = find_box(ns);						/* N1 */
	rcu_read_unlock();
	return box;
}

/**
 * msgbox_make() - find the box of an IPC namespace, or make it
 * @ns: the namespace, which the caller holds
 *
 * Context: Process context. May sleep.
 *
 * Return: the box, or NULL if there is no memory.
 */
struct msgbox *msgbox_make(struct ipc_namespace *ns)
{
	struct msgbox *box = msgbox_of_namespace(ns), *made;

	if (box)
		return box;
	/* N2, before the lock: reclaiming memory may take long. */
	made = make_box(ns);
	if (!made)
		return msgbox_of_namespace(ns);	/* somebody else may have made it */

	mutex_lock(&boxes_mutex);					/* N3 */
	box = find_box(ns);
	/* Pairs with N1: selftests/litmus/box_published.litmus. */
	if (!box)
		hash_add_rcu(boxes, &made->node, (unsigned long)ns);
	mutex_unlock(&boxes_mutex);

	if (!box)
		return made;
	destroy_box(made);	/* another thread was faster */
	return box;
}

static void destroy_ended(struct work_struct *work)
{
	struct msgbox *box, *next;

	/* Pairs with what follows N5: selftests/litmus/ended_boxes.litmus. */
	llist_for_each_entry_safe(box, next, llist_del_all(&ended_boxes), ended)	/* N8 */
		destroy_box(box);
}

static DECLARE_WORK(destroy_work, destroy_ended);

/**
 * msgbox_namespace_ends() - give up the box of an IPC namespace that ends
 * @ns: the namespace, which no process and no file holds any more
 *
 * Context: Process context. Must not sleep. Called once for each namespace.
 */
void msgbox_namespace_ends(struct ipc_namespace *ns)
{
	struct msgbox *box;

	rcu_read_lock();
	box = find_box(ns);
	if (box) {
		/*
		 * Pairs with N1, because the kernel frees the namespace later, and who
		 * gets that memory sees this: selftests/litmus/namespace_reused.litmus.
		 */
		WRITE_ONCE(box->ns, NULL);				/* N5 */
		/* Pairs with N8: selftests/litmus/ended_boxes.litmus. */
		llist_add(&box->ended, &ended_boxes);
		queue_work(workqueue, &destroy_work);
	}
	rcu_read_unlock();
}

/**
 * msgboxes_count() - count the boxes
 *
 * Context: Any.
 *
 * Return: how many boxes there are, including those yet to be destroyed.
 */
unsigned int msgboxes_count(void)
{
	return atomic_read(&box_count);
}

/**
 * msgboxes_limits_changed() - let writers that wait for room look at the limits again
 *
 * Context: Process context. May sleep.
 */
void msgboxes_limits_changed(void)
{
	struct msgbox *box;
	int bucket;

	mutex_lock(&boxes_mutex);
	if (initial_box)
		msgbox_wake_next_writer(initial_box);
	hash_for_each(boxes, bucket, box, node)
		msgbox_wake_next_writer(box);
	mutex_unlock(&boxes_mutex);
}

/**
 * msgboxes_create() - make the box of the initial IPC namespace
 *
 * Context: Process context. May sleep.
 *
 * Return: 0, or -ENOMEM.
 */
int msgboxes_create(void)
{
	initial_namespace = init_task.nsproxy->ipc_ns;
	workqueue = alloc_workqueue("dm510_msgbox", WQ_UNBOUND, 0);
	if (!workqueue)
		return -ENOMEM;
	mutex_lock(&boxes_mutex);	/* root may set a parameter now */
	initial_box = make_box(initial_namespace);
	mutex_unlock(&boxes_mutex);
	if (initial_box)
		return 0;
	destroy_workqueue(workqueue);
	return -ENOMEM;
}

/**
 * msgboxes_destroy() - free all boxes
 *
 * No call and no file uses a box any more, and msgbox_namespace_ends() is not called
 * any more.
 *
 * Context: Process context. Sleeps.
 */
void msgboxes_destroy(void)
{
	struct hlist_node *next;
	struct msgbox *box;
	int bucket;

	destroy_workqueue(workqueue);	/* X5: waits for destroy_ended() */
	hash_for_each_safe(boxes, bucket, next, box, node)		/* X6 */
		destroy_box(box);

	/* Parameters can be set even after the module's exit function. */
	mutex_lock(&boxes_mutex);
	box = initial_box;
	initial_box = NULL;
	mutex_unlock(&boxes_mutex);
	destroy_box(box);
}

/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DM510_PENDING_H
#define _DM510_PENDING_H

#include <linux/cred.h>
#include <linux/hash.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

/* Users are told apart by a hash of this many bits. */
#define USER_HASH_BITS 8

/**
 * struct pending - kernel memory that is reserved by puts in progress
 * @users: the user namespace of the box, whose users are told apart
 * @total: all of it, in bytes
 * @of_user: the part of each user, in bytes, indexed by the hash of the user id
 *
 * A put reserves memory before it allocates it, as a put may hold the memory for as
 * long as its caller's memory is missing, possibly for ever.
 *
 * There is no locking here: the box's lock must be held.
 */
struct pending {
	const struct user_namespace *users;
	size_t total;
	size_t of_user[1 << USER_HASH_BITS];
};

/*
 * The user to whom the current process counts. In a user namespace below @users this is not
 * the process's user, but the one who made it (the topmost of them, if there are several):
 * who makes one can have many user ids there. Except root, who gives ids to others: to
 * containers, and to services that must not count as root (systemd's PrivateUsers=).
 */
static inline kuid_t accountable_user(const struct user_namespace *users)
{
	const struct user_namespace *ns = current_user_ns();
	kuid_t user = current_uid();

	for (; ns != users && ns->parent; ns = ns->parent)
		if (!uid_eq(ns->owner, GLOBAL_ROOT_UID))
			user = ns->owner;
	return user;
}

/* Two users may share a hash. */
static inline unsigned int hash_of_current_user(const struct pending *pending)
{
	return hash_32(__kuid_val(accountable_user(pending->users)), USER_HASH_BITS);
}

/* What the current process's user has reserved. */
static inline size_t *pending_of_current_user(struct pending *pending)
{
	return &pending->of_user[hash_of_current_user(pending)];
}

/*
 * May a put reserve @size bytes if @taken bytes are taken: those of all puts, and once
 * more those of its user? See pending_reserve().
 */
static inline bool pending_allows(size_t taken, size_t size, size_t max)
{
	return taken <= max && size <= (max - taken) / 4;
}

bool pending_reserve(struct pending *pending, size_t size, size_t max);

/**
 * pending_release() - end a reservation
 * @pending: what is reserved
 * @size: how much to release, in bytes
 *
 * Called when the memory has been moved into the box, or before it is freed.
 *
 * Context: As pending_reserve(), in the same process.
 */
static inline void pending_release(struct pending *pending, size_t size)
{
	pending->total -= size;
	*pending_of_current_user(pending) -= size;
}

#endif /* _DM510_PENDING_H */

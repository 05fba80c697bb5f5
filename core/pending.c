// SPDX-License-Identifier: GPL-2.0
#include "pending.h"

/**
 * pending_reserve() - reserve memory for a put in progress
 * @pending: what is reserved already
 * @size: how much to reserve, in bytes
 * @max: the limit for all puts together, in bytes
 *
 * A put may reserve a quarter of what is left to its user: @max, minus what all puts
 * have reserved, minus once more what this user's puts have reserved. So the puts of
 * one user hold at most half of the limit, those of two users a third each, and so
 * on: however many puts are stuck, other users can still put, unless they share a hash.
 * As each put takes only a part, a user can still put small messages while its large
 * puts are stuck.
 *
 * Context: Process context of the put, the box's lock held.
 *
 * Return: whether the memory has been reserved.
 */
bool pending_reserve(struct pending *pending, size_t size, size_t max)
{
	size_t *of_user = pending_of_current_user(pending);

	if (!pending_allows(pending->total + *of_user, size, max))
		return false;
	pending->total += size;
	*of_user += size;
	return true;
}

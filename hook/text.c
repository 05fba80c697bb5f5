// SPDX-License-Identifier: GPL-2.0
/*
 * Writes kernel text with exported functions alone: text_poke() is not one of
 * them, and calling it through a pointer is fatal on IBT hardware. The text is
 * mapped a second time, writable, for as long as the write takes.
 */
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/stop_machine.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <asm/sync_core.h>

#include "text.h"

struct replacement {
	void *alias;		/* the text, writable */
	u32 from;
	u32 to;
	atomic_t arrived;	/* CPUs that run replace_stopped() */
	bool done;
	int err;
};

/*
 * Runs on every CPU at once, interrupts off: the first one writes, the others
 * wait. Then each forgets what it may have fetched of the old instruction
 * (Intel SDM volume 3, 8.1.3, cross-modifying code).
 */
static int replace_stopped(void *data)
{
	struct replacement *r = data;

	if (atomic_inc_return(&r->arrived) == 1) {
		if (memcmp(r->alias, &r->from, sizeof(r->from)))
			r->err = -EBUSY;
		else
			memcpy(r->alias, &r->to, sizeof(r->to));
		/* Orders the new bytes before the others go on. */
		smp_store_release(&r->done, true);
	} else {
		/* Pairs with the release above. */
		while (!smp_load_acquire(&r->done))
			cpu_relax();
	}
	sync_core();
	return 0;
}

/* The page of @address and the next, for what crosses from one to the other. */
static void *map_writable(void *address)
{
	struct page *pages[] = {
		virt_to_page(address),
		virt_to_page(address + PAGE_SIZE),
	};

	return vmap(pages, ARRAY_SIZE(pages), VM_MAP, PAGE_KERNEL);
}

/**
 * hook_text_replace() - replace a 32-bit immediate in the kernel's text
 * @address: where it is in the kernel image; need not be aligned
 * @from: what must be there now
 * @to: what shall be there
 *
 * Context: Process context. Sleeps, and stops the machine for a moment.
 *
 * Return: 0; -EBUSY if something other than @from is there; -ENOMEM; -EIO if
 * the text does not read as @to afterwards.
 */
int hook_text_replace(void *address, u32 from, u32 to)
{
	struct replacement r = { .from = from, .to = to };
	void *mapping = map_writable(address);
	int err;

	if (!mapping)
		return -ENOMEM;
	r.alias = mapping + offset_in_page(address);
	err = stop_machine(replace_stopped, &r, cpu_online_mask);
	vunmap(mapping);
	/* Else it could be written there until the kernel cleans up by itself. */
	vm_unmap_aliases();

	if (err)
		return err;
	if (!r.err && memcmp(address, &to, sizeof(to)))
		return -EIO;
	return r.err;
}

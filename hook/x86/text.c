// SPDX-License-Identifier: GPL-2.0
/*
 * Writes kernel text using exported functions only. text_poke() is not
 * exported, and calling it through a pointer is fatal on IBT hardware. So the
 * text is mapped a second time, writable, while it is written.
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
	void *alias;		/* writable mapping of the immediate */
	u32 from;
	u32 to;
	atomic_t arrived;	/* number of CPUs in replace_imm32_stopped() */
	bool done;
	int err;
};

/*
 * Runs on all CPUs at the same time, with interrupts off. The first CPU writes,
 * the others wait. Then each discards what it may have fetched of the old
 * instruction (Intel SDM volume 3, 8.1.3, cross-modifying code).
 */
static int replace_imm32_stopped(void *data)
{
	struct replacement *r = data;

	if (atomic_inc_return(&r->arrived) == 1) {
		if (memcmp(r->alias, &r->from, sizeof(r->from)))
			r->err = -EBUSY;
		else
			memcpy(r->alias, &r->to, sizeof(r->to));
		/*
		 * The other CPUs go on only when the new bytes are written. Pairs with
		 * the acquire below: selftests/litmus/text.litmus.
		 */
		smp_store_release(&r->done, true);
	} else {
		/* Pairs with the release above. */
		while (!smp_load_acquire(&r->done))
			cpu_relax();
	}
	sync_core();
	return 0;
}

/* Maps the page of @address and the next one: an immediate may cross into it. */
static void *map_text_writable(void *address)
{
	struct page *pages[] = {
		virt_to_page(address),
		virt_to_page(address + PAGE_SIZE),
	};

	return vmap(pages, ARRAY_SIZE(pages), VM_MAP, PAGE_KERNEL);
}

/**
 * hook_text_replace_imm32() - replace a 32-bit immediate in the kernel's text
 * @address: its first byte in the kernel image; need not be aligned
 * @from: the value that must be there
 * @to: the value to write
 *
 * Context: Process context. Sleeps, and stops all CPUs for a moment.
 *
 * Return: 0; -EBUSY if the value there is not @from; -ENOMEM; -EIO if the text
 * does not read as @to afterwards.
 */
int hook_text_replace_imm32(void *address, u32 from, u32 to)
{
	struct replacement r = { .from = from, .to = to };
	void *mapping = map_text_writable(address);
	int err;

	if (!mapping)
		return -ENOMEM;
	r.alias = mapping + offset_in_page(address);
	err = stop_machine(replace_imm32_stopped, &r, cpu_online_mask);
	vunmap(mapping);
	/* Otherwise the mapping stays writable until the kernel flushes it lazily. */
	vm_unmap_aliases();

	if (err)
		return err;
	if (!r.err && memcmp(address, &to, sizeof(to)))
		return -EIO;
	return r.err;
}

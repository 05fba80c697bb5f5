// SPDX-License-Identifier: GPL-2.0
/*
 * Where things are in the running kernel. Only to be looked at: what is not
 * exported may not be called, since with IBT a function that nobody calls
 * through a pointer has no ENDBR at its entry.
 */
#include <linux/err.h>
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "dispatch.h"
#include "log.h"
#include "symbol.h"

/*
 * kallsyms_lookup_name() is not exported, but register_kprobe() resolves a name
 * even where it then refuses the probe, as it does for noinstr functions and
 * for data. Disabled, so that nothing is written if it does not refuse.
 */
static unsigned long address_of(const char *name)
{
	struct kprobe probe = {
		.symbol_name = name,
		.flags = KPROBE_FLAG_DISABLED,
	};

	if (!register_kprobe(&probe))
		unregister_kprobe(&probe);
	return IS_ERR_OR_NULL(probe.addr) ? 0 : (unsigned long)probe.addr;
}

/**
 * hook_symbol_find() - find a function or a table of the kernel
 * @name: its name in kallsyms
 * @symbol: where to store what was found
 *
 * Context: Process context. May sleep.
 *
 * Return: 0, or -EOPNOTSUPP if there is no such thing; the log says so.
 */
int hook_symbol_find(const char *name, struct hook_symbol *symbol)
{
	unsigned long address = address_of(name), offset;
	char text[KSYM_SYMBOL_LEN] = "";
	char *place;

	/* "name+0xoffset/0xsize"; the name may be another for the same place. */
	if (address)
		sprint_symbol(text, address);
	place = strrchr(text, '+');
	if (!place || sscanf(place, "+0x%lx/0x%zx", &offset, &symbol->size) != 2) {
		hook_err("this kernel has no %s that can be found; it is not supported\n",
			 name);
		return -EOPNOTSUPP;
	}

	/* With IBT a function's probe lies behind its ENDBR: offset is 4 then. */
	symbol->start = address - offset;
	return 0;
}

/**
 * hook_symbol_read() - find a function and copy its bytes
 * @name: its name
 * @text: set to where it is and to the copy, whose bytes are to be freed with
 *        kfree() where this has returned 0
 *
 * Bytes that cannot be read are 0 in the copy, which is no instruction that
 * anybody looks for.
 *
 * Context: Process context. May sleep.
 *
 * Return: 0, -ENOMEM, or as hook_symbol_find().
 */
int hook_symbol_read(const char *name, struct hook_text *text)
{
	struct hook_symbol symbol;
	int err = hook_symbol_find(name, &symbol);
	u8 *copy;

	if (err)
		return err;
	copy = kzalloc(symbol.size, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	copy_from_kernel_nofault(copy, (const void *)symbol.start, symbol.size);
	text->bytes = copy;
	text->size = symbol.size;
	text->start = symbol.start;
	return 0;
}

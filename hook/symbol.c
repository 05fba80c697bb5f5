// SPDX-License-Identifier: GPL-2.0
/*
 * Finds functions and data of the running kernel, for reading only. A function
 * that is not exported must not be called: with IBT, a function that the kernel
 * never calls through a pointer has no ENDBR at its entry.
 */
#include <linux/err.h>
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "log.h"
#include "symbol.h"

/*
 * kallsyms_lookup_name() is not exported. register_kprobe() resolves a name even
 * where it then refuses the probe, as it does for noinstr functions and for data.
 * Where it accepts the probe nothing is written, since the probe is disabled.
 */
static unsigned long symbol_address(const char *name)
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
 * hook_symbol_exists() - whether the kernel has a function or a table of this name
 * @name: its name in kallsyms
 *
 * Context: Process context. May sleep.
 *
 * Return: whether it has.
 */
bool hook_symbol_exists(const char *name)
{
	return symbol_address(name);
}

/**
 * hook_symbol_find() - find a function or a table of the kernel
 * @name: its name in kallsyms
 * @symbol: set to its address and size
 *
 * Context: Process context. May sleep.
 *
 * Return: 0, or -EOPNOTSUPP if it is not found, and the log says so.
 */
int hook_symbol_find(const char *name, struct hook_symbol *symbol)
{
	unsigned long address = symbol_address(name), offset;
	char text[KSYM_SYMBOL_LEN] = "";
	char *place;

	/* "name+0xoffset/0xsize"; the name may be another one of the same address. */
	if (address)
		sprint_symbol(text, address);
	place = strrchr(text, '+');
	if (!place || sscanf(place, "+0x%lx/0x%zx", &offset, &symbol->size) != 2) {
		hook_err("cannot find %s; this kernel is not supported\n", name);
		return -EOPNOTSUPP;
	}

	/* With IBT, the probe of a function is after its ENDBR: offset is 4. */
	symbol->start = address - offset;
	return 0;
}

/**
 * hook_symbol_read() - find a function and copy its bytes
 * @name: its name in kallsyms
 * @text: set to its address and the copy; on success the caller frees the
 *        copy's bytes with kfree()
 *
 * Bytes that cannot be read are 0 in the copy, which is not part of any
 * instruction that the callers look for.
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

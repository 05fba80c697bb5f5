// SPDX-License-Identifier: GPL-2.0
/*
 * Shows where dm510_msgbox meets failures. /sys/kernel/debug/fail_nth has a line
 * for each place in it where an allocation, or a copy from or to user memory, has
 * failed: how often, the kernel function it called, and its own functions on the
 * stack:
 *
 *	3 __vmalloc < segment_alloc+0x2e < msgbox_put_copied+0x51 < sys_msgbox_put+0x6a
 *
 * The allocations are those that the kernel's fault injection makes fail for a
 * task that has asked for it in /proc/PID/fail-nth. The parameter nth asks for the
 * task that loads dm510_msgbox, when the module's init begins: allocations of the
 * module loader do not count.
 */
#include <linux/debugfs.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/stacktrace.h>
#include <linux/string.h>

#define OURS " [dm510_msgbox]"

static unsigned int nth;
module_param(nth, uint, 0644);
MODULE_PARM_DESC(nth, "which allocation in the init of dm510_msgbox fails (0: none)");

struct place {
	unsigned int count;
	char text[256];
};

static struct place places[128];
static DEFINE_RAW_SPINLOCK(lock);	/* protects places, and text in describe_place() */

/* Cuts off the size, and the offset as well if the function is not ours. */
static bool is_ours(char *symbol)
{
	char *end = strstr(symbol, OURS);

	symbol[strcspn(symbol, end ? "/" : "+")] = '\0';
	return end;
}

/*
 * Symbols are looked up at once, since the module may be unloaded soon. Returns NULL
 * if none of its functions is on the stack.
 */
static const char *describe_place(const unsigned long *stack, unsigned int depth)
{
	static char text[sizeof(places->text)], symbol[KSYM_SYMBOL_LEN];
	unsigned int i;
	bool ours = false;

	for (i = 0; i < depth; i++) {
		sprint_symbol(symbol, stack[i]);
		if (is_ours(symbol)) {
			ours = true;
			strlcat(text, " < ", sizeof(text));
			strlcat(text, symbol, sizeof(text));
		} else if (!ours) {
			strscpy(text, symbol, sizeof(text));
		}
	}
	return ours ? text : NULL;
}

/* If there is no room for a place, it is missing, as if it had never failed. */
static void count_text(const char *text)
{
	struct place *place;

	for (place = places; place < places + ARRAY_SIZE(places); place++) {
		if (!place->count)
			strscpy(place->text, text, sizeof(place->text));
		if (!strcmp(place->text, text)) {
			place->count++;
			break;
		}
	}
}

static void count_place(void)
{
	unsigned long stack[64], flags;
	unsigned int depth = stack_trace_save(stack, ARRAY_SIZE(stack), 0);
	const char *text;

	raw_spin_lock_irqsave(&lock, flags);
	text = describe_place(stack, depth);
	if (text)
		count_text(text);
	raw_spin_unlock_irqrestore(&lock, flags);
}

/*
 * Runs before each allocation. The kernel then counts fail_nth down, and the
 * allocation fails when it reaches 0. The function that decides, should_fail_ex(),
 * cannot be traced by ftrace, and with another kind of probe the stack trace can
 * end there.
 */
static int before_allocation(struct kprobe *probe, struct pt_regs *regs)
{
	if (in_task() && current->fail_nth == 1)
		count_place();
	return 0;
}

/* An access to memory that is allowed to fail has failed. */
static int before_fixup(struct kprobe *probe, struct pt_regs *regs)
{
	count_place();
	return 0;
}

/* do_one_initcall(function) */
static int before_init(struct kprobe *probe, struct pt_regs *regs)
{
	char symbol[KSYM_SYMBOL_LEN];

	sprint_symbol(symbol, regs_get_kernel_argument(regs, 0));
	if (nth && is_ours(symbol))
		current->fail_nth = nth;
	return 0;
}

static struct kprobe probes[] = {
	{ .symbol_name = "__should_failslab", .pre_handler = before_allocation },
	{ .symbol_name = "should_fail_alloc_page", .pre_handler = before_allocation },
	{ .symbol_name = "fixup_exception", .pre_handler = before_fixup },
	{ .symbol_name = "do_one_initcall", .pre_handler = before_init },
};

static struct kprobe *all_probes[] = {
	&probes[0], &probes[1], &probes[2], &probes[3],
};

static int places_show(struct seq_file *file, void *data)
{
	struct place *place;

	for (place = places; place < places + ARRAY_SIZE(places); place++)
		if (place->count)
			seq_printf(file, "%u %s\n", place->count, place->text);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(places);

static struct dentry *shown;

static int __init fail_nth_init(void)
{
	int err = register_kprobes(all_probes, ARRAY_SIZE(all_probes));

	if (!err)
		shown = debugfs_create_file("fail_nth", 0400, NULL, NULL, &places_fops);
	return err;
}

static void __exit fail_nth_exit(void)
{
	debugfs_remove(shown);
	unregister_kprobes(all_probes, ARRAY_SIZE(all_probes));
}

module_init(fail_nth_init);
module_exit(fail_nth_exit);

MODULE_DESCRIPTION("Shows where dm510_msgbox meets failures, for tests");
MODULE_LICENSE("GPL");

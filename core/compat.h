/* SPDX-License-Identifier: GPL-2.0 */
/* What differs between kernel versions and architectures. */
#ifndef _DM510_COMPAT_H
#define _DM510_COMPAT_H

#include <linux/errno.h>
#include <linux/ftrace.h>
#include <linux/ipc_namespace.h>
#include <linux/mm.h>
#include <linux/proc_ns.h>
#include <linux/ptrace.h>
#include <linux/uaccess.h>
#include <linux/version.h>
#ifdef CONFIG_ARM64
#include <linux/futex.h>
#include <linux/irqflags.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <asm/futex.h>
#include <asm/mte-def.h>
#include <asm/sysreg.h>
#endif

/* The first argument of a function that ftrace has stopped at its entry. */
static inline unsigned long first_argument(struct ftrace_regs *fregs)
{
/* 94d095ffa0e1 ("ftrace: abstract DYNAMIC_FTRACE_WITH_ARGS accesses"): 6.2 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	return ftrace_regs_get_argument(fregs, 0);
#elif defined(CONFIG_ARM64)
	return fregs->regs.regs[0];
#else
	return fregs->regs.di;
#endif
}

/*
 * put_ipc_ns(), which not every kernel exports. If nobody else holds the namespace, the
 * kernel ends it later, in a work item of its own.
 */
static inline void put_namespace(struct ipc_namespace *ns)
{
	ns->ns.ops->put(&ns->ns);
}

/* Memory that the caller can read but not write to, though its mapping is writable. */
static inline bool is_shadow_stack(const struct vm_area_struct *vma)
{
#ifdef VM_SHADOW_STACK	/* since 6.6 */
	return vma->vm_flags & VM_SHADOW_STACK;
#else
	return false;
#endif
}

#ifdef CONFIG_ARM64
/*
 * Is the byte's page present and writable for the caller? Asks the processor to translate the
 * address as for a store of the caller (AT S1E0W), which accesses nothing: so it never faults,
 * is right for any kind of memory, and counts protection keys (POE).
 */
static inline bool byte_is_writable(char __user *to)
{
	unsigned long address = untagged_addr((unsigned long)to), flags;
	u64 answer;

	uaccess_ttbr0_enable();
	/* An interrupt could translate another address. */
	local_irq_save(flags);
	asm volatile("at s1e0w, %0" : : "r" (address));
	isb();
	answer = read_sysreg_par();
	local_irq_restore(flags);
	uaccess_ttbr0_disable();
	return !(answer & SYS_PAR_EL1_F);
}

/*
 * Faults in the byte's page for writing, and never changes the byte, even if another thread
 * writes it at the same time: adds 0 to its word, atomically. Returns 0; -EFAULT; or -EAGAIN
 * if the kernel has given up after 128 attempts, as others write there all the time.
 *
 * After -EAGAIN the byte may be writable or not: a store-exclusive that has lost its
 * reservation need not check the right ("Aborts and alignment" of STXR in the Arm ARM).
 *
 * Only for a page that is missing, or cannot be written: on memory that is not cached, as a
 * device's, not each processor can do this.
 */
static inline int byte_write_error(char __user *to)
{
	u32 __user *word = (u32 __user *)((unsigned long)to & ~(sizeof(u32) - 1));
	int old;

	if (byte_is_writable(to))
		return 0;
	return arch_futex_atomic_op_inuser(FUTEX_OP_ADD, 0, &old, word);
}

/*
 * Do the memory tags (MTE) of @to allow the access? Where the caller has asked for a fault
 * if not, a copy fails though the page is present. A copy through the kernel's own mapping
 * does not see the tags, and neither does byte_is_writable(). The pages have been faulted in.
 *
 * This loads, so it must not be asked in asymmetric mode, in which loads fault and stores,
 * as those of the copy, do not. Where it is the other way round (PR_MTE_STORE_ONLY, on 7.x),
 * it finds nothing: after some rounds a get writes to the pinned pages all the same.
 */
static inline bool memory_tags_match(const char __user *to, size_t len)
{
	const char __user *end = to + len;
	u64 checks = current->thread.sctlr_user & SCTLR_EL1_TCF0_MASK;
	char byte;

	if (!checks || checks == SYS_FIELD_PREP_ENUM(SCTLR_EL1, TCF0, ASYMM))
		return true;
	while (to < end) {
		if (__get_user(byte, to))
			return false;
		/* One byte of each granule. */
		to = (const char __user *)((unsigned long)to & MTE_GRANULE_MASK) + MTE_GRANULE_SIZE;
	}
	return true;
}
#else
/*
 * A compare-and-exchange needs the right to write the byte, but never changes it, even
 * if another thread writes it at the same time. With page faults enabled it faults in the
 * byte's page.
 */
static inline int byte_write_error(char __user *to)
{
	u8 expected = 0;

	return __try_cmpxchg_user((u8 __user *)to, &expected, 0, fault) < 0 ? -EFAULT : 0;
}

static inline bool byte_is_writable(char __user *to)
{
	return !byte_write_error(to);
}

static inline bool memory_tags_match(const char __user *to, size_t len)
{
	return true;
}
#endif

#endif /* _DM510_COMPAT_H */

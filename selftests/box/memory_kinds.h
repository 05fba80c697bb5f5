/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Makers of user memory, one for each kind that kinds.c tests. Each returns len bytes of
 * its kind, or NULL if this machine has none. Call one only once in a process, which has
 * to end afterwards: nothing is unmapped, and threads keep running.
 */
#ifndef SELFTESTS_MEMORY_KINDS_H
#define SELFTESTS_MEMORY_KINDS_H

#include <stddef.h>

/* hugetlb() changes this setting, and the caller has to restore it. */
#define HUGE_PAGES	"/proc/sys/vm", "nr_hugepages"

char *present(size_t len);
char *anonymous(size_t len);
char *huge(size_t len);
char *hugetlb(size_t len);
char *private_file(size_t len);
char *shared_file(size_t len);
char *read_only_file(size_t len);
char *tmpfs(size_t len);
char *behind_the_end_of_a_file(size_t len);
char *secret(size_t len);
char *key_without_write(size_t len);
char *key_without_access(size_t len);
char *executable_only(size_t len);
char *none_at_the_end(size_t len);
char *guard_at_the_end(size_t len);
char *poisoned_at_the_end(size_t len);
char *device(size_t len);
char *of_the_vdso(size_t len);
char *of_its_data(size_t len);
char *vsyscall(size_t len);
char *top_of_the_address_space(size_t len);
char *beyond_the_top(size_t len);

/* Stacks that have yet to grow. */
char *below_the_stack(size_t len);
char *from_below_into_the_stack(size_t len);
char *below_what_grows_down(size_t len);
char *from_a_mapping_into_what_grows_down(size_t len);

/* Memory that another thread provides. */
char *userfaultfd_missing(size_t len);
char *userfaultfd_minor(size_t len);
char *userfaultfd_write_protect(size_t len);

#endif

/* SPDX-License-Identifier: GPL-2.0 */
/* How a 32-bit program calls an x86 kernel. */
#ifndef SELFTESTS_CALLER32_WAYS_H
#define SELFTESTS_CALLER32_WAYS_H

#define AT_SYSINFO	32

/* caller32_ways.S */
void by_int80(void);
void by_sysenter(void);
void by_syscall(void);

static void (*way)(void) = by_int80;

static int call(int nr, int arg1, int arg2, int arg3, int arg4, int arg5)
{
	int ret;

	asm volatile("calll *%[way]"
		     : "=a" (ret)
		     : [way] "m" (way), "a" (nr), "b" (arg1), "c" (arg2), "d" (arg3), "S" (arg4),
		       "D" (arg5)
		     : "memory", "cc");
	return ret;
}

/* Reads AT_SYSINFO from the auxiliary vector, which follows the environment. */
static void (*find_vdso_entry(char **argv_end))(void)
{
	char **at = argv_end + 1;
	int *auxiliary;

	while (*at)
		at++;
	for (auxiliary = (int *)(at + 1); *auxiliary; auxiliary += 2)
		if (*auxiliary == AT_SYSINFO)
			return (void (*)(void))auxiliary[1];
	return 0;
}

static void (*find_way(const char *name, char **argv_end))(void)
{
	if (equal(name, "int80"))
		return by_int80;
	if (equal(name, "sysenter"))
		return by_sysenter;
	if (equal(name, "syscall"))
		return by_syscall;
	return find_vdso_entry(argv_end);
}

/* Sets the way of the next calls. Returns whether this program has it. */
static int choose_way(const char *name, char **argv_end)
{
	way = find_way(name, argv_end);
	return !!way;
}

/* The way that works on every processor. */
static void use_plain_way(void)
{
	way = by_int80;
}

#endif

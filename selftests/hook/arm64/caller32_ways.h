/* SPDX-License-Identifier: GPL-2.0 */
/* How a 32-bit program calls an arm64 kernel: there is one way. */
#ifndef SELFTESTS_CALLER32_WAYS_H
#define SELFTESTS_CALLER32_WAYS_H

static int call(int nr, int arg1, int arg2, int arg3, int arg4, int arg5)
{
	register int r7 asm("r7") = nr;
	register int r0 asm("r0") = arg1;
	register int r1 asm("r1") = arg2;
	register int r2 asm("r2") = arg3;
	register int r3 asm("r3") = arg4;
	register int r4 asm("r4") = arg5;

	asm volatile("svc #0"
		     : "+r" (r0)
		     : "r" (r7), "r" (r1), "r" (r2), "r" (r3), "r" (r4)
		     : "memory");
	return r0;
}

static int choose_way(const char *name, char **argv_end)
{
	(void)argv_end;
	return equal(name, "svc");
}

static void use_plain_way(void)
{
}

#endif

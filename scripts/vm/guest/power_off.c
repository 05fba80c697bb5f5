// SPDX-License-Identifier: GPL-2.0
/*
 * power_off VALUE: ends the virtual machine and tells scripts/vm/boot the value. This is
 * a C program, because Debian's cloud kernel has no /dev/port.
 */
#include <stdio.h>
#include <stdlib.h>

#ifdef __x86_64__
#include <sys/io.h>
#include <termios.h>

/*
 * QEMU's isa-debug-exit device (at port 0xf4) makes QEMU exit with 2 * VALUE + 1. Bochs has
 * no such device. It exits after a certain word is written to another port;
 * scripts/vm/bochs reads the value from the console.
 */
static void end_machine(int value)
{
	if (ioperm(0xf4, 4, 1) || ioperm(0x8900, 1, 1))
		return;
	outl(value, 0xf4);
	printf("power_off: %d\n", value);
	fflush(stdout);
	tcdrain(1);
	for (const char *letter = "Shutdown"; *letter; letter++)
		outb(*letter, 0x8900);
}
#else
#include <fcntl.h>
#include <sys/reboot.h>
#include <unistd.h>

/*
 * The kernel powers off through the firmware, which knows no value. scripts/vm/boot reads
 * it from the console, where a line in the kernel's log cannot be torn apart by another.
 */
static void end_machine(int value)
{
	char line[40];
	int length = snprintf(line, sizeof(line), "<0>power_off: %d\n", value);

	if (write(open("/dev/kmsg", O_WRONLY), line, length) == length)
		reboot(RB_POWER_OFF);
}
#endif

int main(int argc, char **argv)
{
	if (argc == 2)
		end_machine(atoi(argv[1]));
	perror("power_off");
	return 1;
}

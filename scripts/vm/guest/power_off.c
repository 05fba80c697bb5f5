// SPDX-License-Identifier: GPL-2.0
/*
 * power_off VALUE: ends the virtual machine through QEMU's isa-debug-exit device
 * (at port 0xf4), which makes QEMU exit with 2 * VALUE + 1. Bochs has no such device.
 * It exits after a certain word is written to another port; scripts/vm/bochs reads the
 * value from the console. This is a C program, because Debian's cloud kernel has no
 * /dev/port.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/io.h>
#include <termios.h>

static void power_off_bochs(int value)
{
	printf("power_off: %d\n", value);
	fflush(stdout);
	tcdrain(1);
	for (const char *letter = "Shutdown"; *letter; letter++)
		outb(*letter, 0x8900);
}

int main(int argc, char **argv)
{
	if (argc != 2 || ioperm(0xf4, 4, 1) || ioperm(0x8900, 1, 1)) {
		perror("power_off");
		return 1;
	}
	outl(atoi(argv[1]), 0xf4);
	power_off_bochs(atoi(argv[1]));
	return 1;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * power_off VALUE: ends the virtual machine through QEMU's isa-debug-exit device
 * (at port 0xf4), which makes QEMU exit with 2 * VALUE + 1. A program, because
 * Debian's cloud kernel has no /dev/port.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/io.h>

int main(int argc, char **argv)
{
	if (argc != 2 || ioperm(0xf4, 4, 1)) {
		perror("power_off");
		return 1;
	}
	outl(atoi(argv[1]), 0xf4);
	return 1;
}

// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	char buf[64];
	long len = syscall(400, buf, sizeof(buf));

	if (len < 0) {
		perror("hello");
		return 1;
	}
	return fwrite(buf, len, 1, stdout) != 1;
}

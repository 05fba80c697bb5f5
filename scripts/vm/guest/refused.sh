#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs in a virtual machine with an unsupported kernel: a module with the hook must refuse
# to load, log one line and change nothing. Prints TAP.

# shellcheck source=scripts/vm/guest/lib.sh
. /guest-lib.sh

module=sum_call

# Prints the module's log messages, without the kernel's own about the taint. busybox's
# insmod tries twice (uniq).
messages()
{
	dmesg | sed -n "s/^.*$module: //p" | grep -v 'taint' | uniq
}

is_refused()
{
	! insmod /modules/$module.ko && [ ! -e /sys/module/$module ]
}

gives_reason()
{
	[ "$(messages | wc -l)" = 1 ] && messages | grep -q ' is not supported$'
}

echo 1..4
check "the calls return ENOSYS before" calls_do_not_exist
check "the module refuses to load" is_refused
check "one line says that this kernel is not supported" gives_reason
check "the calls return ENOSYS afterwards" calls_do_not_exist
messages | sed 's/^/# kernel log: /'
# scripts/commands/kselftest-all reads this line.
[ -e /sys/module/$module ] || echo "# facts: refused -"

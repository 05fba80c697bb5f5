#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs in a virtual machine with an unsupported kernel: a module with the hook must refuse
# to load, log one line and change nothing. Prints TAP.

module=sum_call
call=/kselftest/dm510_msgbox/call

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

says_why()
{
	[ "$(messages | wc -l)" = 1 ] && messages | grep -q ' is not supported$'
}

calls_do_not_exist()
{
	[ "$($call put text)" = ENOSYS ] && [ "$($call get)" = ENOSYS ]
}

# check NUMBER DESCRIPTION FUNCTION: prints the function's success as a TAP result
check()
{
	result=ok
	$3 || result='not ok'
	echo "$result $1 $2"
}

echo 1..4
check 1 "the calls return ENOSYS before" calls_do_not_exist
check 2 "the module refuses to load" is_refused
check 3 "one line says that this kernel is not supported" says_why
check 4 "the calls return ENOSYS afterwards" calls_do_not_exist
messages | sed 's/^/# kernel log: /'
# scripts/commands/kselftest-all reads this line.
[ -e /sys/module/$module ] || echo "# facts: refused -"

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# In the virtual machine, on a kernel that is not supported: a module with the hook
# has to say so in one line, and change nothing. Prints TAP.

module=sum_call
call=/kselftest/dm510_msgbox/call

# What the module has said; the kernel says by its name that it is a foreign one,
# and busybox's insmod tries twice.
said()
{
	dmesg | sed -n "s/^.*$module: //p" | grep -v 'taint' | uniq
}

is_refused()
{
	! insmod /modules/$module.ko && [ ! -e /sys/module/$module ]
}

says_why()
{
	[ "$(said | wc -l)" = 1 ] && said | grep -q ' is not supported$'
}

has_no_such_calls()
{
	[ "$($call put text)" = ENOSYS ] && [ "$($call get)" = ENOSYS ]
}

# tells NUMBER DESCRIPTION FUNCTION
tells()
{
	result=ok
	$3 || result='not ok'
	echo "$result $1 $2"
}

echo 1..4
tells 1 "the calls are not there before" has_no_such_calls
tells 2 "the module is refused" is_refused
tells 3 "one line says that this kernel is not supported" says_why
tells 4 "the calls are not there afterwards" has_no_such_calls
said | sed 's/^/# it said: /'
# For scripts/commands/kselftest-all.
[ -e /sys/module/$module ] || echo "# facts: refused -"

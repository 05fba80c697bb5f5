#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs in a virtual machine on a processor with control-flow enforcement (CET), where an
# indirect branch to anything but an ENDBR64 is fatal in the kernel. Loads the module,
# traces calls, runs the tests of kselftest-list.txt, unloads the module. Prints TAP.
#
# If the module has a planted bug that must crash the kernel (/planted), only loads it and
# makes calls.

parameters=/sys/module/dm510_msgbox/parameters
call=/kselftest/dm510_msgbox/call
tracing=/sys/kernel/tracing
count=0

# check DESCRIPTION COMMAND...: prints the command's success as a TAP result
check()
{
	count=$((count + 1))
	description=$1
	shift
	if "$@"; then
		echo "ok $count $description"
	else
		echo "not ok $count $description"
	fi
}

branches_are_tracked()
{
	dmesg | grep -q 'CET detected: Indirect Branch Tracking enabled' &&
		grep -qw user_shstk /proc/cpuinfo
}

calls_work()
{
	[ "$($call put 'a message')" = 0 ] && [ "$($call get)" = 'a message' ] &&
		[ "$($call get)" = ENODATA ]
}

# The module's numbers are in the environment.
is_unloaded()
{
	rmmod dm510_msgbox && [ "$($call put text)" = ENOSYS ] && [ "$($call get)" = ENOSYS ]
}

nothing_skipped()
{
	grep -q '^# ok ' /tmp/results && ! grep -q '# *SKIP' /tmp/results
}

# If a function has several names, ftrace shows only one.
traced_name()
{
	case $attached in
	__x64_sys_ni_syscall) echo __do_sys_ni_syscall ;;
	*) echo "$attached" ;;
	esac
}

# traced_by TRACER: while it traces, ftrace calls the trampoline in a different way
traced_by()
{
	echo "$1" >$tracing/current_tracer && calls_work &&
		grep -v '^#' $tracing/trace | grep -q "$(traced_name)"
}

traced_calls_work()
{
	traced_name >$tracing/set_ftrace_filter &&
		traced_by function && traced_by function_graph &&
		echo nop >$tracing/current_tracer && calls_work
}

# With a planted bug, the kernel must crash in one of these calls.
die_of_calls()
{
	insmod /dm510_msgbox.ko && read_numbers && calls_work && traced_calls_work
}

read_numbers()
{
	attached=$(dmesg | sed -n 's/^.*dm510_msgbox: attached at //p' | tail -n 1)
	DM510_MSGBOX_PUT_NR=$(cat $parameters/put_nr)
	DM510_MSGBOX_GET_NR=$(cat $parameters/get_nr)
	export DM510_MSGBOX_PUT_NR DM510_MSGBOX_GET_NR
}

if [ -e /planted ]; then
	branches_are_tracked && die_of_calls
	exit
fi
echo '1..4'
check 'the kernel tracks indirect branches and supports user shadow stacks' branches_are_tracked
check 'the module loads' insmod /dm510_msgbox.ko
read_numbers
check 'calls work' calls_work
check 'calls are traced, work while they are traced, and work afterwards' traced_calls_work
cd /kselftest && ./run_kselftest.sh | tee /tmp/results
count=0
echo '1..2'
check 'no test was skipped' nothing_skipped
check 'the module unloads, and its calls return ENOSYS' is_unloaded

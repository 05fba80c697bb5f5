#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# In a virtual machine whose processor has control-flow enforcement (CET): an indirect
# branch to something other than an ENDBR is fatal in the kernel there. Loads the
# module, runs the tests of kselftest-list.txt, traces calls, unloads. Prints TAP.
#
# Where the module is one that the kernel has to die of (/planted), only loads it, and
# calls.

parameters=/sys/module/dm510_msgbox/parameters
call=/kselftest/dm510_msgbox/call
tracing=/sys/kernel/tracing
count=0

# tells DESCRIPTION COMMAND...
tells()
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

# The numbers that it had are in the environment.
is_unloaded()
{
	rmmod dm510_msgbox && [ "$($call put text)" = ENOSYS ] && [ "$($call get)" = ENOSYS ]
}

nothing_skipped()
{
	grep -q '^# ok ' /tmp/results && ! grep -q '# *SKIP' /tmp/results
}

# ftrace shows one name where a function has several.
traced_name()
{
	case $attached in
	__x64_sys_ni_syscall) echo __do_sys_ni_syscall ;;
	*) echo "$attached" ;;
	esac
}

# ftrace calls the trampoline by another way then. traced_by TRACER
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

# The planted module dies in one of the calls, or not at all.
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
tells 'the kernel tracks indirect branches, programs can have shadow stacks' branches_are_tracked
tells 'the module loads' insmod /dm510_msgbox.ko
read_numbers
tells 'calls work' calls_work
tells 'calls work while they are traced, are seen, and work afterwards' traced_calls_work
cd /kselftest && ./run_kselftest.sh | tee /tmp/results
count=0
echo '1..2'
tells 'no test was skipped' nothing_skipped
tells 'the module is unloaded, and its calls are gone' is_unloaded

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs in a virtual machine on a processor with shadow stacks. On x86 that is one with
# control-flow enforcement (CET), where an indirect branch to anything but an ENDBR64 is
# fatal in the kernel. Loads the module, traces calls, runs the tests of
# kselftest-list.txt, unloads the module. Prints TAP.
#
# If the module has a planted bug that must crash the kernel (/planted), only loads it and
# makes calls.

# shellcheck source=scripts/vm/guest/lib.sh
. /guest-lib.sh

tracing=/sys/kernel/tracing

branches_are_tracked()
{
	dmesg | grep -q 'CET detected: Indirect Branch Tracking enabled'
}

# user_shstk: x86; gcs: arm64
has_shadow_stacks()
{
	grep -qwE 'user_shstk|gcs' /proc/cpuinfo
}

is_arm64()
{
	[ "$(uname -m)" = aarch64 ]
}

calls_work()
{
	[ "$($call put 'a message')" = 0 ] && [ "$($call get)" = 'a message' ] &&
		[ "$($call get)" = ENODATA ]
}

# The module's numbers are in the environment.
is_unloaded()
{
	rmmod dm510_msgbox && calls_do_not_exist
}

nothing_skipped()
{
	grep -q '^# ok ' /tmp/results && ! grep -q '# *SKIP' /tmp/results
}

# If a function has several names, ftrace shows only one.
traced_name()
{
	attach_point | sed 's/^__x64_sys_ni_syscall$/__do_sys_ni_syscall/'
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

if [ -e /planted ]; then
	branches_are_tracked && die_of_calls
	exit
fi
is_arm64 && echo '1..4' || echo '1..5'
is_arm64 || check 'the kernel tracks indirect branches' branches_are_tracked
check 'the kernel supports user shadow stacks' has_shadow_stacks
check 'the module loads' insmod /dm510_msgbox.ko
read_numbers
check 'calls work' calls_work
check 'calls are traced, work while they are traced, and work afterwards' traced_calls_work
cd /kselftest && ./run_kselftest.sh | tee /tmp/results
count=0
echo '1..2'
check 'no test was skipped' nothing_skipped
check 'the module unloads, and its calls return ENOSYS' is_unloaded

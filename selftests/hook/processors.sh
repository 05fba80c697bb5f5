#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Processors are switched off and on, and the machine runs through suspend's test
# levels, while the module is loaded and unloaded and calls are made.

# The tests are called by name, from a list.
# shellcheck disable=SC2317

# shellcheck source=selftests/lib/lib.sh
. "$(dirname "$0")/lib.sh"

processors=/sys/devices/system/cpu
power=/sys/power
# The time that the kernel stays at a test level, in seconds.
delay=/sys/module/suspend/parameters/pm_test_delay

# switch 0|1: switches the second processor off or on
switch()
{
	echo "$1" >"$processors/cpu1/online"
}

[ -w "$processors/cpu1/online" ] || skip 'this machine has no second processor to switch off'

switch_off_and_on()
{
	switch 0 && sleep 1 && switch 1 && sleep 1
}

they_go_off_and_on_meanwhile()
{
	cycle_module_while 3 2 switch_off_and_on && calls_are_gone &&
		text_is_as_before && load && calls_work && unload
}

# The processor on which a call began is switched off, so the call ends on another one.
a_caller_loses_its_processor()
{
	load || return 1
	mask=$(taskset -p $$ | sed 's/.*: //')
	taskset -p 2 $$ >"$tmp/output" && start_stuck_call put 6 &&
		taskset -p "$mask" $$ >"$tmp/output" && switch 0 && release_stuck_call &&
		is 'the stuck put' 0 "$reply" && unload_soon
	result=$?
	switch 1 && [ "$result" -eq 0 ] && calls_are_gone && text_is_as_before
}

# Unloads with a time limit: with a wrong count of calls rmmod would wait forever.
unload_soon()
{
	rmmod dm510_msgbox &
	rmmod_pid=$!
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		[ -d /sys/module/dm510_msgbox ] || break
		sleep 1
	done
	module_is_gone && wait "$rmmod_pid"
}

# go_through LEVEL: suspends the machine up to this test level, and resumes it
go_through()
{
	echo 1 >"$delay" && echo "$1" >"$power/pm_test" && echo mem >"$power/state" &&
		echo none >"$power/pm_test" && echo 5 >"$delay"
}

suspend_for_a_moment()
{
	go_through "$1" && sleep 1
}

# suspended_meanwhile LEVEL
suspended_meanwhile()
{
	cycle_module_while 1 1 suspend_for_a_moment "$1" &&
		calls_are_gone && text_is_as_before && load && go_through "$1" && calls_work && unload
}

tests='
	a_caller_loses_its_processor
	they_go_off_and_on_meanwhile
'
# The debug kernels are built without suspend, and the cloud kernels without its test levels.
if [ -w "$power/pm_test" ]; then
	tests="$tests
		suspended_meanwhile freezer
		suspended_meanwhile devices
	"
	# QEMU's board for arm64 cannot sleep with the processors off.
	! grep -q deep "$power/mem_sleep" || tests="$tests
		suspended_meanwhile processors
		suspended_meanwhile core
	"
fi
run_tests "$tests"

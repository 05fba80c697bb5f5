#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Loading and unloading: the calls and the kernel's text before, while and after the
# module is loaded, and what prevents unloading.

# The tests are called by name, from a list.
# shellcheck disable=SC2317

# shellcheck source=selftests/lib/lib.sh
. "$(dirname "$0")/lib.sh"

without_the_module_the_calls_give_enosys()
{
	calls_are_gone
}

loaded_the_calls_work()
{
	load && calls_work && unload && log_is "$loaded_log" "$unloaded_log"
}

unloaded_the_calls_give_enosys_again()
{
	load && unload && calls_are_gone
}

the_text_is_byte_for_byte_what_it_was()
{
	load || return 1
	# Without a difference now, the comparison after unloading would prove nothing.
	kernel_text >"$tmp/text"
	if cmp -s "$tmp/before" "$tmp/text"; then
		echo '# the text does not differ while the module is loaded'
		return 1
	fi
	unload && text_is_as_before
}

loading_it_twice_is_refused()
{
	load || return 1
	# shellcheck disable=SC2086 # split into words
	is_refused 'File exists' "$ko" $parameters && calls_work && log_is "$loaded_log" && unload
}

messages_do_not_outlive_the_module()
{
	load && is 'put' 0 "$("$here/call" put 'left behind')" &&
		is 'large put' 0 "$("$here/call" put "$(seq 3000)")" && unload &&
		load && is 'get' ENODATA "$("$here/call" get)" && unload
}

ftrace_cannot_be_switched_off_meanwhile()
{
	load || return 1
	if echo 0 2>/dev/null >"$ftrace_enabled"; then
		echo '# ftrace_enabled=0 was accepted'
		return 1
	fi
	is 'ftrace_enabled' 1 "$(cat "$ftrace_enabled")" && calls_work && unload
}

ftrace_can_be_switched_off_afterwards_as_before()
{
	ftrace_can_be_off
	before=$?
	load && unload || return 1
	ftrace_can_be_off
	is 'ftrace_enabled=0' "$before" $? && calls_are_gone && text_is_as_before
}

# in_use_while_stuck put|get LEN REPLY REPLY_TO_ANOTHER_GET
in_use_while_stuck()
{
	start_stuck_call "$1" "$2" || return 1
	module_is_in_use && is 'another get' "$4" "$("$here/call" get)"
	result=$?
	release_stuck_call && is "the stuck $1" "$3" "$reply" && [ "$result" -eq 0 ]
}

a_stuck_put_keeps_the_module_in_use()
{
	load && in_use_while_stuck put 6 0 ENODATA &&
		is 'what was put' stuck "$("$here/call" get)" &&
		unload && calls_are_gone && text_is_as_before && log_is "$loaded_log" "$unloaded_log"
}

a_stuck_get_keeps_the_module_in_use()
{
	load && is 'put' 0 "$("$here/call" put 'taken by another')" &&
		in_use_while_stuck get 64 ENODATA 'taken by another' &&
		unload && calls_are_gone && text_is_as_before && log_is "$loaded_log" "$unloaded_log"
}

# Large messages take another path through the module.
large_stuck_calls_keep_the_module_in_use()
{
	load && in_use_while_stuck put 100000 0 ENODATA &&
		in_use_while_stuck get 100000 100000 EMSGSIZE &&
		unload && calls_are_gone && text_is_as_before && log_is "$loaded_log" "$unloaded_log"
}

# --- the device

the_device_is_there_while_the_module_is()
{
	load && [ -c /dev/dm510_msgbox ] && unload && [ ! -e /dev/dm510_msgbox ] && load &&
		[ -c /dev/dm510_msgbox ] && unload
}

an_open_device_keeps_the_module_in_use()
{
	load && exec 5<>/dev/dm510_msgbox || return 1
	module_is_in_use && calls_work
	result=$?
	exec 5>&-
	[ "$result" -eq 0 ] && unload && calls_are_gone && log_is "$loaded_log" "$unloaded_log"
}

# start_reader: reads the device in a process that sleeps. Sets reader.
start_reader()
{
	dd if=/dev/dm510_msgbox bs=64 count=1 >"$tmp/read" 2>"$tmp/error" &
	reader=$!
	wait_until_in_syscall "$reader" "$read_nr" && is 'waiting' 1 "$(cat /sys/kernel/dm510_msgbox/waiting)"
}

a_sleeping_reader_keeps_the_module_in_use()
{
	load && start_reader && module_is_in_use && is 'put' 0 "$("$here/call" put 'a message')" ||
		return 1
	wait "$reader"
	is 'what was read' 'a message' "$(tr -d '\0' <"$tmp/read")" && unload && calls_are_gone
}

a_killed_reader_lets_the_module_go()
{
	load && start_reader && kill -KILL "$reader" || return 1
	wait "$reader" 2>"$tmp/error"
	is 'waiting' 0 "$(cat /sys/kernel/dm510_msgbox/waiting)" && calls_work && unload &&
		calls_are_gone && log_is "$loaded_log" "$unloaded_log"
}

run_tests '
	without_the_module_the_calls_give_enosys
	loaded_the_calls_work
	unloaded_the_calls_give_enosys_again
	the_text_is_byte_for_byte_what_it_was
	loading_it_twice_is_refused
	messages_do_not_outlive_the_module
	ftrace_cannot_be_switched_off_meanwhile
	ftrace_can_be_switched_off_afterwards_as_before
	a_stuck_put_keeps_the_module_in_use
	a_stuck_get_keeps_the_module_in_use
	large_stuck_calls_keep_the_module_in_use
	the_device_is_there_while_the_module_is
	an_open_device_keeps_the_module_in_use
	a_sleeping_reader_keeps_the_module_in_use
	a_killed_reader_lets_the_module_go
'

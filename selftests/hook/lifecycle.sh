#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The module comes and goes: what the kernel's text is before, meanwhile and
# after, and what keeps the module from going.

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
	load && calls_work && unload && log_is "$came" "$went"
}

unloaded_the_calls_give_enosys_again()
{
	load && unload && calls_are_gone
}

the_text_is_byte_for_byte_what_it_was()
{
	load || return 1
	# Else the comparison afterwards would compare nothing.
	kernel_text >"$tmp/text"
	if cmp -s "$tmp/before" "$tmp/text"; then
		echo '# it does not differ while the module is loaded either'
		return 1
	fi
	unload && text_is_as_before
}

loading_it_twice_is_refused()
{
	load || return 1
	# shellcheck disable=SC2086 # words are wanted
	is_refused 'File exists' "$ko" $parameters && calls_work && log_is "$came" && unload
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
	stuck_call "$1" "$2" || return 1
	rmmod_says_it_is_in_use && is 'a get meanwhile' "$4" "$("$here/call" get)"
	fine=$?
	let_go && is "the stuck $1" "$3" "$said" && [ "$fine" -eq 0 ]
}

a_stuck_put_keeps_the_module_in_use()
{
	load && in_use_while_stuck put 6 0 ENODATA &&
		is 'what was put' stuck "$("$here/call" get)" &&
		unload && calls_are_gone && text_is_as_before && log_is "$came" "$went"
}

a_stuck_get_keeps_the_module_in_use()
{
	load && is 'put' 0 "$("$here/call" put 'taken by another')" &&
		in_use_while_stuck get 64 ENODATA 'taken by another' &&
		unload && calls_are_gone && text_is_as_before && log_is "$came" "$went"
}

# Large messages may go another way through the module.
large_stuck_calls_keep_the_module_in_use()
{
	load && in_use_while_stuck put 100000 0 ENODATA &&
		in_use_while_stuck get 100000 100000 EMSGSIZE &&
		unload && calls_are_gone && text_is_as_before && log_is "$came" "$went"
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
'

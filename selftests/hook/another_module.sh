#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Another module that uses hook/ adds a system call (modules/sum.c). It works like this
# module, and only one of the two can be loaded at a time.

# The tests are called by name, from a list.
# shellcheck disable=SC2317

# shellcheck source=selftests/lib/lib.sh
. "$(dirname "$0")/lib.sh"

sum_call=$modules/sum_call.ko

# sum_is_gone NR
sum_is_gone()
{
	is 'sum' ENOSYS "$("$here/call" number "$1" 40 2)"
}

# adds_a_call NR
adds_a_call()
{
	sum_is_gone "$1" && insert "$sum_call" nr="$1" &&
		is 'sum' 42 "$("$here/call" number "$1" 40 2)" &&
		is 'its neighbour' ENOSYS "$("$here/call" number $(($1 - 1)) 40 2)" &&
		calls_are_gone && remove sum_call && sum_is_gone "$1" && text_is_as_before &&
		log_is "sum_call: attached at $attach_point"
}

adds_a_call_beyond_the_table()
{
	if beyond_the_table_works; then
		adds_a_call 511
	else
		is_refused 'Invalid argument' "$sum_call" nr=511 && sum_is_gone 511
	fi
}

is_refused_a_number_of_the_kernel()
{
	is_refused 'Device or resource busy' "$sum_call" nr=0 && text_is_as_before &&
		log_is "sum_call: system call number 0 belongs to the kernel ($first_name); numbers 387 to 423 are free"
}

# added_by_another MODULE HIGHEST: the log line of a module that was refused because the
# loaded one has added numbers up to HIGHEST. For numbers beyond the table raised bounds
# are noticed first, for others the attach point's user.
added_by_another()
{
	if [ "$2" -gt 423 ] && raises_bounds; then
		log | grep "^$1: " | sed 's/ [0-9][0-9]* to/ N to/' >"$tmp/said"
		is 'the kernel log' "$1: system calls N to $2 have been added by another module; unload that one first" \
			"$(cat "$tmp/said")"
	else
		is 'the kernel log' "$1: $other_user_error" "$(log | grep "^$1: ")"
	fi
}

is_refused_while_dm510_msgbox_is_there()
{
	load && is_refused 'Device or resource busy' "$sum_call" nr=400 && calls_work &&
		sum_is_gone 400 && added_by_another sum_call "$get_nr" && unload &&
		text_is_as_before && adds_a_call_again 400
}

adds_a_call_again()
{
	insert "$sum_call" nr="$1" && is 'sum' 42 "$("$here/call" number "$1" 40 2)" &&
		remove sum_call
}

# keeps_dm510_msgbox_out NR
keeps_dm510_msgbox_out()
{
	insert "$sum_call" nr="$1" || return 1
	# shellcheck disable=SC2086 # split into words
	is_refused 'Device or resource busy' "$ko" $parameters && calls_are_gone &&
		added_by_another dm510_msgbox "$1" &&
		is 'sum' 42 "$("$here/call" number "$1" 40 2)" && remove sum_call &&
		text_is_as_before && load && calls_work && unload
}

keeps_dm510_msgbox_out_beyond_the_table()
{
	if beyond_the_table_works; then
		keeps_dm510_msgbox_out 500
	else
		is_refused 'Invalid argument' "$sum_call" nr=500 && load && calls_work && unload
	fi
}

# A sleeping call holds no reference to the module, but unloading waits for it.
a_call_that_sleeps_is_waited_for()
{
	insert "$sum_call" nr="$1" milliseconds=3000 || return 1
	"$here/call" number "$1" 40 2 >"$tmp/sum" &
	caller=$!
	wait_until_in_syscall "$caller" "$1" && remove sum_call
	removed=$?
	wait "$caller"
	[ "$removed" -eq 0 ] && is 'sum' 42 "$(cat "$tmp/sum")" && sum_is_gone "$1" &&
		text_is_as_before
}

# twice_call has also tried to add its call, which returns 7, at the number of getpid.
getpid_is_the_kernels()
{
	[ "$("$here/call" number "$getpid_nr")" -ne 7 ]
}

adds_calls_once_at_a_time()
{
	insert "$modules/twice_call.ko" nr=400 &&
		is 'its call' 7 "$("$here/call" number 400)" &&
		is 'the next' ENOSYS "$("$here/call" number 401)" &&
		getpid_is_the_kernels && remove twice_call && is 'its call' ENOSYS "$("$here/call" number 400)" &&
		text_is_as_before
}

# The module and the program in hook/README.md.
the_tutorial_works()
{
	insert "$modules/hello_call.ko" || return 1
	"$here/say_hello" >"$tmp/greeting" &
	caller=$!
	wait "$caller" && is 'greeting' "hello, process $caller" "$(cat "$tmp/greeting")" &&
		is 'hello without room' EMSGSIZE "$("$here/call" number 400 0 5)" &&
		is 'hello at 0' EFAULT "$("$here/call" number 400 0 100)" &&
		remove hello_call && is 'hello' ENOSYS "$("$here/call" number 400)" &&
		text_is_as_before
}

run_tests '
	adds_a_call 400
	adds_a_call 423
	adds_a_call_beyond_the_table
	a_call_that_sleeps_is_waited_for 400
	adds_calls_once_at_a_time
	the_tutorial_works
	is_refused_a_number_of_the_kernel
	is_refused_while_dm510_msgbox_is_there
	keeps_dm510_msgbox_out 400
	keeps_dm510_msgbox_out_beyond_the_table
'

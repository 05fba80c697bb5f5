#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What somebody does to the module from a shell that is not meant to be done: it is
# unloaded by force, rmmod is killed, its files in sysfs are open while it is unloaded,
# and several load it, and modules like it, at once.

# The tests are called by name, from a list.
# shellcheck disable=SC2317

# shellcheck source=selftests/lib/lib.sh
. "$(dirname "$0")/lib.sh"

sum_call=$modules/sum_call.ko
figures=/sys/kernel/dm510_msgbox
limits=/sys/module/dm510_msgbox/parameters

# --- rmmod

# is_going MODULE: rmmod has begun to take it out
is_going()
{
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(cat "/sys/module/$1/initstate")" != going ] || return 0
		sleep 1
	done
	is 'state of the module' going "$(cat "/sys/module/$1/initstate")"
}

# kill_rmmod MODULE OPTION...: it is killed while it waits for a call, and waits all
# the same. Sets rmmod_pid.
kill_rmmod()
{
	rmmod "$@" >"$tmp/error" 2>&1 &
	rmmod_pid=$!
	shift $(($# - 1))
	is_going "$1" && kill -KILL "$rmmod_pid" && sleep 2 && is_going "$1"
}

# gone MODULE: rmmod, which was killed, has done its work
gone()
{
	wait "$rmmod_pid" 2>"$tmp/error"
	is 'exit status of rmmod' 137 $? && [ ! -d "/sys/module/$1" ]
}

rmmod_is_killed()
{
	insert "$sum_call" nr=400 milliseconds=6000 || return 1
	"$here/call" number 400 40 2 >"$tmp/sum" &
	caller=$!
	sleeps_in "$caller" 400 && kill_rmmod sum_call || return 1
	wait "$caller"
	is 'sum' 42 "$(cat "$tmp/sum")" && gone sum_call && text_is_as_before
}

# by_force put|get LEN REPLY: a call of a module that says that it is in use
by_force()
{
	# The kernel is tainted by that; scripts/vm/guest/init asks for this file.
	: >/tmp/unloaded-by-force
	stuck_call "$1" "$2" && kill_rmmod -f dm510_msgbox && calls_are_gone || return 1
	let_go && is "the stuck $1" "$3" "$said" && gone dm510_msgbox && calls_are_gone &&
		text_is_as_before && log_is "$came" "$went"
}

rmmod_by_force_is_killed_during_a_put()
{
	load && by_force put "$1" 0
}

rmmod_by_force_is_killed_during_a_get()
{
	text=$(seq 18000 | head -c "$1")
	load && is 'put' 0 "$("$here/call" put "$text")" && by_force get 100000 $((${#text} + 1))
}

# --- files of sysfs

# no_device FILE_DESCRIPTOR
no_device()
{
	cat <&"$1" >"$tmp/said" 2>"$tmp/error"
	is 'what is read' '' "$(cat "$tmp/said")" && grep -q 'No such device' "$tmp/error"
}

# The files that were open are of a module that is gone, also when it is back.
# shellcheck disable=SC2094 # open, not read
files_are_open_meanwhile()
{
	load && exec 5<"$figures/puts" 6<"$limits/max_bytes" 7>"$limits/max_bytes" || return 1
	unload && no_device 5 && no_device 6 && load && no_device 5 && no_device 6 &&
		! echo 131072 2>/dev/null >&7 && is 'puts' 0 "$(cat "$figures/puts")" &&
		is 'max_bytes' 67108864 "$(cat "$limits/max_bytes")" && calls_work && unload
	fine=$?
	exec 5<&- 6<&- 7>&-
	return "$fine"
}

# Prints each figure that is no number; succeeds if there was one to read.
read_figures()
{
	reads=0
	for file in "$figures/count" "$figures/get_enodata" "$limits/max_bytes"; do
		text=$(cat "$file" 2>/dev/null) || continue
		reads=$((reads + 1))
		[ "$text" -ge 0 ] 2>/dev/null || echo "$file: $text"
	done
	[ "$reads" -gt 0 ]
}

files_are_read_meanwhile()
{
	come_and_go_while 3 read_figures
	fine=$?
	is 'wrong' '' "$(cat "$tmp/meanwhile")" && [ "$fine" -eq 0 ] || return 1
	[ "$times" -gt 0 ] || is 'reads' 'some' "$times" || return 1
	text_is_as_before
}

# --- several at once

# at_once COMMAND...: four times, each in a shell of its own; sets succeeded
at_once()
{
	pids=
	for shell in 1 2 3 4; do
		sh -c 'until [ -e "$0" ]; do :; done; "$@"' "$tmp/go" "$@" >"$tmp/said.$shell" 2>&1 3<&- &
		pids="$pids $!"
	done
	: >"$tmp/go"
	succeeded=0
	for pid in $pids; do
		wait "$pid" && succeeded=$((succeeded + 1))
	done
	rm "$tmp/go"
}

# others_were_told PATTERN: those that did not succeed
others_were_told()
{
	is 'shells that were refused' $((4 - succeeded)) \
		"$(grep -lE "$1" "$tmp"/said.[1-4] | grep -c .)"
}

# Newer kernels tell all who load one file at once that it has succeeded.
four_shells_load()
{
	# shellcheck disable=SC2086 # words are wanted
	at_once insmod "$ko" $parameters
	others_were_told 'File exists' && [ "$succeeded" -gt 0 ] && calls_work &&
		log_is "$came" && unload && text_is_as_before
}

# The others come while it is going, or when it is gone.
four_shells_unload()
{
	load && at_once rmmod dm510_msgbox
	is 'shells that have unloaded it' 1 "$succeeded" &&
		others_were_told 'busy|No such file' && module_is_gone && log_is "$came" "$went" && text_is_as_before
}

# Two modules with hook/, of which one may be there. Which one is the machine's to say.
modules_like_it_come_at_once()
{
	# shellcheck disable=SC2086 # words are wanted
	insmod "$ko" $parameters 2>"$tmp/said.1" &
	first=$!
	insmod "$sum_call" nr=400 2>"$tmp/said.2" &
	wait "$first" $!
	is 'refused' 1 "$(grep -l 'busy' "$tmp"/said.[12] | grep -c .)" || return 1
	if [ -d /sys/module/dm510_msgbox ]; then
		calls_work && [ ! -d /sys/module/sum_call ] && unload
	else
		is 'sum' 42 "$("$here/call" number 400 40 2)" && remove sum_call
	fi && text_is_as_before
}

again_and_again()
{
	for round in 1 2 3; do
		mark="${0##*/} $$ $number round $round"
		echo "$mark" >/dev/kmsg
		"$1" || return 1
	done
	load && calls_work && unload
}

tests='
	rmmod_is_killed
	files_are_open_meanwhile
	files_are_read_meanwhile
	again_and_again four_shells_load
	again_and_again four_shells_unload
	again_and_again modules_like_it_come_at_once
'
# The kernels that are built here have no forced unloading.
case $(uname -r) in
*-checkers | *-races) can_force=no ;;
*) can_force=${DM510_MSGBOX_THROW_AWAY:-no} ;;
esac
[ "$can_force" = no ] || tests="$tests
	rmmod_by_force_is_killed_during_a_put 6
	rmmod_by_force_is_killed_during_a_put 100000
	rmmod_by_force_is_killed_during_a_get 6
	rmmod_by_force_is_killed_during_a_get 20000
"
run_tests "$tests"

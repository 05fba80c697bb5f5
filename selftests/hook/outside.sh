#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Misuse from a shell: the module is unloaded by force, rmmod is killed, files in sysfs
# stay open during an unload, and several processes load the module, or it and a similar
# module, at once.

# The tests are called by name, from a list.
# shellcheck disable=SC2317

# shellcheck source=selftests/lib/lib.sh
. "$(dirname "$0")/lib.sh"

sum_call=$modules/sum_call.ko
figures=/sys/kernel/dm510_msgbox
limits=/sys/module/dm510_msgbox/parameters

# --- rmmod

# is_going MODULE: waits until rmmod has begun to unload it
is_going()
{
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(cat "/sys/module/$1/initstate")" != going ] || return 0
		sleep 1
	done
	is 'state of the module' going "$(cat "/sys/module/$1/initstate")"
}

# kill_rmmod [OPTION...] MODULE: kills rmmod while it waits for a call, and checks that
# it goes on waiting. Sets rmmod_pid.
kill_rmmod()
{
	rmmod "$@" >"$tmp/error" 2>&1 &
	rmmod_pid=$!
	shift $(($# - 1))
	is_going "$1" && kill -KILL "$rmmod_pid" && sleep 2 && is_going "$1"
}

# gone MODULE: waits for the killed rmmod, which must have unloaded the module
gone()
{
	wait "$rmmod_pid" 2>"$tmp/error"
	is 'exit status of rmmod' 137 $? && [ ! -d "/sys/module/$1" ]
}

# The call lasts until rmmod has been killed. On the slowest kernel a program takes seconds.
rmmod_is_killed()
{
	case $(uname -rm) in
	*-checkers\ aarch64) lasts=30000 ;;
	*) lasts=6000 ;;
	esac
	insert "$sum_call" nr=400 milliseconds="$lasts" || return 1
	"$here/call" number 400 40 2 >"$tmp/sum" &
	caller=$!
	wait_until_in_syscall "$caller" 400 && kill_rmmod sum_call || return 1
	wait "$caller"
	is 'sum' 42 "$(cat "$tmp/sum")" && gone sum_call && text_is_as_before
}

# by_force put|get LEN REPLY: unloads the module by force during a call
by_force()
{
	# This taints the kernel; scripts/vm/guest/init checks for this file.
	: >/tmp/unloaded-by-force
	start_stuck_call "$1" "$2" && kill_rmmod -f dm510_msgbox && calls_are_gone || return 1
	release_stuck_call && is "the stuck $1" "$3" "$reply" && gone dm510_msgbox && calls_are_gone &&
		text_is_as_before && log_is "$loaded_log" "$unloaded_log"
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

# --- files in sysfs

# read_gives_no_device FILE_DESCRIPTOR
read_gives_no_device()
{
	cat <&"$1" >"$tmp/output" 2>"$tmp/error"
	is 'what is read' '' "$(cat "$tmp/output")" && grep -q 'No such device' "$tmp/error"
}

# A file that was open during an unload stays dead, even after the next load.
# shellcheck disable=SC2094 # open, not read
files_are_open_meanwhile()
{
	load && exec 5<"$figures/puts" 6<"$limits/max_bytes" 7>"$limits/max_bytes" || return 1
	unload && read_gives_no_device 5 && read_gives_no_device 6 && load &&
		read_gives_no_device 5 && read_gives_no_device 6 && ! echo 131072 2>/dev/null >&7 && is 'puts' 0 "$(cat "$figures/puts")" &&
		is 'max_bytes' 67108864 "$(cat "$limits/max_bytes")" && calls_work && unload
	result=$?
	exec 5<&- 6<&- 7>&-
	return "$result"
}

# Prints each figure that is not a number; succeeds if at least one could be read. Also
# writes a limit, which wakes those who wait for room in any box.
read_figures()
{
	reads=0
	echo 67108864 2>/dev/null >"$limits/max_bytes"
	for file in "$figures/count" "$figures/get_enodata" "$limits/max_bytes"; do
		text=$(cat "$file" 2>/dev/null) || continue
		reads=$((reads + 1))
		[ "$text" -ge 0 ] 2>/dev/null || echo "$file: $text"
	done
	[ "$reads" -gt 0 ]
}

files_are_read_meanwhile()
{
	cycle_module_while 3 1 read_figures
	result=$?
	is 'wrong figures' '' "$(cat "$tmp/output")" && [ "$result" -eq 0 ] && text_is_as_before
}

# --- several at once

# at_once COMMAND...: runs it in four shells at once and counts those that succeeded
at_once()
{
	pids=
	for shell in 1 2 3 4; do
		sh -c 'until [ -e "$0" ]; do :; done; "$@"' "$tmp/go" "$@" >"$tmp/output.$shell" 2>&1 3<&- &
		pids="$pids $!"
	done
	: >"$tmp/go"
	succeeded=0
	for pid in $pids; do
		wait "$pid" && succeeded=$((succeeded + 1))
	done
	rm "$tmp/go"
}

# others_were_told PATTERN: the output of each shell that failed has the pattern
others_were_told()
{
	is 'failed shells' $((4 - succeeded)) \
		"$(grep -lE "$1" "$tmp"/output.[1-4] | grep -c .)"
}

# Newer kernels report success to all processes that load the same file at once.
four_shells_load()
{
	# shellcheck disable=SC2086 # split into words
	at_once insmod "$ko" $parameters
	others_were_told 'File exists' && [ "$succeeded" -gt 0 ] && calls_work &&
		log_is "$loaded_log" && unload && text_is_as_before
}

# The other three find the module being unloaded, or already unloaded.
four_shells_unload()
{
	load && at_once rmmod dm510_msgbox
	is 'shells that unloaded the module' 1 "$succeeded" &&
		others_were_told 'busy|No such file' && module_is_gone &&
		log_is "$loaded_log" "$unloaded_log" && text_is_as_before
}

# Two modules that use hook/, of which only one can be loaded; either may be first.
modules_like_it_come_at_once()
{
	# shellcheck disable=SC2086 # split into words
	insmod "$ko" $parameters 2>"$tmp/output.1" &
	first=$!
	insmod "$sum_call" nr=400 2>"$tmp/output.2" &
	wait "$first" $!
	is 'refused' 1 "$(grep -l 'busy' "$tmp"/output.[12] | grep -c .)" || return 1
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
# The debug kernels are built without forced unloading.
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

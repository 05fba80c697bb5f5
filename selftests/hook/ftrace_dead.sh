#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# ftrace has shut itself down, as it does after an internal error of its own: the
# module is not loaded then, and one that is loaded stays, since nobody can take
# its trampoline out of the kernel's text any more.
#
# The second one cannot be undone: it is for a machine that is thrown away
# (DM510_MSGBOX_THROW_AWAY=yes), and as the last thing on it.

# The tests are called by name, from a list.
# shellcheck disable=SC2317

# shellcheck source=selftests/lib/lib.sh
. "$(dirname "$0")/lib.sh"

kill_ftrace()
{
	insert "$modules/kill_ftrace.ko" "address=$(address_of ftrace_disabled)"
}

loading_is_refused()
{
	kill_ftrace || return 1
	# shellcheck disable=SC2086 # words are wanted
	is_refused 'Operation not supported' "$ko" $parameters && calls_are_gone &&
		log_is 'dm510_msgbox: ftrace has shut itself down after an error; reboot the machine' &&
		remove kill_ftrace && text_is_as_before && load && calls_work && unload
}

# A log line that is about to come.
wait_for_log()
{
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		[ "$(log)" != "$1" ] || return 0
		sleep 1
	done
	is 'the kernel log' "$1" "$(log)"
}

# rmmod does not come back; nobody's calls fall into a hole.
unloading_never_ends()
{
	stays=yes
	stays_said="dm510_msgbox: ftrace has shut itself down and cannot detach from $attach_point;"
	stays_said="$stays_said this module stays until the machine is rebooted"
	start_hammer && load && meet_hammer && kernel_text >"$tmp/ours" && kill_ftrace || return 1
	# It outlives this script, and must not keep its output open.
	rmmod dm510_msgbox >/dev/null 2>&1 3<&- &
	rmmod_pid=$!
	wait_for_log "$came$newline$stays_said" && kill -0 "$rmmod_pid" &&
		[ -d /sys/module/dm510_msgbox ] && sleep 2 && kill -0 "$rmmod_pid" &&
		stop_hammer && calls_are_gone && point_stays
}

# point_stays: the function that calls come through is as it was while loaded
point_stays()
{
	kernel_text | grep "^$attach_point+" >"$tmp/point"
	is 'text' "$(grep "^$attach_point+" "$tmp/ours")" "$(cat "$tmp/point")"
}

cannot_be_undone=
[ "${DM510_MSGBOX_THROW_AWAY:-no}" = no ] || cannot_be_undone=unloading_never_ends
run_tests "
	loading_is_refused
	$cannot_be_undone
"

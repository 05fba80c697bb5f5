#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# ftrace shuts itself down after an internal error. After that the module refuses to
# load, and a loaded module cannot be unloaded, because its trampoline can no longer be
# detached from the kernel's text.
#
# unloading_never_ends cannot be undone, so it runs only on a machine that is thrown
# away (DM510_MSGBOX_THROW_AWAY=yes), and last.

# The tests are called by name, from a list.
# shellcheck disable=SC2317

# shellcheck source=selftests/lib/lib.sh
. "$(dirname "$0")/lib.sh"

needs_death_of_ftrace

loading_is_refused()
{
	kill_ftrace || return 1
	# shellcheck disable=SC2086 # split into words
	is_refused 'Operation not supported' "$ko" $parameters && calls_are_gone &&
		log_is 'dm510_msgbox: ftrace has shut itself down after an error; reboot the machine' &&
		remove kill_ftrace && text_is_as_before && load && calls_work && unload
}

# rmmod does not return. The module stays in memory, so calls through its trampoline are safe.
unloading_never_ends()
{
	cannot_unload=yes
	start_hammer && load && let_hammer_call && kernel_text >"$tmp/ours" && kill_ftrace || return 1
	# rmmod outlives this script and must not keep its output open.
	rmmod dm510_msgbox >/dev/null 2>&1 3<&- &
	rmmod_pid=$!
	wait_for_log "$loaded_log$newline$(cannot_detach_log "$attach_point")" && kill -0 "$rmmod_pid" &&
		[ -d /sys/module/dm510_msgbox ] && sleep 2 && kill -0 "$rmmod_pid" &&
		stop_hammer && calls_are_gone && point_is_still_attached && suspend_is_possible
}

# The text of the attach point is still what it was while the module was loaded.
point_is_still_attached()
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

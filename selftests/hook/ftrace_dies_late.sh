#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# ftrace shuts itself down while it detaches the module from msg_exit_ns, which is the last
# that ftrace does for it. ftrace reports success, but its call may still be in the kernel's
# text, so the module has to stay in memory: unloading never ends.
#
# This cannot be undone, so the test runs only on a machine that is thrown away
# (DM510_MSGBOX_THROW_AWAY=yes), and last. As ftrace_dead.sh and ftrace_dies.sh also end so,
# they need a machine each.

# The tests are called by name, from a list.
# shellcheck disable=SC2317

# shellcheck source=selftests/lib/lib.sh
. "$(dirname "$0")/lib.sh"

needs_death_of_ftrace
[ "${DM510_MSGBOX_THROW_AWAY:-no}" = yes ] ||
	skip 'it leaves the module loaded for good: set DM510_MSGBOX_THROW_AWAY=yes'

unloading_never_ends()
{
	cannot_unload=yes
	load && kill_ftrace_in rmmod namespace_end_unwatch || return 1
	# rmmod outlives this script and must not keep its output open.
	rmmod dm510_msgbox >/dev/null 2>&1 3<&- &
	rmmod_pid=$!
	wait_for_log "$loaded_log$newline$(cannot_detach_log msg_exit_ns)" &&
		unshare -i true && sleep 2 && kill -0 "$rmmod_pid" &&
		[ -d /sys/module/dm510_msgbox ] && calls_are_gone && suspend_is_possible
}

run_tests unloading_never_ends

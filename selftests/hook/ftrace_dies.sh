#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# ftrace shuts itself down while it attaches the module to msg_exit_ns. Then ftrace's call
# may stay in the kernel's text, and the module has to stay in memory: loading never ends.
#
# This cannot be undone, so the test runs only on a machine that is thrown away
# (DM510_MSGBOX_THROW_AWAY=yes), and last. As ftrace_dead.sh and ftrace_dies_late.sh also
# end so, they need a machine each.

# The tests are called by name, from a list.
# shellcheck disable=SC2317

# shellcheck source=selftests/lib/lib.sh
. "$(dirname "$0")/lib.sh"

needs_death_of_ftrace
[ "${DM510_MSGBOX_THROW_AWAY:-no}" = yes ] ||
	skip 'it leaves the module loaded for good: set DM510_MSGBOX_THROW_AWAY=yes'

# The kernel calls msg_exit_ns for each of them.
namespaces_can_end()
{
	unshare -i true && unshare -i true && sleep 2
}

loading_never_ends()
{
	cannot_unload=yes
	kill_ftrace_in insmod || return 1
	# insmod outlives this script and must not keep its output open.
	# shellcheck disable=SC2086 # split into words
	insmod "$ko" $parameters >/dev/null 2>&1 3<&- &
	insmod_pid=$!
	wait_for_log "$(cannot_detach_log msg_exit_ns)" && namespaces_can_end && kill -0 "$insmod_pid" &&
		[ -d /sys/module/dm510_msgbox ] && calls_are_gone && suspend_is_possible
}

run_tests loading_never_ends

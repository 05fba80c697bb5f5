#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The module comes and goes, again and again, while calls are made on every CPU:
# each gets its own reply or ENOSYS, and no message is lost or comes twice.
#
# DM510_MSGBOX_CYCLES: how often to load and unload (10).

# The tests are called by name, from a list.
# shellcheck disable=SC2317

# shellcheck source=selftests/lib/lib.sh
. "$(dirname "$0")/lib.sh"

cycles=${DM510_MSGBOX_CYCLES:-10}

# hammer keeps book of its messages: those that are in the box when the module
# goes are gone, at most one for each of its threads.
left_behind_is_plausible()
{
	left=$(sed -n 's/.* \([0-9]*\) left behind.*/\1/p' "$tmp/hammered")
	threads=$(sed -n 's/.* by \([0-9]*\) threads.*/\1/p' "$tmp/hammered")
	[ "$left" -le $((threads * done)) ] || {
		echo "# $left messages left behind by $threads threads in $done cycles"
		return 1
	}
}

# cycle COUNT
cycle()
{
	come_and_go "$1" && left_behind_is_plausible
}

cycles_under_load()
{
	cycle "$cycles"
}

# Each takes about twice as long.
cycles_while_everything_is_traced()
{
	echo function >"$tracing/current_tracer" && cycle $(((cycles + 1) / 2)) &&
		trace_nothing
}

after_that_all_is_as_before()
{
	calls_are_gone && text_is_as_before && load && calls_work && unload &&
		log_is "$came" "$went"
}

run_tests '
	cycles_under_load
	after_that_all_is_as_before
	cycles_while_everything_is_traced
	after_that_all_is_as_before
'

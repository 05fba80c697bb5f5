#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The module is loaded and unloaded again and again while every CPU makes calls. Each
# call returns its own result or ENOSYS, and no message is lost or delivered twice.
#
# DM510_MSGBOX_CYCLES: the number of cycles (10).

# The tests are called by name, from a list.
# shellcheck disable=SC2317

# shellcheck source=selftests/lib/lib.sh
. "$(dirname "$0")/lib.sh"

cycles=${DM510_MSGBOX_CYCLES:-10}

# Messages that are in the box at an unload are freed with it. hammer counts them; each
# of its threads can leave one behind per cycle.
left_behind_is_plausible()
{
	left=$(sed -n 's/.* \([0-9]*\) left behind.*/\1/p' "$tmp/hammer-report")
	threads=$(sed -n 's/.* by \([0-9]*\) threads.*/\1/p' "$tmp/hammer-report")
	[ "$left" -le $((threads * completed)) ] || {
		echo "# $left messages left behind by $threads threads in $completed cycles"
		return 1
	}
}

# cycle COUNT
cycle()
{
	cycle_module "$1" && left_behind_is_plausible
}

cycles_under_load()
{
	cycle "$cycles"
}

# A cycle takes about twice as long while everything is traced.
cycles_while_everything_is_traced()
{
	echo function >"$tracing/current_tracer" && cycle $(((cycles + 1) / 2)) &&
		reset_tracing
}

after_that_all_is_as_before()
{
	calls_are_gone && text_is_as_before && load && calls_work && unload &&
		log_is "$loaded_log" "$unloaded_log"
}

run_tests '
	cycles_under_load
	after_that_all_is_as_before
	cycles_while_everything_is_traced
	after_that_all_is_as_before
'

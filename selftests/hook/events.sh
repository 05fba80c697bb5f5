#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The two trace events: each call writes one, with its result, by tracefs and by perf.
# They can be on while the module is unloaded.

# The tests are called by name, from a list.
# shellcheck disable=SC2317

# shellcheck source=selftests/lib/lib.sh
. "$(dirname "$0")/lib.sh"

group=$tracing/events/dm510_msgbox

# Prints the events in the trace.
events()
{
	sed -n 's/.*: \(dm510_msgbox_[a-z]*: .*\)/\1/p' "$tracing/trace"
}

# Makes calls; their expected events go to $tmp/expected.
make_calls()
{
	echo >"$tracing/trace"
	"$here/events" calls >"$tmp/expected" && return 0
	grep '^# ' "$tmp/expected"
	return 1
}

# events_are [GREP-OPTION... PATTERN]: the trace has those of the expected events
events_are()
{
	if [ $# -gt 0 ]; then
		grep "$@" "$tmp/expected" >"$tmp/some"
	else
		cat "$tmp/expected" >"$tmp/some"
	fi
	events >"$tmp/found"
	[ -s "$tmp/some" ] && cmp -s "$tmp/some" "$tmp/found" && return 0
	echo '# the events are not the expected ones:'
	diff "$tmp/some" "$tmp/found" | sed 's/^/# /' | head -n 20
	return 1
}

there_are_none()
{
	is 'events' '' "$(events)"
}

# fields EVENT: prints the event's own fields
fields()
{
	sed -n 's/^.field:\([^;]*\);.*/\1/p' "$group/$1/format" | grep -v common_
}

they_have_these_fields()
{
	load || return 1
	expected="int len${newline}long ret${newline}u64 count${newline}bool device"
	for event in dm510_msgbox_put dm510_msgbox_get; do
		is "$event" "$expected" "$(fields "$event")" &&
			is 'enable' 0 "$(cat "$group/$event/enable")" || return 1
	done
	is 'events' 'dm510_msgbox_get dm510_msgbox_put' "$(cd "$group" && echo dm510*)" && unload &&
		is 'folder' no "$([ -d "$group" ] || echo no)"
}

each_call_writes_one()
{
	load && make_calls && there_are_none && echo 1 >"$group/enable" && make_calls &&
		events_are && make_calls && events_are && echo 0 >"$group/enable" &&
		make_calls && there_are_none && unload
}

# one_alone put|get
one_alone()
{
	load && echo 1 >"$group/dm510_msgbox_$1/enable" && make_calls && events_are "_$1: " &&
		unload
}

# filtered FILTER PATTERN
filtered()
{
	load && echo "$1" >"$group/filter" && echo 1 >"$group/enable" && make_calls &&
		events_are "$2" && echo 0 >"$group/filter" && make_calls && events_are && unload
}

failures_alone()
{
	filtered 'ret<0' 'ret=-'
}

those_of_the_device_alone()
{
	filtered 'device==1' 'by=device'
}

those_of_one_length()
{
	filtered 'len==8 && ret>=0 && count>0' 'len=8 ret=[0-9]* count=1'
}

# Counts the events by call, way and success.
kinds_of_events()
{
	events | sed -n 's/^dm510_msgbox_\(...\): .* ret=\(-*\)[0-9]* .* \(by=.*\)/\1 \3 \2/p' |
		sed 's/ -$/ failed/; s/ $/ done/' | sort | uniq -c | awk '{ print $2, $3, $4, $1 }'
}

a_call_that_sleeps_writes_one()
{
	load && echo 1 >"$group/enable" && "$here/events" sleepers >"$tmp/expected" &&
		is 'events' "$(sort "$tmp/expected")" "$(kinds_of_events | sort)" && unload
}

# perf_records [FILTER PATTERN]
perf_records()
{
	load && make_calls && "$here/events" perf ${1:+"$1"} >"$tmp/found" &&
		grep "${2:-.}" "$tmp/expected" >"$tmp/some" || return 1
	is 'recorded events' "$(cat "$tmp/some")" "$(cat "$tmp/found")" && unload
}

perf_records_all()
{
	perf_records
}

perf_records_failures()
{
	perf_records 'ret<0' 'ret=-'
}

# A program that has opened the events keeps the module.
perf_keeps_the_module()
{
	load || return 1
	"$here/events" hold <"$tmp/in" >"$tmp/out" &
	holder=$!
	exec 4>"$tmp/in" 3<"$tmp/out"
	read -r line <&3
	is 'holder' open "$line" && module_is_in_use
	result=$?
	echo go >&4
	exec 4>&- 3<&-
	wait "$holder" && [ "$result" -eq 0 ] && unload
}

# The trace has events of both calls. Who reads it while others write may never finish.
has_both()
{
	echo 0 >"$tracing/tracing_on"
	grep -q 'dm510_msgbox_put: ' "$tracing/trace" && grep -q 'dm510_msgbox_get: ' "$tracing/trace"
	seen=$?
	echo 1 >"$tracing/tracing_on"
	return "$seen"
}

# On a busy host the virtual processor with hammer's threads may stand still for a while.
some_events()
{
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		let_hammer_call || return 1
		! has_both || return 0
	done
	echo '# the trace lacks events'
	return 1
}

# The events of the next module are off.
unloaded_while_they_are_on()
{
	start_hammer || return 1
	for _ in 1 2 3; do
		load && echo 1 >"$group/enable" && some_events && unload &&
			calls_are_gone && load &&
			is 'enable' 0 "$(cat "$group/dm510_msgbox_put/enable")" &&
			echo >"$tracing/trace" && let_hammer_call && there_are_none && unload ||
			return 1
	done
	stop_hammer && text_is_as_before
}

switched_while_all_call()
{
	start_hammer && load || return 1
	for _ in 1 2 3 4 5; do
		echo 1 >"$group/enable" && some_events &&
			echo 0 >"$group/enable" && echo >"$tracing/trace" && let_hammer_call &&
			there_are_none || return 1
	done
	unload && stop_hammer
}

run_tests '
	they_have_these_fields
	each_call_writes_one
	one_alone put
	one_alone get
	failures_alone
	those_of_the_device_alone
	those_of_one_length
	a_call_that_sleeps_writes_one
	perf_records_all
	perf_records_failures
	perf_keeps_the_module
	unloaded_while_they_are_on
	switched_while_all_call
'

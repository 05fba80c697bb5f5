#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# ftrace and its relatives live on beside the module, which uses them itself: each
# tracer may be there first or come later, on the function that the module is
# attached to or on all, and stay when the module goes.

# The tests are called by name, from a list.
# shellcheck disable=SC2317

# shellcheck source=selftests/lib/lib.sh
. "$(dirname "$0")/lib.sh"

# "don't use", says the kernel's table of system calls: no kernel has such a call.
unassigned_nr=423
getppid_nr=110
# Where the registers of a system call hold its number (struct pt_regs, orig_ax).
nr_in_regs='+120(%di):u64'

# ftrace shows one name where a function has several. Looked up once: it takes long.
shown()
{
	[ -s "$tmp/shown" ] || traced_name "$attach_point" >"$tmp/shown"
	cat "$tmp/shown"
}

# ftrace's nop, behind an ENDBR64, or what is left of one, where the kernel is built
# with those.
entry_size()
{
	awk -v name="$attach_point+0:" '$1 == name {
			print ($2 $3 $4 $5 $6 == "0f1f440000") ? 5 : 9
		}' "$tmp/before"
}

# --- the tracers: how to switch each on, and what it shows if it sees calls

function_here_on()
{
	shown >"$tracing/set_ftrace_filter" &&
		echo function >"$tracing/current_tracer"
}

function_everywhere_on()
{
	echo function >"$tracing/current_tracer"
}

function_here_shows()
{
	trace_shows " $(shown) <-"
}

function_everywhere_shows()
{
	function_here_shows
}

graph_here_on()
{
	shown >"$tracing/set_ftrace_filter" &&
		echo function_graph >"$tracing/current_tracer"
}

graph_everywhere_on()
{
	echo function_graph >"$tracing/current_tracer"
}

graph_here_shows()
{
	trace_shows "\\|  *$(shown)\\("
}

graph_everywhere_shows()
{
	graph_here_shows
}

# probe_on DEFINITION FILTER
probe_on()
{
	echo "$1" >"$tracing/kprobe_events" &&
		echo "$2" >"$tracing/events/kprobes/dm510/filter" &&
		echo 1 >"$tracing/events/kprobes/dm510/enable"
}

entry_probe_on()
{
	probe_on "p:dm510 $attach_point nr=$nr_in_regs" "nr == $put_nr"
}

entry_probe_shows()
{
	trace_shows " dm510: .* nr=$put_nr\$"
}

# Behind the entry, where only calls come that are not the module's.
inner_probe_on()
{
	probe_on "p:dm510 $attach_point+$(entry_size) nr=$nr_in_regs" "nr == $unassigned_nr"
}

inner_probe_shows()
{
	is 'unassigned call' ENOSYS "$("$here/call" number "$unassigned_nr")" &&
		trace_shows " dm510: .* nr=$unassigned_nr\$"
}

# What meet_hammer gets back, and nobody else.
return_probe_on()
{
	# shellcheck disable=SC2016 # the variable is the kernel's
	probe_on "r:dm510 $attach_point"' result=$retval:s64' 'result == -22'
}

return_probe_shows()
{
	trace_shows ' dm510: .* result=-22$'
}

syscall_events_on()
{
	echo "id == $put_nr" >"$tracing/events/raw_syscalls/filter" &&
		echo 1 >"$tracing/events/raw_syscalls/enable"
}

syscall_events_shows()
{
	trace_shows " sys_enter: NR $put_nr " && trace_shows " sys_exit: NR $put_nr = "
}

trace_shows()
{
	echo 0 >"$tracing/tracing_on"
	grep -q -E "$1" "$tracing/trace"
	seen=$?
	echo 1 >"$tracing/tracing_on"
	[ "$seen" -eq 0 ] || echo "# the trace does not show '$1'"
	return "$seen"
}

# --- the tests; hammer checks the replies to calls meanwhile

# stays_on TRACER: it comes while the module is loaded, is there when that goes and
# when it comes again
stays_on()
{
	start_hammer && load && "$1_on" && meet_hammer && "$1_shows" && unload &&
		echo >"$tracing/trace" && load && meet_hammer && "$1_shows" && unload &&
		trace_nothing && stop_hammer && calls_are_gone && text_is_as_before &&
		log_is "$came" "$went" "$came" "$went"
}

# goes_and_comes TRACER: all while the module is loaded
goes_and_comes()
{
	start_hammer && "$1_on" && load && meet_hammer && trace_nothing && meet_hammer &&
		"$1_on" && meet_hammer && "$1_shows" && trace_nothing && meet_hammer &&
		unload && stop_hammer && text_is_as_before && log_is "$came" "$went"
}

# The events of a call with the arguments 0, 2, 3, 4, 5, 6.
# events_of NR RESULT
events_of()
{
	echo "sys_enter: NR $1 (0, 2, 3, 4, 5, 6)"
	echo "sys_exit: NR $1 = $2"
}

events()
{
	sed -n 's/.* \(sys_[enterxi]*: NR .*\)/\1/p' "$tracing/trace"
}

# events_are_right PUT_NR GET_NR: the module is loaded with these numbers
events_are_right()
{
	echo "id == $1 || id == $2 || id == $getppid_nr" \
		>"$tracing/events/raw_syscalls/filter"
	echo 1 >"$tracing/events/raw_syscalls/enable"
	parent=$("$here/call" number "$getppid_nr" 0 2 3 4 5 6)
	put=$("$here/call" number "$1" 0 2 3 4 5 6)
	get=$("$here/call" number "$2" 0 2 3 4 5 6)
	echo 0 >"$tracing/events/raw_syscalls/enable"
	is 'put' EINVAL "$put" && is 'get' EINVAL "$get" &&
		is 'events' "$(events_of "$getppid_nr" "$parent"
			events_of "$1" -22
			events_of "$2" -22)" "$(events)"
}

events_are_those_of_built_in_calls()
{
	load && events_are_right "$put_nr" "$get_nr" && unload && trace_nothing
}

# A traced call takes another way through do_syscall_64, on some kernels with a
# bound of its own.
calls_work_while_all_are_traced()
{
	echo 1 >"$tracing/events/raw_syscalls/enable"
	load && calls_work && trace_shows " sys_exit: NR $put_nr = 0\$" && unload &&
		calls_are_gone && trace_nothing
}

# They do where the bounds are raised; the numbers are the highest that can be.
numbers_beyond_the_table_are_traced_as_well()
{
	if ! is_attached_at_dispatch; then
		is_refused 'Invalid argument' "$ko" put_nr=511 get_nr=510
		return
	fi
	echo 1 >"$tracing/events/raw_syscalls/enable"
	insert "$ko" put_nr=511 get_nr=510 && with_numbers 511 510 calls_work &&
		trace_nothing && events_are_right 511 510 && unload && trace_nothing &&
		text_is_as_before
}

ftrace_stays_on_while_loaded()
{
	function_here_on && load || return 1
	if echo 0 2>/dev/null >"$ftrace_enabled"; then
		echo '# ftrace_enabled=0 was accepted'
		return 1
	fi
	calls_work && function_here_shows && unload && trace_nothing
}

run_tests '
	stays_on function_here
	stays_on function_everywhere
	stays_on graph_here
	stays_on graph_everywhere
	stays_on entry_probe
	stays_on inner_probe
	stays_on return_probe
	stays_on syscall_events
	goes_and_comes function_here
	goes_and_comes graph_here
	goes_and_comes entry_probe
	goes_and_comes inner_probe
	goes_and_comes return_probe
	goes_and_comes syscall_events
	events_are_those_of_built_in_calls
	calls_work_while_all_are_traced
	numbers_beyond_the_table_are_traced_as_well
	ftrace_stays_on_while_loaded
'

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Tracing works beside the module, which uses ftrace itself. Each tracer can be
# switched on before or after the module is loaded, for the attach point or for all
# functions, and can stay on when the module is unloaded.

# The tests are called by name, from a list.
# shellcheck disable=SC2317

# shellcheck source=selftests/lib/lib.sh
. "$(dirname "$0")/lib.sh"

# The kernel's table marks this number "don't use", so no kernel assigns it.
unassigned_nr=423

# The attach point's name in ftrace. It is looked up only once, because that is slow.
traced_point()
{
	[ -s "$tmp/traced-point" ] || traced_name "$attach_point" >"$tmp/traced-point"
	cat "$tmp/traced-point"
}

# The size of what ftrace changes at the attach point's entry. x86: a nop, and the ENDBR64
# (or its replacement) before it in kernels that have one. arm64: two instructions.
entry_size()
{
	[ "$attach_point" != sys_ni_syscall ] || {
		echo 8
		return
	}
	awk -v name="$attach_point+0:" '$1 == name {
			print ($2 $3 $4 $5 $6 == "0f1f440000") ? 5 : 9
		}' "$tmp/before"
}

# --- the tracers: NAME_on switches one on, NAME_shows expects calls in the trace

function_here_on()
{
	traced_point >"$tracing/set_ftrace_filter" &&
		echo function >"$tracing/current_tracer"
}

function_everywhere_on()
{
	echo function >"$tracing/current_tracer"
}

function_here_shows()
{
	trace_shows " $(traced_point) <-"
}

function_everywhere_shows()
{
	function_here_shows
}

graph_here_on()
{
	traced_point >"$tracing/set_ftrace_filter" &&
		echo function_graph >"$tracing/current_tracer"
}

graph_everywhere_on()
{
	echo function_graph >"$tracing/current_tracer"
}

graph_here_shows()
{
	trace_shows "\\|  *$(traced_point)\\("
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

# nr_probe_on PLACE NR: a probe for calls with this number. On x86 the argument is a
# struct pt_regs (the number is in orig_ax). On arm64 there is none, and all calls count.
nr_probe_on()
{
	if [ "$attach_point" = sys_ni_syscall ]; then
		probe_on "p:dm510 $1" 'common_pid > 0'
	else
		probe_on "p:dm510 $1 nr=+120(%di):u64" "nr == $2"
	fi
}

# nr_probe_shows NR
nr_probe_shows()
{
	if [ "$attach_point" = sys_ni_syscall ]; then
		trace_shows ' dm510: '
	else
		trace_shows " dm510: .* nr=$1\$"
	fi
}

entry_probe_on()
{
	nr_probe_on "$attach_point" "$put_nr"
}

entry_probe_shows()
{
	nr_probe_shows "$put_nr"
}

# After the entry, which only calls reach that are not the module's.
inner_probe_on()
{
	nr_probe_on "$attach_point+$(entry_size)" "$unassigned_nr"
}

inner_probe_shows()
{
	is 'unassigned call' ENOSYS "$("$here/call" number "$unassigned_nr")" &&
		nr_probe_shows "$unassigned_nr"
}

# EINVAL is the result of the calls in let_hammer_call, and of no others.
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

# --- the tests; during them, hammer makes calls and checks the replies

# stays_on TRACER: the tracer is switched on while the module is loaded, and stays on
# while the module is unloaded and loaded again
stays_on()
{
	start_hammer && load && "$1_on" && let_hammer_call && "$1_shows" && unload &&
		echo >"$tracing/trace" && load && let_hammer_call && "$1_shows" && unload &&
		reset_tracing && stop_hammer && calls_are_gone && text_is_as_before &&
		log_is "$loaded_log" "$unloaded_log" "$loaded_log" "$unloaded_log"
}

# goes_and_comes TRACER: the tracer is on when the module is loaded, and is switched
# off, on and off again while it is loaded
goes_and_comes()
{
	start_hammer && "$1_on" && load && let_hammer_call && reset_tracing && let_hammer_call &&
		"$1_on" && let_hammer_call && "$1_shows" && reset_tracing && let_hammer_call &&
		unload && stop_hammer && text_is_as_before && log_is "$loaded_log" "$unloaded_log"
}

# events_of NR RESULT: the events of a call with the arguments 0, 2, 3, 4, 5, 6
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
	load && events_are_right "$put_nr" "$get_nr" && unload && reset_tracing
}

# A traced call takes another path through the kernel, which has its own limit on
# some kernels.
calls_work_while_all_are_traced()
{
	echo 1 >"$tracing/events/raw_syscalls/enable"
	load && calls_work && trace_shows " sys_exit: NR $put_nr = 0\$" && unload &&
		calls_are_gone && reset_tracing
}

# These are the highest possible numbers.
numbers_beyond_the_table_are_traced_as_well()
{
	if ! beyond_the_table_works; then
		is_refused 'Invalid argument' "$ko" put_nr=511 get_nr=510
		return
	fi
	echo 1 >"$tracing/events/raw_syscalls/enable"
	insert "$ko" put_nr=511 get_nr=510 && with_numbers 511 510 calls_work &&
		reset_tracing && events_are_right 511 510 && unload && reset_tracing &&
		text_is_as_before
}

ftrace_stays_on_while_loaded()
{
	function_here_on && load || return 1
	if echo 0 2>/dev/null >"$ftrace_enabled"; then
		echo '# ftrace_enabled=0 was accepted'
		return 1
	fi
	calls_work && function_here_shows && unload && reset_tracing
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

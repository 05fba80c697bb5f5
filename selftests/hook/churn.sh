#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# IPC namespaces begin and end under load, also while the module is loaded and unloaded.
# Each new one has an empty box, at whatever address the kernel puts it, and at the end
# all boxes but one, and their memory, are gone.

# The tests are called by name, from a list.
# shellcheck disable=SC2317

# shellcheck source=selftests/lib/lib.sh
. "$(dirname "$0")/lib.sh"

figures=/sys/kernel/dm510_msgbox
# In seconds.
under_load=${DM510_MSGBOX_SECONDS:-3}
# In KiB: for everything else on the machine. A box takes 64 at least.
margin=1024

# Namespaces that have ended and wait to be freed count as well: they must not pile up.
most=/proc/sys/user/max_ipc_namespaces
most_before=$(cat "$most") || skip "this kernel has no $most"

leave()
{
	restore
	echo "$most_before" >"$most"
}

vmalloc_used()
{
	awk '$1 == "VmallocUsed:" { print $2 }' /proc/meminfo
}

# The kernel ends a namespace some time after the last process has left it.
boxes_become()
{
	for _ in $(seq 300); do
		[ "$(cat "$figures/boxes")" != "$1" ] || return 0
		sleep 0.1
	done
	is 'boxes' "$1" "$(cat "$figures/boxes")"
}

remember_memory()
{
	used=$(vmalloc_used)
}

memory_is_back()
{
	now=$(vmalloc_used)
	[ "$now" -le $((used + margin)) ] && return 0
	is 'memory of vmalloc' "$used KiB" "$now KiB"
}

# All boxes of other namespaces are gone, and the one here was not touched.
all_is_gone()
{
	boxes_become 1 && is 'count' 0 "$(cat "$figures/count")" &&
		is 'pending' 0 "$(cat "$figures/pending")" &&
		is 'waiting' 0 "$(cat "$figures/waiting")"
}

# --- churn: processes that make and leave namespaces

# start_churn [files]
start_churn()
{
	"$here/churn" "$@" >"$tmp/out" &
	hammer_pid=$!
	exec 3<"$tmp/out"
	read -r line <&3
	is 'churn' churning "$line"
}

# start_holding COUNT: namespaces with a message each, until stop_holding
start_holding()
{
	"$here/churn" hold "$1" <"$tmp/in" >"$tmp/held" &
	holder=$!
	exec 4>"$tmp/in"
	for _ in $(seq 300); do
		[ "$(cat "$tmp/held")" != holding ] || return 0
		sleep 0.1
	done
	is 'churn' holding "$(cat "$tmp/held")"
}

stop_holding()
{
	echo go >&4
	exec 4>&-
	wait "$holder"
}

# come_and_go [files]
come_and_go()
{
	load && remember_memory && start_churn "$@" && sleep "$under_load" && calls_work_here &&
		stop_hammer && all_is_gone && memory_is_back && unload && text_is_as_before &&
		memory_is_back && log_is "$loaded_log" "$unloaded_log"
}

# Churn leaves this namespace's box alone.
calls_work_here()
{
	for _ in 1 2 3; do
		calls_work || return 1
	done
}

# unload_in_a_gap: an open file prevents unloading, but files are closed all the time
unload_in_a_gap()
{
	for _ in $(seq 200); do
		rmmod dm510_msgbox 2>"$tmp/error" && return 0
		grep -q -e 'in use' -e 'temporarily unavailable' "$tmp/error" || break
	done
	is 'rmmod' '' "$(cat "$tmp/error")"
}

# while_the_module_does [files]
while_the_module_does()
{
	remember_memory
	start_churn "$@" || return 1
	for _ in 1 2 3; do
		load && calls_work_here && unload_in_a_gap && calls_are_gone || return 1
	done
	stop_hammer && load && all_is_gone && calls_work && unload && text_is_as_before &&
		memory_is_back
}

# The work that frees boxes may still be to be done.
they_end_while_the_module_goes()
{
	remember_memory
	for count in 1 20 100; do
		load && start_holding "$count" && boxes_become $((count + 1)) || return 1
		echo go >&4
		unload || return 1
		exec 4>&-
		wait "$holder"
		memory_is_back && text_is_as_before || return 1
	done
}

# Namespaces outlive the module, and their messages do not.
they_are_there_before_and_after()
{
	remember_memory
	load && start_holding 20 && boxes_become 21 && unload && memory_is_back && load &&
		is 'boxes' 1 "$(cat "$figures/boxes")" && stop_holding && all_is_gone &&
		calls_work && unload && memory_is_back
}

# Succeeds if namespaces have ended at a fifth fewer addresses than there were ends. Sets
# ends and addresses.
some_are_used_again()
{
	echo 0 >"$tracing/tracing_on"
	sed -n 's/.* ns=//p' "$tracing/trace" >"$tmp/ends"
	echo 1 >"$tracing/tracing_on"
	ends=$(grep -c . "$tmp/ends") addresses=$(sort -u "$tmp/ends" | grep -c .)
	# KASAN delays the reuse of memory.
	case $(uname -r) in
	*-checkers) [ "$ends" -gt 0 ] ;;
	*) [ "$addresses" -gt 0 ] && [ "$ends" -gt $((addresses + addresses / 4)) ] ;;
	esac
}

# If a box were found again at an address, churn would see it. A slow machine needs longer
# to make enough namespaces.
addresses_are_used_again()
{
	load || return 1
	# shellcheck disable=SC2016 # the kernel expands it
	echo 'p:dm510 msg_exit_ns ns=$arg1' >"$tracing/kprobe_events" &&
		echo 1 >"$tracing/events/kprobes/dm510/enable" && start_churn || return 1
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		sleep "$under_load"
		some_are_used_again
		used_again=$?
		[ "$used_again" -ne 0 ] || break
	done
	stop_hammer && all_is_gone || return 1
	reset_tracing
	echo "# $ends namespaces at $addresses addresses"
	unload && [ "$used_again" -eq 0 ]
}

# --- others who trace the end of a namespace

# ends_are_seen: namespaces end, and the module learns of it
ends_are_seen()
{
	start_holding 10 && boxes_become 11 && stop_holding && all_is_gone
}

# beside_tracer TRACER
beside_tracer()
{
	load && echo msg_exit_ns >"$tracing/set_ftrace_filter" && echo "$1" >"$tracing/current_tracer" &&
		ends_are_seen || return 1
	grep -q msg_exit_ns "$tracing/trace" || is 'trace' 'msg_exit_ns' nothing || return 1
	unload && load && ends_are_seen && reset_tracing && ends_are_seen && unload
}

# beside_another_user PARAMETER: one like a BPF program or a live patch
beside_another_user()
{
	other=$modules/other_user.ko
	address=$(address_of msg_exit_ns)
	load && insert "$other" address="$address" "$1" && ends_are_seen && unload &&
		load && ends_are_seen && remove other_user && ends_are_seen && unload &&
		text_is_as_before
}

trap leave EXIT
echo 300 >"$most"
tests='
	come_and_go
	come_and_go files
	while_the_module_does
	while_the_module_does files
	they_end_while_the_module_goes
	they_are_there_before_and_after
	addresses_are_used_again
	beside_tracer function
	beside_tracer function_graph
	beside_another_user ipmodify=1
'
! direct_calls_work || tests="$tests
	beside_another_user ipmodify=0
"
run_tests "$tests"

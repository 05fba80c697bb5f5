#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# live-rows.sh [BENCH [OPTION...]]: refuses, with the reason, if the benchmark cannot run on
# this machine or would take messages of others. Else runs the program BENCH with these
# options and `--live`, and prints the kernel, the processors, warnings and the rows.
#
# If other processes use the box, the benchmark gets one of its own (--own-box), as it
# would take their messages, and they its messages. If nobody does, it measures the box
# that programs use, and fails if others put into it meanwhile.

# A test has files of its own there.
root=${DM510_MSGBOX_ROOT:-}
figures=$root/sys/kernel/dm510_msgbox
module=$root/sys/module/dm510_msgbox

refuse()
{
	echo "bench: $*" >&2
	exit 1
}

# For this terminal, and for the table, whose readers have to know.
warn()
{
	echo "# warning $*"
}

figure()
{
	cat "$figures/$1"
}

# at_least PARAMETER BYTES: the benchmark's messages must fit
at_least()
{
	file=$module/parameters/$1
	[ "$(cat "$file")" -ge "$2" ] ||
		refuse "$1 is $(cat "$file"), and the benchmark needs $2:" \
			"echo $2 >$file (set it back afterwards)"
}

refuse_what_cannot_work()
{
	[ "$(id -u)" = 0 ] ||
		refuse "must be root, for real-time priorities and the queues' limits: sudo make bench LIVE=1"
	[ -e "$module" ] ||
		refuse "the module is not loaded in this kernel ($(uname -r)); to load it: sudo make load"
	count=$(figure count)
	[ "$count" = 0 ] ||
		refuse "the box is not empty: it holds $count messages of other processes, which" \
			"use the module and would disturb the benchmark. Nothing was taken." \
			"Get them first, or leave them there and use another box: sudo unshare --ipc make bench LIVE=1"
	at_least max_message_bytes 1048576
	at_least max_bytes 33554432
	at_least max_pending_bytes 8388608
	# A million messages in an AF_UNIX socket take 0.8 GB.
	available=$(awk '$1 == "MemAvailable:" { print int($2 / 1024) }' "$root/proc/meminfo")
	[ "$available" -ge 1500 ] ||
		refuse "the benchmark needs 1500 MB of free memory, and $available MB are available"
}

# Prints the number of calls of put and get on this namespace's box, also failed ones.
calls()
{
	cat "$figures"/puts "$figures"/gets "$figures"/put_e* "$figures"/get_e* |
		awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

# Sets own_box if other processes use the box: now, or within a second.
look_for_users()
{
	before=$(calls)
	sleep 1
	[ "$(calls)" = "$before" ] ||
		users="other processes make calls"
	[ "$(figure waiting)" = 0 ] ||
		users="$(figure waiting) readers of other processes sleep"
	[ "$(cat "$module/refcnt")" = 0 ] ||
		users="${users:-other processes have its device open or are in a call}"
	[ "$users" ] || return 0
	own_box=--own-box
	warn "other processes use the module ($users), which disturbs the benchmark. It measures" \
		"a box of its own, in a new IPC namespace, where a call costs more"
}

# Other namespaces than the initial one must not read the number.
look_for_boxes()
{
	boxes=$(figure boxes 2>/dev/null)
	[ "${boxes:-1}" -le 1 ] ||
		warn "other IPC namespaces have $((boxes - 1)) boxes, whose use cannot be seen from here"
}

warn_of_load()
{
	awk '$1 >= 1 { exit 1 }' "$root/proc/loadavg" ||
		warn "the machine is busy: load average $(cut -d ' ' -f 1 "$root/proc/loadavg")"
	governor=$(cat "$root/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor" 2>/dev/null)
	[ "${governor:-performance}" = performance ] ||
		warn "the processors change their frequency (governor $governor)"
}

# Prints the processors' model, and whether it is a virtual machine's.
processors()
{
	info=$root/proc/cpuinfo
	model=$(sed -n 's/^model name[[:space:]]*: *//p' "$info" | head -n 1)
	# arm64's file has numbers only.
	[ "$model" ] || model=$(lscpu 2>/dev/null | sed -n 's/^Model name: *//p' | head -n 1)
	echo "${model:-of an unknown model ($(uname -m))}$(! grep -qw hypervisor "$info" || echo ', in a virtual machine')"
}

# The box was empty, so what a benchmark that failed or was interrupted has left is its own.
# A terminal interrupts the benchmark as well as this script, which may be here already.
empty_box()
{
	trap '' HUP INT TERM
	[ "$own_box" ] || [ "$(figure count)" = 0 ] || "$program" --live empty
}

# With a box of its own, all calls on the other one are those of others.
warn_of_calls()
{
	others=$(awk "BEGIN { print $(calls) - $1 }")
	[ ! "$own_box" ] || [ "$others" = 0 ] ||
		warn "other processes made $others calls on their box during the benchmark"
}

refuse_what_cannot_work
[ $# != 0 ] || exit 0
program=$1 users='' own_box=''
shift
echo "# kernel $(uname -r) $(uname -v)"
echo "# processors $(nproc) $(processors)"
look_for_users
look_for_boxes
warn_of_load
trap empty_box EXIT
trap 'exit 130' HUP INT TERM
before=$(calls)
"$program" --live $own_box "$@" || exit
warn_of_calls "$before"

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Endurance test: rounds of traffic in which each message is accounted for (soak.c),
# each followed by cycles that load and unload the module under load (hammer.c). After
# each round the machine has to have as much free memory as before. Each round prints
# its own plan and result, so the results so far count even if the next round is
# interrupted.
#
# DM510_MSGBOX_MINUTES: how many minutes (10).

# shellcheck source=selftests/lib/lib.sh
. "$(dirname "$0")/lib.sh"

minutes=${DM510_MSGBOX_MINUTES:-10}
# For each round.
traffic_seconds=15
cycles=2

# The tolerance after a round, in KiB. The kernel's caches were seen to vary by half a
# MiB. soak.c compares the module's own memory exactly.
memory_slack=2048

cycles_done=0

now()
{
	cut -d. -f1 /proc/uptime
}

# kib NAME: the number in a line of /proc/meminfo
kib()
{
	awk -v name="$1:" '$1 == name { print $2 }' /proc/meminfo
}

# The size of the free lists of all CPUs in KiB; /proc/meminfo counts it as used.
cpu_lists()
{
	awk '$1 == "count:" { pages += $2 } END { print 4 * pages }' /proc/zoneinfo
}

# Sets free, slab and vmalloc.
measure_memory()
{
	sync
	echo 3 >/proc/sys/vm/drop_caches
	free=$(($(kib MemFree) + $(cpu_lists))) slab=$(kib Slab) vmalloc=$(kib VmallocUsed)
}

# at_most WHAT LIMIT FOUND
at_most()
{
	[ "$3" -le "$2" ] || {
		echo "# $1: $3 KiB, at most $2"
		return 1
	}
}

memory_is_back()
{
	measure_memory
	echo "# change of memory since the start: $((free - free_before)) KiB free," \
		"$((slab - slab_before)) slab, $((vmalloc - vmalloc_before)) vmalloc"
	at_most 'memory lost' $memory_slack $((free_before - free)) &&
		at_most 'slab' $memory_slack $((slab - slab_before)) &&
		at_most 'vmalloc' $memory_slack $((vmalloc - vmalloc_before))
}

# traffic SECONDS
traffic()
{
	load && "$here/soak" "$1" "round $number, $cycles_done cycles, " && unload
}

a_round()
{
	traffic $traffic_seconds && cycle_module $cycles && cycles_done=$((cycles_done + completed)) &&
		calls_are_gone && text_is_as_before && memory_is_back
}

# The first round fills the kernel's caches.
warm_up()
{
	begin
	if ! traffic 3 || ! cycle_module $cycles; then
		give_up 'the first round fails'
	fi
	cycles_done=$completed
	measure_memory
	free_before=$free slab_before=$slab vmalloc_before=$vmalloc
	echo "# memory at the start: $free KiB free, $slab slab, $vmalloc vmalloc"
}

play_round()
{
	number=$((number + 1))
	begin
	result=ok
	if ! a_round || ! module_is_gone; then
		result='not ok' status=1
		clean_up
	fi
	printf '1..1\n%s 1 round %d: nothing lost, nothing left over\n' "$result" "$number"
}

number=0
status=0
[ "$was_loaded" = no ] || unload || give_up 'the module cannot be unloaded'
kernel_text >"$tmp/before" || give_up 'the kernel text cannot be read'
warm_up
end=$(($(now) + 60 * minutes))
while [ "$number" -eq 0 ] || [ "$(now)" -lt "$end" ]; do
	play_round
done
exit $status

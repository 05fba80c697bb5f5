#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Endurance: rounds of traffic with exact books (soak.c), each followed by cycles in
# which the module comes and goes under load (hammer.c), for so many minutes. After
# each round the machine has as much memory as before. Each prints its own plan and
# result, so what has been shown is said even if the next round is broken off.
#
# DM510_MSGBOX_MINUTES: how long (10).

# shellcheck source=selftests/lib/lib.sh
. "$(dirname "$0")/lib.sh"

minutes=${DM510_MSGBOX_MINUTES:-10}
# In a round.
traffic_seconds=15
cycles=2

# What may differ after a round, in KiB: what the kernel keeps for later, seen to
# come and go by half a MiB. Of what the module has, soak.c asks to the byte.
memory_slack=2048

cycles_done=0

now()
{
	cut -d. -f1 /proc/uptime
}

# kib NAME: a line of /proc/meminfo
kib()
{
	awk -v name="$1:" '$1 == name { print $2 }' /proc/meminfo
}

# The pages in the free lists of each CPU: /proc/meminfo counts them as used.
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
	echo "# memory since the beginning: $((free - free_before)) KiB free," \
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
	traffic $traffic_seconds && come_and_go $cycles && cycles_done=$((cycles_done + done)) &&
		calls_are_gone && text_is_as_before && memory_is_back
}

# Caches fill when things happen for the first time.
warm_up()
{
	begin
	if ! traffic 3 || ! come_and_go $cycles; then
		give_up 'the first round fails'
	fi
	cycles_done=$done
	measure_memory
	free_before=$free slab_before=$slab vmalloc_before=$vmalloc
	echo "# memory at the beginning: $free KiB free, $slab slab, $vmalloc vmalloc"
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

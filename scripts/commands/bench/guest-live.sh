#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Tests the benchmark's live mode in the virtual machine, which is the machine to measure
# here. Prints TAP, and the rows of a run as comments.

# shellcheck source=scripts/vm/guest/lib.sh
. /guest-lib.sh

parameters=/sys/module/dm510_msgbox/parameters
figures=/sys/kernel/dm510_msgbox

# Programs in place of the benchmark. A machine that is refused must not be measured.
printf '#!/bin/sh\necho >/tmp/measured\n' >/tmp/trace

printf '#!/bin/sh\necho "# options $*"\n' >/tmp/options
# Tells another process when the benchmark begins.
printf '#!/bin/sh\n: >/tmp/begun\nexec /bench/bench "$@"\n' >/tmp/begin
chmod 755 /tmp/trace /tmp/options /tmp/begin

# refused TEXT: it fails with that message, before it measures
refused()
{
	rm -f /tmp/measured
	! sh /live-rows.sh /tmp/trace >/tmp/output 2>&1 && [ ! -e /tmp/measured ] &&
		grep -q "^bench: $1" /tmp/output
}

put_message()
{
	printf '%s' "$1" >/dev/dm510_msgbox
}

# A read waits for a message, so it ends after a while.
get_message()
{
	timeout 20 dd if=/dev/dm510_msgbox bs=64 count=1 2>/dev/null
}

message_stays()
{
	[ "$(cat $figures/count)" = 1 ] && [ "$(get_message)" = "$1" ]
}

# Without live-rows.sh and without a namespace of its own.
program_refuses()
{
	! /bench/bench --short pairs >/tmp/output && grep -q '^# bench: the box is not empty' /tmp/output
}

limits_are_checked()
{
	for name in max_message_bytes max_bytes max_pending_bytes; do
		saved=$(cat $parameters/$name)
		echo 1000000 >$parameters/$name
		refused "$name is 1000000, and the benchmark needs" || return
		echo "$saved" >$parameters/$name
	done
}

# Prints what the benchmark must leave as it was.
state()
{
	cat /proc/sys/kernel/msgmax /proc/sys/kernel/msgmnb $figures/count /proc/sysvipc/msg
	ls /dev/mqueue 2>/dev/null
}

measure()
{
	sh /live-rows.sh "$@" >/tmp/rows 2>/tmp/errors
}

measures_alone()
{
	# Not as an earlier test has left them.
	echo 8192 >/proc/sys/kernel/msgmax
	echo 16384 >/proc/sys/kernel/msgmnb
	before=$(state)
	measure /bench/bench --short with pairs depth waiting threads && [ "$(state)" = "$before" ]
}

# In that case it measures the box that programs use.
no_user_seen()
{
	! grep -q '^# warning other' /tmp/rows && [ "$(cat $figures/puts)" -gt 1000 ]
}

# value_of ROW: prints the figure of the row that begins so
value_of()
{
	sed -n "s/^$1,\\([-0-9.]*\\),.*/\\1/p" /tmp/rows
}

# A counted instruction is a nanosecond if QEMU counts them; reading the clock adds some.
counts_are_right()
{
	awk -v time="$(value_of pair,box,8)" -v count="$(value_of pair_instructions,box,8)" \
		'BEGIN { exit !(count > 300 && count < 1.05 * time && count > 0.95 * time) }'
}

# An emulated x86 processor has no counters: each row has the reason.
counters_or_reason()
{
	if [ "$(value_of pair_instructions,box,8)" = - ]; then
		[ "$(uname -m)" = x86_64 ] && [ "$(grep -c '^pair_instructions,.*,-,perf_event_open: .*: no hardware counters' /tmp/rows)" = 45 ]
	else
		[ "$(uname -m)" = aarch64 ] && counts_are_right
	fi
}

# Makes its own calls until it is told to stop. Prints what is not as it must be.
another_user()
{
	number=0
	while [ ! -e /tmp/stop ]; do
		number=$((number + 1))
		put_message "other $number"
		got=$(get_message)
		[ "$got" = "other $number" ] || echo "got '$got', not 'other $number'"
	done
	echo "$number messages" >/tmp/done
}

# The user has an open file, too, which a box without messages does not show.
measures_beside_another()
{
	exec 3<>/dev/dm510_msgbox
	{
		until [ -e /tmp/begun ]; do
			sleep 0.1
		done
		another_user >/tmp/wrong 2>&1
	} &
	measure /tmp/begin --short with pairs waiting
	status=$?
	exec 3<&-
	: >/tmp/stop
	wait
	[ $status = 0 ] && [ -e /tmp/done ] && [ ! -s /tmp/wrong ] && [ "$(cat $figures/count)" = 0 ]
}

# Messages of a user who comes later can be taken. It must say so. What is left in the box
# is the user's, not the benchmark's.
stops_when_others_put()
{
	rm /tmp/begun /tmp/stop
	{
		until [ -e /tmp/begun ]; do
			sleep 0.1
		done
		while [ ! -e /tmp/stop ]; do
			put_message other
			sleep 0.1
		done
	} &
	! measure /tmp/begin --short with depth depth pairs depth depth
	status=$?
	: >/tmp/stop
	wait
	[ $status = 0 ] && grep -q '^# bench: \(other processes have put\|box: not the message\|the box is not empty\)' /tmp/rows &&
		only_others_remain
}

only_others_remain()
{
	[ "$(cat $figures/count)" -gt 0 ] || return
	while [ "$(cat $figures/count)" -gt 0 ]; do
		[ "$(get_message)" = other ] || return
	done
}

# stop PROCESS: waits until it stands still, or has ended
stop()
{
	kill -STOP "$1" || return
	until grep -q '^State:.[TZ]' "/proc/$1/status" || [ ! -e "/proc/$1" ]; do
		:
	done
}

# A put and a get of others while the program stands still do it no harm, but it cannot know.
notices_each_put()
{
	/bench/bench --only box depth depth depth depth >/tmp/rows &
	program=$!
	for cycle in 1 2 3 4 5 6 7 8 9 10; do
		sleep 0.2
		stop $program || break
		put_message "other $cycle"
		[ "$(get_message)" = "other $cycle" ] || echo '# bench: not the message' >>/tmp/rows
		kill -CONT $program
	done 2>/dev/null
	! wait $program && ! grep -q 'not the message' /tmp/rows && grep -q '^# bench: other processes have put [1-9]' /tmp/rows
}

has_messages()
{
	[ "$(cat $figures/count)" -gt 5000 ]
}

# Stops the benchmark while it has messages in the box, as it soon takes them out again.
stopped_with_messages()
{
	has_messages || return
	program=$(pidof bench)
	stop "$program" || return
	has_messages && return
	kill -CONT "$program"
	return 1
}

# After a while, which is too short for it, it has a queue of each kind, or messages.
leaves_nothing_when_interrupted()
{
	before=$(state)
	rm -f /tmp/begun
	sh /live-rows.sh /tmp/begin with depth depth >/tmp/rows 2>/tmp/errors &
	shell=$!
	until stopped_with_messages; do
		sleep 0.02
	done
	# As a terminal does, to both.
	kill -TERM "$program" $shell
	kill -CONT "$program"
	wait $shell
	status=$?
	# 143 if the program's end was seen before the signal.
	case $status in 130 | 143) ;; *) echo "# exit status $status" && return 1 ;; esac
	grep -q '^# took [1-9][0-9]* messages of the benchmark out of the box' /tmp/rows &&
		[ "$(state)" = "$before" ]
}

# A message of the benchmark consists of Z.
takes_only_its_own()
{
	put_message other
	put_message ZZZZ
	/bench/bench empty >/tmp/rows
	grep -q '^# took 1 messages' /tmp/rows && grep -q '^# others have put' /tmp/rows && message_stays other
}

warns()
{
	grep -q "^# warning $1" /tmp/rows
}

# A reader that sleeps, and a box in another namespace.
users_are_seen()
{
	cat /dev/dm510_msgbox >/tmp/read &
	reader=$!
	unshare --ipc sh -c 'echo message >/dev/dm510_msgbox; sleep 1000' &
	other=$!
	until [ "$(cat $figures/waiting $figures/boxes)" = "$(printf '1\n2')" ]; do
		sleep 0.1
	done
	measure /tmp/options
	kill $reader $other
	wait $reader $other 2>/dev/null
	warns 'other processes use the module (1 readers of other processes sleep)' &&
		warns 'other IPC namespaces have 1 boxes' &&
		grep -q '^# options --live --own-box$' /tmp/rows
}

echo '1..15'
check 'without the module, it says how to load it' refused 'the module is not loaded.*sudo make load'
insmod /dm510_msgbox.ko || exit
put_message 'of another process'
check 'a box with a message is refused' refused 'the box is not empty: it holds 1 messages'
check 'the program itself refuses it, too' program_refuses
check 'the message stays in the box' message_stays 'of another process'
check 'limits that are too low are refused' limits_are_checked
check 'it measures, and leaves the box and the limits as they were' measures_alone
check 'it sees no other user, and measures the common box' no_user_seen
check 'the instructions are counted, or there is a reason' counters_or_reason
sed 's/^/# row: /' /tmp/rows
check 'users of the box are seen before it measures' users_are_seen
check "a user's messages are neither lost nor changed" measures_beside_another
check 'calls during the benchmark are reported' warns 'other processes made [1-9][0-9]* calls'
sed 's/^/# /' /tmp/errors /tmp/wrong
grep '^# warning' /tmp/rows
check 'it stops if others put into the box that it measures' stops_when_others_put
grep '^# bench: ' /tmp/rows
check 'it stops if others put and get without harm' notices_each_put
grep '^# bench: ' /tmp/rows
check 'when it is interrupted, it leaves neither messages nor queues nor limits' leaves_nothing_when_interrupted
grep '^# bench\|^# took' /tmp/rows
check 'to empty the box, it takes only its own messages' takes_only_its_own
rmmod dm510_msgbox

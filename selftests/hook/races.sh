#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Race windows are widened, one at a time. Calls are delayed at a place where the box's
# lock is not held, or where a call is counted in or out, so that other calls come in
# between. Many threads make calls, and all results must be right. At least one call
# must have been delayed, or the test proves nothing.
#
# A delayed call sleeps, computes (busy), or is preempted again and again.

# The tests are called by name, from a list.
# shellcheck disable=SC2317

# shellcheck source=selftests/lib/lib.sh
. "$(dirname "$0")/lib.sh"

sum_call=$modules/sum_call.ko

# open_window WHERE FUNCTION HOW US EVERY
open_window()
{
	address=$(address_of "$2")
	[ -n "$address" ] || {
		echo "# there is no function $2"
		return 1
	}
	after=0
	[ "$1" = before ] || after=1
	insert "$modules/widen_window.ko" address="$address" after="$after" how="$3" us="$4" every="$5"
}

close_window()
{
	hits=$(cat /sys/module/widen_window/parameters/hits)
	remove widen_window || return 1
	[ "$hits" -gt 0 ] || {
		echo '# no call was delayed'
		return 1
	}
}

# fine COMMAND...: the command must succeed; its output is shown if it fails
fine()
{
	"$@" >"$tmp/said" 2>&1 && return 0
	sed 's/^/# /' "$tmp/said"
	return 1
}

# The results fit some order of the calls, and each message is delivered exactly once.
calls_are_right()
{
	fine env DM510_MSGBOX_HISTORIES=80 "$here/linearizable" && fine "$here/soak" 2
}

no_wake_up_is_lost()
{
	fine "$here/wakeups"
}

limits_are_kept()
{
	fine "$here/limits"
}

stuck_calls_are_right()
{
	fine "$here/userfaultfd"
}

# widened CHECK WHERE FUNCTION HOW: runs the check with a delay in this function
widened()
{
	load && open_window "$2" "$3" "$4" 1000 3 || return 1
	"$1"
	fine=$?
	close_window && unload && [ "$fine" -eq 0 ]
}

calls_are_right_and_sleep()
{
	widened calls_are_right "$1" "$2" sleep
}

calls_are_right_and_are_preempted()
{
	widened calls_are_right "$1" "$2" preempt
}

# Code that holds the lock may not sleep or be preempted.
calls_are_right_and_are_busy()
{
	widened calls_are_right "$1" "$2" busy
}

# comes_and_goes WHERE FUNCTION HOW US EVERY: loads and unloads the module while every
# CPU makes calls
comes_and_goes()
{
	start_hammer || return 1
	load && open_window "$@" && let_hammer_call && unload && close_window
	fine=$?
	stop_hammer && [ "$fine" -eq 0 ] && calls_are_gone && text_is_as_before
}

# Waits until a call is delayed, so that the next command runs during the delay.
somebody_is_held_up()
{
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(cat /sys/module/widen_window/parameters/hits)" -eq 0 ] || return 0
		sleep 1
	done
	echo '# no call was delayed'
	return 1
}

# is_late FUNCTION REPLY ARGUMENT...: this call is in flight and has not yet touched its
# memory when the module is unloaded. As unloading waits for the call, the call may not
# wait for a page.
is_late()
{
	open_window before "$1" sleep 10000000 1 || return 1
	reply=$2
	shift 2
	"$here/call" "$@" >"$tmp/reply" &
	caller=$!
	somebody_is_held_up && unload && wait "$caller" && close_window &&
		is 'reply' "$reply" "$(cat "$tmp/reply")" && calls_are_gone
}

# large_get_is_late missing|there [REPLY]
large_get_is_late()
{
	text=$(seq 3000)
	load && is 'put' 0 "$("$here/call" put "$text")" &&
		is_late sys_msgbox_get "${2:-$text}" get 20000 "$1"
}

# Nothing is mapped at 4096. A call that tries to fault it in would return EFAULT.
small_get_is_late()
{
	load && is 'put' 0 "$("$here/call" put 'a message')" &&
		is_late sys_msgbox_get ENOSYS number "$get_nr" 4096 100
}

# put_is_late BYTES
put_is_late()
{
	load && is_late sys_msgbox_put ENOSYS number "$put_nr" 4096 "$1"
}

# A get that has pinned pages for one message, and must wait for a page of another,
# unpins them first.
pins_are_given_back()
{
	load && open_window after user_pages_pin_present sleep 5000000 1 || return 1
	fine "$here/pinned"
	fine=$?
	close_window && is 'messages' 2 "$(cat /sys/kernel/dm510_msgbox/count)" && unload &&
		[ "$fine" -eq 0 ]
}

# The first use of a file makes a box, which can take long. Another miscellaneous device can be
# opened meanwhile. Opening a file must not make it: the kernel holds a lock of them all then.
making_a_box_holds_up_no_other_device()
{
	load && open_window before msgbox_create sleep 10000000 1 || return 1
	unshare --ipc dd if=/dev/zero of=/dev/dm510_msgbox count=1 >"$tmp/written" 2>&1 &
	writer=$!
	somebody_is_held_up && fine timeout 5 dd if=/dev/userfaultfd count=0
	fine=$?
	wait "$writer" && close_window && unload && [ "$fine" -eq 0 ]
}

# leave_last WHERE HOW MILLISECONDS: a call that sleeps this long is the last in flight.
# Sets in_flight to whether it was seen to sleep: on a slow machine it may have returned
# before anybody looked.
leave_last()
{
	insert "$sum_call" nr=400 milliseconds="$3" &&
		open_window "$1" swake_up_one "$2" 2000000 1 || return 1
	"$here/call" number 400 40 2 >"$tmp/sum" &
	caller=$!
	in_flight=yes
	wait_until_in_syscall "$caller" 400 >"$tmp/said" 2>&1 || in_flight=no
	remove sum_call
	removed=$?
	wait "$caller"
	[ "$removed" -eq 0 ] && is 'sum' 42 "$(cat "$tmp/sum")"
}

# the_last_one_out_is_waited_for WHERE HOW: the last call in flight wakes the task that
# unloads the module, and must leave the module before its memory is freed. How long the
# other calls take depends on the machine, so several sleeping times are tried.
the_last_one_out_is_waited_for()
{
	for milliseconds in 2000 8000 32000; do
		leave_last "$1" "$2" "$milliseconds" || return 1
		close_window >>"$tmp/said" && [ "$in_flight" = yes ] && text_is_as_before &&
			return 0
	done
	cat "$tmp/said"
	return 1
}

run_tests '
	large_get_is_late missing ENOSYS
	large_get_is_late there
	small_get_is_late
	put_is_late 10
	put_is_late 20000
	pins_are_given_back
	making_a_box_holds_up_no_other_device
	calls_are_right_and_sleep before msgbox_put_small_slowpath
	calls_are_right_and_are_preempted before msgbox_put_small_slowpath
	calls_are_right_and_sleep before msgbox_put_copied
	calls_are_right_and_are_preempted before msgbox_put_copied
	calls_are_right_and_sleep after msgbox_prepare_put_retry
	calls_are_right_and_are_preempted after msgbox_prepare_put_retry
	calls_are_right_and_sleep before msgbox_get_slowpath
	calls_are_right_and_are_preempted before msgbox_get_slowpath
	calls_are_right_and_sleep after user_memory_is_writable
	calls_are_right_and_are_preempted after user_memory_is_writable
	calls_are_right_and_sleep after user_pages_pin_present
	calls_are_right_and_are_preempted after user_pages_pin_present
	calls_are_right_and_sleep before user_pages_write
	calls_are_right_and_are_preempted before user_pages_write
	calls_are_right_and_sleep after user_pages_write
	calls_are_right_and_are_preempted after user_pages_write
	calls_are_right_and_sleep before user_pages_unpin
	calls_are_right_and_are_preempted before user_pages_unpin
	calls_are_right_and_sleep before user_memory_read_present
	calls_are_right_and_are_preempted before user_memory_read_present
	calls_are_right_and_sleep after user_memory_read_present
	calls_are_right_and_are_preempted after user_memory_read_present
	calls_are_right_and_sleep before segment_alloc
	calls_are_right_and_are_preempted before segment_alloc
	calls_are_right_and_sleep after segment_alloc
	calls_are_right_and_are_preempted after segment_alloc
	calls_are_right_and_sleep before segment_free
	calls_are_right_and_are_preempted before segment_free
	calls_are_right_and_are_busy after user_memory_writable_nofault
	widened no_wake_up_is_lost after has_message preempt
	widened no_wake_up_is_lost after put_would_end busy
	widened no_wake_up_is_lost before msgbox_unlock_and_wake busy
	widened no_wake_up_is_lost before msgbox_wake_next_reader preempt
	widened limits_are_kept before user_memory_read_present sleep
	widened limits_are_kept before user_pages_write sleep
	widened limits_are_kept before segment_alloc sleep
	widened stuck_calls_are_right before user_memory_fault_in_writable sleep
	widened stuck_calls_are_right before msgbox_put_copied sleep
	comes_and_goes before syscall_hook_dispatch busy 2000 50
	comes_and_goes before syscall_hook_dispatch preempt 2000 50
	comes_and_goes before sys_msgbox_get sleep 20000 50
	comes_and_goes after sys_msgbox_put sleep 20000 50
	comes_and_goes before sys_msgbox_get sleep 3000000 20
	comes_and_goes after sys_msgbox_put sleep 3000000 20
	comes_and_goes before hook_lower_bounds sleep 300000 1
	comes_and_goes before hook_detach sleep 300000 1
	comes_and_goes after hook_detach sleep 300000 1
	comes_and_goes before msgbox_sysfs_remove sleep 300000 1
	comes_and_goes before msgbox_device_remove sleep 300000 1
	comes_and_goes before namespace_end_unwatch sleep 300000 1
	comes_and_goes before msgbox_destroy sleep 300000 1
	the_last_one_out_is_waited_for before busy
	the_last_one_out_is_waited_for before preempt
	the_last_one_out_is_waited_for after busy
	the_last_one_out_is_waited_for after preempt
'

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Loads that the module refuses. Each refusal writes one line to the log and changes
# nothing.

# The tests are called by name, from a list.
# shellcheck disable=SC2317

# shellcheck source=selftests/lib/lib.sh
. "$(dirname "$0")/lib.sh"

free='numbers 387 to 423 are free'
fchmodat2="system call number 452 belongs to the kernel (fchmodat2)"
numbers=/sys/module/dm510_msgbox/parameters

nothing_has_changed()
{
	calls_are_gone && text_is_as_before
}

# numbers_are_refused ERROR PUT_NR GET_NR
numbers_are_refused()
{
	is_refused "$1" "$ko" put_nr="$2" get_nr="$3" && nothing_has_changed
}

one_number_twice()
{
	numbers_are_refused 'Invalid argument' 400 400 &&
		log_is 'dm510_msgbox: system call number 400 is given twice'
}

numbers_far_apart()
{
	numbers_are_refused 'Invalid argument' 387 460 &&
		log_is 'dm510_msgbox: the 2 numbers from 387 to 460 do not fit in a window of 64'
}

one_number_alone()
{
	for given in put_nr=400 get_nr=453 put_nr=0 get_nr=4294967295; do
		is_refused 'Invalid argument' "$ko" "$given" && nothing_has_changed || return 1
	done
	log_is 'dm510_msgbox: give both put_nr and get_nr, or neither'
}

# Too far by one.
numbers_just_too_far_apart()
{
	numbers_are_refused 'Invalid argument' 387 451 &&
		log_is 'dm510_msgbox: the 2 numbers from 387 to 451 do not fit in a window of 64'
}

numbers_as_far_apart_as_can_be()
{
	numbers_are_refused 'Invalid argument' 4294967295 0 &&
		log_is 'dm510_msgbox: the 2 numbers from 0 to 4294967295 do not fit in a window of 64'
}

numbers_of_the_kernel()
{
	numbers_are_refused 'Device or resource busy' 1 0 &&
		log_is "dm510_msgbox: system call number 0 belongs to the kernel ($first_name); $free"
}

a_number_of_the_past()
{
	numbers_are_refused 'Device or resource busy' "$past_nr" $((past_nr + 1)) &&
		log_is "dm510_msgbox: system call number $past_nr is unassigned here, but other kernels may use it; $free"
}

a_number_of_the_kernel_in_between()
{
	numbers_are_refused 'Device or resource busy' 423 425 &&
		log_is "dm510_msgbox: system call number 424, between 423 and 425, belongs to the kernel (pidfd_send_signal); $free"
}

# too_high PUT_NR GET_NR: get_nr is the higher number
too_high()
{
	numbers_are_refused 'Invalid argument' "$1" "$2" || return 1
	if beyond_the_table_works; then
		log_is "dm510_msgbox: system call number $2 is too high: numbers from 512 on $too_high_why; $free"
	else
		log_is_with_any_numbers "dm510_msgbox: system call number N is beyond the kernel's table, which ends at N; numbers N to N are free"
	fi
}

numbers_beyond_the_table()
{
	if beyond_the_table_works; then
		insert "$ko" put_nr=510 get_nr=511 && with_numbers 510 511 calls_work &&
			unload && nothing_has_changed
	else
		too_high 510 511
	fi
}

what_is_offered_is_free()
{
	numbers_are_refused 'Device or resource busy' 1 0 &&
		with_numbers 387 388 calls_are_gone && with_numbers 422 423 calls_are_gone &&
		insert "$ko" put_nr=387 get_nr=388 && with_numbers 387 388 calls_work && unload &&
		insert "$ko" put_nr=423 get_nr=422 && with_numbers 423 422 calls_work && unload &&
		with_numbers 387 388 calls_are_gone && with_numbers 422 423 calls_are_gone
}

# The addresses of a function and of the next symbol.
extent_of()
{
	sort /proc/kallsyms | awk -v name="$1" '
		start && $1 != start { print "0x" start, "0x" $1; exit }
		$3 == name { start = $1 }'
}

change_bound()
{
	extent=$(extent_of do_syscall_64)
	insert "$modules/change_bound.ko" address="${extent% *}" \
		size=$((${extent#* } - ${extent% *})) && kernel_text >"$tmp/changed"
}

# Since 6.6, 452 is fchmodat2.
kernel_uses_452()
{
	[ -n "$(address_of "${of_kernel}fchmodat2")" ]
}

# assign_numbers FIRST LAST: makes these numbers look assigned in the kernel's table
assign_numbers()
{
	insert "$modules/own_numbers.ko" address="$(address_of sys_call_table)" \
		first="$1" last="$2"
}

# loads_with PUT_NR [REASON]: loaded without numbers, the module uses this one and the next
loads_with()
{
	insert "$ko" && is 'put_nr' "$1" "$(cat "$numbers/put_nr")" &&
		is 'get_nr' $(($1 + 1)) "$(cat "$numbers/get_nr")" &&
		with_numbers "$1" $(($1 + 1)) calls_work && unload &&
		with_numbers "$1" $(($1 + 1)) calls_are_gone &&
		log_is ${2:+"dm510_msgbox: $2; numbers from $1 on are used instead"} \
			"dm510_msgbox: attached at $attach_point" \
			"dm510_msgbox: added system calls $1 (put) and $(($1 + 1)) (get)" \
			"dm510_msgbox: removed system calls $1 and $(($1 + 1))"
}

takes_numbers_where_it_is_given_none()
{
	if kernel_uses_452; then
		loads_with 387 "$fchmodat2"
	else
		loads_with 452
	fi && nothing_has_changed
}

# Makes the usual numbers unavailable and sets obstacle to the reason in the log. If the
# kernel does not use them itself, a changed do_syscall_64 makes them unavailable.
block_usual_numbers()
{
	obstacle=$fchmodat2
	kernel_uses_452 && return
	obstacle="system call number 453 is beyond the kernel's table, which ends at 450"
	change_bound
}

unblock_usual_numbers()
{
	kernel_uses_452 || remove change_bound
}

takes_the_first_two_that_are_free()
{
	block_usual_numbers && assign_numbers 388 390 && loads_with 391 "$obstacle" &&
		remove own_numbers && unblock_usual_numbers && nothing_has_changed
}

takes_none_where_none_are_free()
{
	block_usual_numbers && assign_numbers 387 422 &&
		is_refused 'Device or resource busy' "$ko" &&
		log_is "dm510_msgbox: $obstacle, and this kernel has no 2 adjacent free numbers from 387 to 423" &&
		remove own_numbers && unblock_usual_numbers && nothing_has_changed
}

offers_two_that_are_free()
{
	assign_numbers 388 388 && is_refused 'Device or resource busy' "$ko" put_nr=388 get_nr=389 &&
		log_is "dm510_msgbox: system call number 388 belongs to the kernel (getpid); numbers 389 to 423 are free" &&
		remove own_numbers && nothing_has_changed
}

# The first and the last number of a window are the module's; those between are not.
numbers_in_between_stay_unassigned()
{
	insert "$ko" put_nr=387 get_nr=423 && with_numbers 387 423 calls_work &&
		with_numbers 388 422 calls_are_gone && unload && nothing_has_changed
}

ftrace_is_off()
{
	if ! ftrace_can_be_off; then
		load && calls_work && unload && nothing_has_changed
		return
	fi
	echo 0 >"$ftrace_enabled"
	# shellcheck disable=SC2086 # split into words
	is_refused 'Device or resource busy' "$ko" $parameters && nothing_has_changed &&
		log_is 'dm510_msgbox: ftrace is switched off; switch it on: sysctl kernel.ftrace_enabled=1' &&
		echo 1 >"$ftrace_enabled" && load && calls_work && unload && nothing_has_changed
}

# given_is_refused PARAMETER VALUE: the kernel names the parameter in the log
given_is_refused()
{
	is_refused 'Invalid argument' "$ko" "$1=$2" && nothing_has_changed &&
		log_is "dm510_msgbox: \`$2' invalid for parameter \`$1'"
}

# given_is_shown PARAMETER VALUE SHOWN
given_is_shown()
{
	# shellcheck disable=SC2086 # split into words
	insert "$ko" $parameters "$1=$2" && is "$1" "$3" "$(cat "$numbers/$1")" && unload &&
		nothing_has_changed
}

# As root has CAP_IPC_OWNER, it is not denied.
given_a_mode_it_holds_from_the_start()
{
	# shellcheck disable=SC2086 # split into words
	insert "$ko" $parameters mode=0600 uid=7 gid=8 && calls_work &&
		is 'mode uid gid' '0600 7 8' "$(cd "$numbers" && cat mode uid gid | xargs)" &&
		is 'put by another' EACCES "$("$here/call" as 9 put no)" &&
		is 'get by another' EACCES "$("$here/call" as 9 get)" &&
		is 'put by the owner' 0 "$("$here/call" as 7 put yes)" &&
		is 'get by the group' EACCES "$("$here/call" as 8 get)" &&
		is 'get by the owner' yes "$("$here/call" as 7 get)" && unload
}

# The module does not raise bounds in code that it does not recognize.
do_syscall_64_is_not_as_it_was_built()
{
	change_bound || return 1
	if raises_bounds; then
		is_refused 'Operation not supported' "$ko" put_nr=510 get_nr=511 &&
			log_is_with_any_numbers 'dm510_msgbox: do_syscall_64 does not compare with N and with N as expected; this kernel is not supported'
	else
		is_refused 'Invalid argument' "$ko" put_nr=510 get_nr=511
	fi && calls_are_gone && text_is "$tmp/changed" && remove change_bound &&
		nothing_has_changed && load && calls_work && unload
}

# Numbers inside the table need no raised bounds.
do_syscall_64_need_not_be_understood()
{
	change_bound && insert "$ko" put_nr=390 get_nr=391 &&
		with_numbers 390 391 calls_work && unload && text_is "$tmp/changed" &&
		insert "$ko" && is 'put_nr' 387 "$(cat "$numbers/put_nr")" &&
		with_numbers 387 388 calls_work && unload && text_is "$tmp/changed" &&
		remove change_bound && nothing_has_changed
}

# arm64 finds the table by the code that uses it, and knows it by the entry of getpid. With
# that of gettid a program of one thread gets the same answer.
table_is_not_known()
{
	insert "$modules/own_numbers.ko" address="$(address_of sys_call_table)" \
		first="$getpid_nr" last="$getpid_nr" like="$gettid_nr" &&
		is_refused 'Operation not supported' "$ko" &&
		log_is 'dm510_msgbox: cannot find the table of system calls in do_el0_svc; this kernel is not supported' &&
		remove own_numbers && nothing_has_changed && load && calls_work && unload
}

tests='
	takes_numbers_where_it_is_given_none
	one_number_alone
	one_number_twice
	numbers_far_apart
	numbers_just_too_far_apart
	numbers_as_far_apart_as_can_be
	numbers_of_the_kernel
	a_number_of_the_past
	a_number_of_the_kernel_in_between
	too_high 511 512
	too_high 4294967294 4294967295
	numbers_beyond_the_table
	what_is_offered_is_free
	numbers_in_between_stay_unassigned
	ftrace_is_off
	given_is_refused mode 0777
	given_is_refused mode 01666
	given_is_refused mode 8
	given_is_refused mode -1
	given_is_refused mode rw
	given_is_refused uid 4294967295
	given_is_refused gid 4294967295
	given_is_refused gid root
	given_is_shown mode 640 0640
	given_is_shown mode 0 0000
	given_is_shown uid 1000 1000
	given_is_shown gid 4294967294 4294967294
	given_a_mode_it_holds_from_the_start
'
[ "$has_bounds" = no ] || tests="$tests
	do_syscall_64_is_not_as_it_was_built
	do_syscall_64_need_not_be_understood
"
# The table has no name in arm64's 6.1.
if [ -n "$(address_of sys_call_table)" ]; then
	tests="$tests
		offers_two_that_are_free
	"
	[ "$has_bounds" = yes ] || tests="$tests
		table_is_not_known
	"
	# Without bounds, numbers beyond the table cannot be made unavailable.
	[ "$has_bounds" = no ] && ! kernel_uses_452 || tests="$tests
		takes_the_first_two_that_are_free
		takes_none_where_none_are_free
	"
fi
run_tests "$tests"

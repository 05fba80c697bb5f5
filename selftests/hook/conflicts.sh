#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The module and another user of its attach point: the first one to attach keeps the
# function, the second one is refused, and the first is not affected.

# The tests are called by name, from a list.
# shellcheck disable=SC2317

# shellcheck source=selftests/lib/lib.sh
. "$(dirname "$0")/lib.sh"

other=$modules/other_user.ko

# how_to_attach HOW: the parameter that makes other_user attach like these do
how_to_attach()
{
	case $1 in
	bpf) echo ipmodify=0 ;;
	live_patch) echo ipmodify=1 ;;
	esac
}

point_address()
{
	: "${point_address:=$(address_of "$attach_point")}"
	echo "$point_address"
}

# comes_first HOW
comes_first()
{
	insert "$other" "address=$(point_address)" "$(how_to_attach "$1")" &&
		kernel_text >"$tmp/theirs" || return 1
	# shellcheck disable=SC2086 # split into words
	is_refused 'Device or resource busy' "$ko" $parameters &&
		log_is "dm510_msgbox: $other_user_error" &&
		calls_are_gone && text_is "$tmp/theirs" &&
		remove other_user && text_is_as_before &&
		load && calls_work && unload && text_is_as_before
}

# comes_second HOW
comes_second()
{
	start_hammer && load && kernel_text >"$tmp/ours" || return 1
	for _ in 1 2 3; do
		is_refused 'Device or resource busy' \
			"$other" "address=$(point_address)" "$(how_to_attach "$1")" &&
			let_hammer_call || return 1
	done
	text_is "$tmp/ours" && unload && stop_hammer && text_is_as_before &&
		log_is "$loaded_log" "$unloaded_log" &&
		insert "$other" "address=$(point_address)" "$(how_to_attach "$1")" &&
		remove other_user && text_is_as_before
}

# has_another_function HOW: the other user attaches elsewhere, so there is no conflict
has_another_function()
{
	load && insert "$other" "address=$(address_of "${of_kernel}getppid")" "$(how_to_attach "$1")" &&
		calls_work && is_number "$("$here/call" number "$getppid_nr")" && unload &&
		load && calls_work && remove other_user && calls_work && unload &&
		text_is_as_before && log_is "$loaded_log" "$unloaded_log" "$loaded_log" "$unloaded_log"
}

is_number()
{
	[ "$1" -gt 0 ]
}

tests='
	comes_first live_patch
	comes_second live_patch
	has_another_function live_patch
'
! direct_calls_work || tests="
	comes_first bpf
	comes_second bpf
	has_another_function bpf
	$tests"
run_tests "$tests"

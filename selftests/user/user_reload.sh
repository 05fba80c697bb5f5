#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The library while the module is missing, is unloaded under an open handle, and is loaded
# again with other numbers.

# run_tests calls the tests by name.
# shellcheck disable=SC2317

# shellcheck source=selftests/lib/lib.sh
. "$(dirname "$0")/lib.sh"

# start_handle: starts the program that has a handle; sets first to what it says
start_handle()
{
	"$here/user_handle" <"$tmp/in" >"$tmp/out" &
	handle_pid=$!
	exec 4>"$tmp/in" 3<"$tmp/out"
	read -r first <&3
}

end_handle()
{
	exec 4>&- 3<&-
	wait "$handle_pid"
}

# handle LINE: sets said to what the program answers
handle()
{
	echo "$1" >&4
	read -r said <&3
}

# says LINE EXPECTED: the answer to the line begins with that word
says()
{
	handle "$1"
	is "$1" "$2" "${said%% *}"
}

# not_loaded LINE: the call says that the module is not loaded, and what to do
not_loaded()
{
	says "$1" ENOSYS || return 1
	case $said in
	*dm510_msgbox*load*) ;;
	*) is "$1" 'a text about loading dm510_msgbox' "$said" ;;
	esac
}

# with_handle TEST: runs the test and ends the program in any case
with_handle()
{
	start_handle
	"$1"
	result=$?
	end_handle && return "$result"
}

missing_module()
{
	is 'open' ENOSYS "${first%% *}" && not_loaded open && load && says open open &&
		says 'put text' 0 && says get text && unload && not_loaded get
}

a_missing_module()
{
	with_handle missing_module
}

unloaded()
{
	is 'open' open "$first" && says 'put text' 0 && says count 1 && unload || return 1
	for _ in 1 2; do
		not_loaded 'put text' && not_loaded get && not_loaded count &&
			not_loaded 'wait 0' && not_loaded 'wait 10' && not_loaded 'wait -1' || return 1
	done
	# The messages are gone, and the handle works.
	load && says get ENODATA && says 'put again' 0 && says get again && says 'wait 10' ETIMEDOUT &&
		says close closed && unload
}

a_module_that_is_unloaded()
{
	load && with_handle unloaded
}

# The numbers that are free on each kernel are those that `make kselftest` found, and others
# that the kernel's table reserves.
other_numbers()
{
	is 'open' open "$first" && says 'put text' 0 && says get text && unload &&
		insert "$ko" put_nr=400 get_nr=401 || return 1
	says 'put first' 0 && says get first && says get ENODATA && says 'put second' 0 &&
		says count 1 && says 'wait 1000' second && says close closed && unload || return 1
	# The first call after the change can be any of them.
	for call in 'put text' get count 'wait 0'; do
		load && says open open && says 'put text' 0 && says get text && unload &&
			insert "$ko" put_nr=400 get_nr=401 && handle "$call" || return 1
		case $call:$said in
		'put text:0' | 'get:ENODATA'* | 'count:0' | 'wait 0:ETIMEDOUT'*) ;;
		*) is "$call" 'what it gives on a new box' "$said" || return 1 ;;
		esac
		says close closed && unload || return 1
	done
}

a_module_with_other_numbers()
{
	load && with_handle other_numbers
}

keeps_in_use()
{
	is 'open' open "$first" && says 'put text' 0 && says get text && says count 0 || return 1
	# Only a wait opens the device.
	unload && load && says 'wait 10' ETIMEDOUT && module_is_in_use &&
		says close closed && unload && load && says open open && says 'put text' 0 &&
		says 'wait -1' text && module_is_in_use && says close closed && unload
}

a_wait_keeps_the_module()
{
	load && with_handle keeps_in_use
}

sleeping_reader()
{
	is 'open' open "$first" || return 1
	echo 'wait -1' >&4
	wait_until_in_syscall "$handle_pid" "$read_nr" && module_is_in_use &&
		is 'put' 0 "$("$here/call" put woken)" || return 1
	read -r said <&3
	# call puts the zero byte at the end, too, which read removes or keeps.
	case $said in
	woken*) ;;
	*) is 'wait' woken "$said" || return 1 ;;
	esac
	says close closed && unload
}

a_sleeping_reader_keeps_the_module()
{
	load && with_handle sleeping_reader
}

run_tests '
	a_missing_module
	a_module_that_is_unloaded
	a_module_with_other_numbers
	a_wait_keeps_the_module
	a_sleeping_reader_keeps_the_module
'

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A tracer or a seccomp listener holds a call at the kernel's entry while the module is
# unloaded, loaded again, or loaded with other numbers. A held call does not delay
# unloading. Once it is released, it goes to the handler that its number has by then.

# The tests are called by name, from a list.
# shellcheck disable=SC2317

# shellcheck source=selftests/lib/lib.sh
. "$(dirname "$0")/lib.sh"

# hold ptrace|listener put|get
hold()
{
	"$here/held" "$1" "$2" 'was held' <"$tmp/in" >"$tmp/out" &
	held_pid=$!
	exec 4>"$tmp/in" 3<"$tmp/out"
	read -r line <&3
	is "held by $1" held "$line"
}

# release_held REPLY
release_held()
{
	echo go >&4
	read -r reply <&3
	exec 4>&- 3<&-
	wait "$held_pid" && is 'the call that was held' "$1" "$reply"
}

box_is_empty()
{
	is 'get' ENODATA "$("$here/call" get)"
}

while_the_module_goes()
{
	load && hold "$1" put && unload && release_held ENOSYS &&
		load && hold "$1" get && unload && release_held ENOSYS &&
		calls_are_gone && text_is_as_before
}

while_the_module_comes()
{
	hold "$1" put && load && release_held 0 && is 'what was put' 'was held' "$("$here/call" get)" &&
		unload && hold "$1" get && load && release_held ENODATA && unload
}

# The call reaches the reloaded module, and a new, empty box.
while_the_module_goes_and_comes_back()
{
	load && is 'put' 0 "$("$here/call" put 'left behind')" && hold "$1" get &&
		unload && load && release_held ENODATA && hold "$1" put && unload && load &&
		release_held 0 && is 'what was put' 'was held' "$("$here/call" get)" && unload &&
		text_is_as_before
}

# Two numbers that are free on every kernel, other than the held call's.
others="390 391"
while_it_comes_back_with_other_numbers()
{
	# shellcheck disable=SC2086 # split into words
	set -- "$1" $others
	load && hold "$1" put && unload && insert "$ko" put_nr="$2" get_nr="$3" &&
		release_held ENOSYS && with_numbers "$2" "$3" box_is_empty &&
		with_numbers "$2" "$3" calls_work && unload && text_is_as_before
}

# A held put becomes a get into the same memory.
while_it_comes_back_with_its_numbers_exchanged()
{
	load && hold "$1" put && unload && insert "$ko" put_nr="$get_nr" get_nr="$put_nr" &&
		release_held ENODATA && with_numbers "$get_nr" "$put_nr" calls_work && unload &&
		text_is_as_before
}

run_tests '
	while_the_module_goes ptrace
	while_the_module_goes listener
	while_the_module_comes ptrace
	while_the_module_comes listener
	while_the_module_goes_and_comes_back ptrace
	while_the_module_goes_and_comes_back listener
	while_it_comes_back_with_other_numbers ptrace
	while_it_comes_back_with_other_numbers listener
	while_it_comes_back_with_its_numbers_exchanged ptrace
	while_it_comes_back_with_its_numbers_exchanged listener
'

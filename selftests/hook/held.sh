#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A call is held at the kernel's entry, by a tracer or by seccomp's listener, while the
# module is unloaded, comes back, or comes back with other numbers. The call is nobody's
# until it is let go: it holds up no unloading, and what it is then is what the module
# that is loaded by then makes of its number.

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
	read -r said <&3
	is "held by $1" held "$said"
}

# let_held_go REPLY
let_held_go()
{
	echo go >&4
	read -r said <&3
	exec 4>&- 3<&-
	wait "$held_pid" && is 'the call that was held' "$1" "$said"
}

# The module that is loaded: nothing was put, nothing taken, and it works.
box_is_empty()
{
	is 'get' ENODATA "$("$here/call" get)"
}

while_the_module_goes()
{
	load && hold "$1" put && unload && let_held_go ENOSYS &&
		load && hold "$1" get && unload && let_held_go ENOSYS &&
		calls_are_gone && text_is_as_before
}

while_the_module_comes()
{
	hold "$1" put && load && let_held_go 0 && is 'what was put' 'was held' "$("$here/call" get)" &&
		unload && hold "$1" get && load && let_held_go ENODATA && unload
}

# The number outlives the module, the box does not.
while_the_module_goes_and_comes_back()
{
	load && is 'put' 0 "$("$here/call" put 'left behind')" && hold "$1" get &&
		unload && load && let_held_go ENODATA && hold "$1" put && unload && load &&
		let_held_go 0 && is 'what was put' 'was held' "$("$here/call" get)" && unload &&
		text_is_as_before
}

# Two numbers that are free on every kernel, and are not those held.
others="390 391"
while_it_comes_back_with_other_numbers()
{
	# shellcheck disable=SC2086 # words are wanted
	set -- "$1" $others
	load && hold "$1" put && unload && insert "$ko" put_nr="$2" get_nr="$3" &&
		let_held_go ENOSYS && with_numbers "$2" "$3" box_is_empty &&
		with_numbers "$2" "$3" calls_work && unload && text_is_as_before
}

# A put that is held becomes a get, of the same memory.
while_it_comes_back_with_its_numbers_exchanged()
{
	load && hold "$1" put && unload && insert "$ko" put_nr="$get_nr" get_nr="$put_nr" &&
		let_held_go ENODATA && with_numbers "$get_nr" "$put_nr" calls_work && unload &&
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

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The demonstration, in the virtual machine. What it says is checked: it stops
# and fails where something is not as it was told.

tell()
{
	printf '\n%s\n\n' "$1"
}

disappoint()
{
	tell "This is NOT what was to be expected (status $wanted_status, $pattern)."
	echo "The last the kernel said:"
	dmesg | tail -n 10
	exit 1
}

# shows STATUS PATTERN COMMAND...: the command, what it prints, and that this is
# what was to be expected
shows()
{
	wanted_status=$1
	pattern=$2
	shift 2
	echo "    # $*"
	output=$("$@" 2>&1)
	status=$?
	[ -z "$output" ] || echo "$output" | sed 's/^/    /'
	[ "$status" -eq "$wanted_status" ] || disappoint
	# On one line, so that a pattern can tell an order.
	# shellcheck disable=SC2086
	echo $output | grep -Eq "$pattern" || disappoint
}

# Which numbers are free on this kernel the module finds out, and says in the log
# where they are not the usual ones. It leaves again at once: without it is what
# comes first.
choose_numbers()
{
	parameters=/sys/module/dm510_msgbox/parameters
	insmod /dm510_msgbox.ko || exit
	put=$(cat $parameters/put_nr)
	get=$(cat $parameters/get_nr)
	rmmod dm510_msgbox || exit
	export DM510_MSGBOX_PUT_NR="$put" DM510_MSGBOX_GET_NR="$get"
	said=$(dmesg | sed -n 's/^.*\(dm510_msgbox: .* are used instead\)$/\1/p')
}

choose_numbers

tell "This is a virtual machine with Debian's own kernel, as Debian built it:"
shows 0 Debian uname -srv

[ -z "$said" ] || {
	tell "The numbers that the module usually has are this kernel's own, so it takes others here:"
	echo "$said" | sed 's/^/    /'
}

tell "It has no system call $put. A program that makes it is told so:"
shows 1 ENOSYS sender hello

tell "The module gives the running kernel two more, $put (put) and $get (get):"
shows 0 '^$' insmod /dm510_msgbox.ko
shows 0 Live grep dm510_msgbox /proc/modules

tell "One process puts three messages into the box, and ends:"
shows 0 'one.*two.*three' sender one two three

tell "Another process takes them. The last one in is the first one out:"
shows 0 'three.*two.*one' receiver 3

tell "The box is empty now. A get does not wait, it says so (ENODATA):"
shows 1 ENODATA receiver 1

tell "A message may be longer than the receiver has room for:"
shows 0 put sender 'a message of 28 bytes, whole'
shows 1 'room for 10 bytes: EMSGSIZE' receiver 1 10

tell "Nothing is cut off and nothing is lost: it stays, and comes whole when there is room:"
shows 0 '"a message of 28 bytes, whole", 28 bytes' receiver 1 28

tell "Without the module the kernel is as it was before, and has no call $put (ENOSYS):"
shows 0 '^$' rmmod dm510_msgbox
shows 1 ENOSYS sender hello
shows 1 ENOSYS receiver 1

tell "That is all. 'make shell' opens such a machine for you to try it yourself."

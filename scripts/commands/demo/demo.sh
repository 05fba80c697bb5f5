#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The demonstration, in the virtual machine. Checks the result of each command and fails
# at the first unexpected one.

# shellcheck source=scripts/vm/guest/lib.sh
. /guest-lib.sh

explain()
{
	printf '\n%s\n\n' "$1"
}

fail()
{
	explain "This is NOT the expected result (status $expected_status, $pattern)."
	echo "The last kernel messages:"
	dmesg | tail -n 10
	exit 1
}

# show STATUS PATTERN COMMAND...: prints the command and its output, and checks its status
# and output
show()
{
	expected_status=$1
	pattern=$2
	shift 2
	echo "    # $*"
	output=$("$@" 2>&1)
	status=$?
	[ -z "$output" ] || echo "$output" | sed 's/^/    /'
	[ "$status" -eq "$expected_status" ] || fail
	# On one line, so the pattern can match several lines in order.
	# shellcheck disable=SC2086
	echo $output | grep -Eq "$pattern" || fail
}

# The module logs its numbers if they are not the default ones.
find_free_numbers
put=$DM510_MSGBOX_PUT_NR get=$DM510_MSGBOX_GET_NR
message=$(dmesg | sed -n 's/^.*\(dm510_msgbox: .* are used instead\)$/\1/p')

explain "This virtual machine runs Debian's stock kernel:"
show 0 Debian uname -srv

[ -z "$message" ] || {
	explain "This kernel uses the module's default numbers itself, so the module takes others:"
	echo "$message" | sed 's/^/    /'
}

explain "It has no system call $put. A program that calls it gets an error (ENOSYS):"
show 1 ENOSYS sender hello

explain "The module adds two system calls to the running kernel, $put (put) and $get (get):"
show 0 '^$' insmod /dm510_msgbox.ko
show 0 Live grep dm510_msgbox /proc/modules

explain "One process puts three messages into the box and exits:"
show 0 'one.*two.*three' sender one two three

explain "Another process gets them. The last message in is the first one out:"
show 0 'three.*two.*one' receiver 3

explain "The box is now empty. A get does not block, it fails (ENODATA):"
show 1 ENODATA receiver 1

explain "A message may be longer than the receiver's buffer (EMSGSIZE):"
show 0 put sender 'a message of 28 bytes, whole'
show 1 'room for 10 bytes: EMSGSIZE' receiver 1 10

explain "No message is cut or lost: it stays in the box until a buffer is large enough:"
show 0 '"a message of 28 bytes, whole", 28 bytes' receiver 1 28

explain "With /dev/dm510_msgbox a process can sleep until a message comes. This one sleeps:"
waiter 1 >/tmp/waiter &
tries=100
until [ "$(cat /sys/kernel/dm510_msgbox/waiting)" = 1 ] || [ $((tries -= 1)) = 0 ]; do
	usleep 50000
done
show 0 '^1$' cat /sys/kernel/dm510_msgbox/waiting

explain "A put wakes it:"
show 0 put sender 'wake up'
wait
show 0 'waiter.*"wake up"' cat /tmp/waiter

explain "Each IPC namespace has a box of its own. A container sees no message of the host (ENODATA):"
show 0 put sender 'for this machine alone'
show 1 ENODATA unshare --ipc receiver 1
show 0 'for this machine alone' receiver 1

explain "Unloading the module restores the kernel, which again has no call $put (ENOSYS):"
show 0 '^$' rmmod dm510_msgbox
show 1 ENOSYS sender hello
show 1 ENOSYS receiver 1

explain "That is all. 'make shell' opens a shell in such a machine, so you can try it yourself."

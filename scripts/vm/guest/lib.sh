# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0
#
# Shared by the guest scripts; /guest-lib.sh in the virtual machine. To be sourced.

# The tests' programs, in the machines that have them.
programs=/kselftest/dm510_msgbox
call=$programs/call

# check DESCRIPTION COMMAND...: prints the command's success as a TAP result and counts it
count=0
check()
{
	count=$((count + 1))
	description=$1
	shift
	if "$@"; then
		echo "ok $count $description"
	else
		echo "not ok $count $description"
	fi
}

# Exports the loaded module's numbers, for programs that make the calls.
read_numbers()
{
	DM510_MSGBOX_PUT_NR=$(cat /sys/module/dm510_msgbox/parameters/put_nr)
	DM510_MSGBOX_GET_NR=$(cat /sys/module/dm510_msgbox/parameters/get_nr)
	export DM510_MSGBOX_PUT_NR DM510_MSGBOX_GET_NR
}

# Exports the numbers that the module finds free on this kernel, without leaving it loaded.
find_free_numbers()
{
	insmod /dm510_msgbox.ko || exit
	read_numbers
	rmmod dm510_msgbox || exit
}

# Exports what scripts that load the module themselves have to know (selftests/lib/lib.sh).
describe_module()
{
	find_free_numbers
	DM510_MSGBOX_KO=/dm510_msgbox.ko
	DM510_MSGBOX_PARAMETERS="put_nr=$DM510_MSGBOX_PUT_NR get_nr=$DM510_MSGBOX_GET_NR"
	export DM510_MSGBOX_KO DM510_MSGBOX_PARAMETERS
}

calls_do_not_exist()
{
	[ "$($call put text)" = ENOSYS ] && [ "$($call get)" = ENOSYS ]
}

# Prints the function to which the module attached itself last.
attach_point()
{
	dmesg | sed -n 's/^.*dm510_msgbox: attached at //p' | tail -n 1
}

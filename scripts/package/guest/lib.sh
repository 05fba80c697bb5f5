# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0
#
# TAP on the second serial port. To be sourced.

number=0

# result STATUS DESCRIPTION
result()
{
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number $2"
	else
		echo "not ok $number $2"
	fi
}

is_loaded()
{
	grep -q '^dm510_msgbox ' /proc/modules
}

kernel_messages()
{
	dmesg | grep -E 'dm510_msgbox|[Mm]odule' | tail -n 20
}

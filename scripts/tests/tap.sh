# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Prints TAP for the tests in this folder. To be sourced.

tap_count=0
tap_failed=0

# result STATUS DESCRIPTION
result()
{
	tap_count=$((tap_count + 1))
	if (($1 == 0)); then
		echo "ok $tap_count $2"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_count $2"
	fi
}

tap_end()
{
	echo "1..$tap_count"
	((tap_count && !tap_failed))
}

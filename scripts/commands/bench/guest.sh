#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs the benchmark in the virtual machine, with /bench/options and /bench/measures.

bench()
{
	/bench/bench "$@" || exit
}

read -r options </bench/options
read -r measures </bench/measures
echo "# kernel $(uname -r) $(uname -v)"
# shellcheck disable=SC2086 # to be split into words
bench $options without
loaded=$(insmod /dm510_msgbox.ko 2>&1) || {
	echo "$loaded" | sed 's/^/# /'
	exit 1
}
# shellcheck disable=SC2086
bench $options with
# shellcheck disable=SC2086
bench $options $measures
rmmod dm510_msgbox

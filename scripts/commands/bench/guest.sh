#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The benchmark, in the virtual machine: /bench/arguments has the measures.

bench()
{
	/bench/bench "$@" || exit
}

read -r options </bench/options
read -r measures </bench/measures
echo "# kernel $(uname -r) $(uname -v)"
# shellcheck disable=SC2086 # words are wanted
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

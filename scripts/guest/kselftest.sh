#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# In the virtual machine: runs every test that wants the module loaded.

insmod /dm510_msgbox.ko || {
	echo "insmod failed; the kernel says:"
	dmesg | tail -n 20
	exit 1
}
cd /kselftest || exit
# shellcheck disable=SC2046 # words are wanted
./run_kselftest.sh $(sed -n '/:lifecycle\.sh$/!s/^/-t /p' kselftest-list.txt)
# For scripts/kselftest-all: where it is attached, and its numbers.
parameters=/sys/module/dm510_msgbox/parameters
echo "# facts: $(dmesg | sed -n 's/^.*dm510_msgbox: attached at //p' | tail -n 1)" \
	"$(cat $parameters/put_nr)/$(cat $parameters/get_nr)"
rmmod dm510_msgbox

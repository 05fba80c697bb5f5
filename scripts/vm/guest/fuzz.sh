#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs the fuzzer in the virtual machine, with the options in /fuzz/options.

read -r options </fuzz/options
grep -q ' /sys/kernel/debug ' /proc/mounts || mount -t debugfs debugfs /sys/kernel/debug
# The fuzzer writes each case to the kernel's log.
echo on >/proc/sys/kernel/printk_devkmsg
insmod /dm510_msgbox.ko || exit
# shellcheck disable=SC2086 # to be split into words
/fuzz/fuzz --module /dm510_msgbox.ko --splats /fuzz/splats.deny $options || exit
rmmod dm510_msgbox

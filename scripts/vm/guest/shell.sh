#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Loads the module and starts a shell, in the virtual machine.

# scripts/commands/shell puts these on the kernel command line; 0 means no terminal.
if [ "${terminal_rows:-0}" -gt 0 ]; then
	stty rows "$terminal_rows" columns "${terminal_columns:?}"
fi
uname -srv
insmod /dm510_msgbox.ko && echo "dm510_msgbox is loaded (/dm510_msgbox.ko). Try:"
echo "  sender hello world; receiver 2"
echo "  waiter 1 & sender 'wake up'                (sleeps in /dev/dm510_msgbox until a message comes)"
echo "  sender secret; unshare --ipc receiver 1    (another IPC namespace has another box)"
echo "  grep . /sys/kernel/dm510_msgbox/*          (the figures)"
echo "  trace=/sys/kernel/tracing; echo 1 >\$trace/events/dm510_msgbox/enable; sender x; cat \$trace/trace"
exec /bin/sh

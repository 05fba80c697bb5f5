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
echo "  msgbox put hello; msgbox wait"
echo "  msgbox wait & msgbox put 'wake up'                    (sleeps until a message comes)"
echo "  msgbox put secret; unshare --ipc msgbox get           (another IPC namespace has another box)"
echo "  msgbox stat; grep . /sys/kernel/dm510_msgbox/*        (the figures)"
echo "  trace=/sys/kernel/tracing; echo 1 >\$trace/events/dm510_msgbox/enable; msgbox get; cat \$trace/trace"
exec /bin/sh

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
exec /bin/sh

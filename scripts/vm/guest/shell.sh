#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# In the virtual machine: loads the module and leaves the user at a prompt.

# Of the kernel's command line, see scripts/commands/shell. 0: there is no terminal.
if [ "${terminal_rows:-0}" -gt 0 ]; then
	stty rows "$terminal_rows" columns "${terminal_columns:?}"
fi
uname -srv
insmod /dm510_msgbox.ko && echo "dm510_msgbox is loaded (/dm510_msgbox.ko). Try:"
echo "  sender hello world; receiver 2"
exec /bin/sh

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# In the virtual machine: loads the module and leaves the user at a prompt.

uname -srv
load-module /dm510_msgbox.ko && echo "dm510_msgbox is loaded (/dm510_msgbox.ko). Try:"
echo "  sender hello world; receiver 2"
exec /bin/sh

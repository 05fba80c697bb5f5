#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs selftests/soak.sh in the virtual machine.

# From the script that booted the machine.
# shellcheck source=/dev/null
. /settings
export DM510_MSGBOX_MINUTES

# Loads the module to find out which numbers are free on this kernel.
insmod /dm510_msgbox.ko || exit
parameters=/sys/module/dm510_msgbox/parameters
DM510_MSGBOX_KO=/dm510_msgbox.ko
DM510_MSGBOX_PUT_NR=$(cat $parameters/put_nr)
DM510_MSGBOX_GET_NR=$(cat $parameters/get_nr)
DM510_MSGBOX_PARAMETERS="put_nr=$DM510_MSGBOX_PUT_NR get_nr=$DM510_MSGBOX_GET_NR"
export DM510_MSGBOX_KO DM510_MSGBOX_PUT_NR DM510_MSGBOX_GET_NR DM510_MSGBOX_PARAMETERS
rmmod dm510_msgbox || exit

exec /selftests/soak.sh

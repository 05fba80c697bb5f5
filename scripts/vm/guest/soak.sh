#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# In the virtual machine: endurance.

# Set by whoever started the machine.
# shellcheck source=/dev/null
. /settings
export DM510_MSGBOX_MINUTES

# Which numbers are free on this kernel? Those that the module takes.
insmod /dm510_msgbox.ko || exit
parameters=/sys/module/dm510_msgbox/parameters
DM510_MSGBOX_KO=/dm510_msgbox.ko
DM510_MSGBOX_PUT_NR=$(cat $parameters/put_nr)
DM510_MSGBOX_GET_NR=$(cat $parameters/get_nr)
DM510_MSGBOX_PARAMETERS="put_nr=$DM510_MSGBOX_PUT_NR get_nr=$DM510_MSGBOX_GET_NR"
export DM510_MSGBOX_KO DM510_MSGBOX_PUT_NR DM510_MSGBOX_GET_NR DM510_MSGBOX_PARAMETERS
rmmod dm510_msgbox || exit

exec /selftests/soak.sh

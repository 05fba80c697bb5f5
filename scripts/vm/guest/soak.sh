#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs selftests/box/soak.sh in the virtual machine.

# shellcheck source=scripts/vm/guest/lib.sh
. /guest-lib.sh

# From the script that booted the machine.
# shellcheck source=/dev/null
. /settings
export DM510_MSGBOX_MINUTES

find_free_numbers
DM510_MSGBOX_KO=/dm510_msgbox.ko
DM510_MSGBOX_PARAMETERS="put_nr=$DM510_MSGBOX_PUT_NR get_nr=$DM510_MSGBOX_GET_NR"
export DM510_MSGBOX_KO DM510_MSGBOX_PARAMETERS

exec /selftests/soak.sh

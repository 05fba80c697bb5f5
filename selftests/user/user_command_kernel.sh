#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Loads the module, runs the command's tests (user_command.sh) with the kernel's box, and
# unloads it. See lib/lib.sh for the variables.

here=$(cd "$(dirname "$0")" && pwd)
module=/sys/module/dm510_msgbox

give_up()
{
	echo "Bail out! $*"
	exit 1
}

unload()
{
	[ ! -d $module ] || rmmod dm510_msgbox
}

[ -r "${DM510_MSGBOX_KO:-}" ] || {
	[ "${DM510_MSGBOX_NO_SKIP:-no}" = no ] || give_up 'DM510_MSGBOX_KO names no file'
	echo '1..0 # SKIP this test loads and unloads the module: set DM510_MSGBOX_KO to its .ko file'
	exit 4
}
unload || give_up 'cannot unload the module'
trap unload EXIT
trap 'exit 1' HUP INT TERM
# shellcheck disable=SC2086 # split into words
insmod "$DM510_MSGBOX_KO" ${DM510_MSGBOX_PARAMETERS:-} || give_up 'cannot load the module'
MSGBOX=$here/msgbox BOX=kernel "$here/user_command.sh"
status=$?
# A command that is still running would keep the module in use.
unload || {
	echo '# a command that is still running keeps the module in use'
	status=1
}
exit $status

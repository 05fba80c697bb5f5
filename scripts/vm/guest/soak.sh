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

describe_module
exec /selftests/soak.sh

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# In the virtual machine: runs the test that loads and unloads the module itself.

export DM510_MSGBOX_KO=/dm510_msgbox.ko
cd /kselftest || exit
# shellcheck disable=SC2046 # words are wanted
./run_kselftest.sh $(sed -n '/:lifecycle\.sh$/s/^/-t /p' kselftest-list.txt)

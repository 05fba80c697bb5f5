#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Does nothing; scripts/vm/choose-accel checks with it that a virtual machine boots.
:

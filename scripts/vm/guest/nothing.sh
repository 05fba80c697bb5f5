#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# To see whether a virtual machine boots at all.
:

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The caller's memory is on a device: swapped out, or mapped from a file on a frozen
# file system (fsfreeze), where a write waits until the thaw.
#
#   DM510_MSGBOX_KERNEL_MODULES  folder with the kernel's modules for the devices, and
#                                a list of them (scripts/setup/fetch-guest-modules)

# run_tests calls the tests by name.
# shellcheck disable=SC2317

# shellcheck source=selftests/lib/lib.sh
. "$(dirname "$0")/lib.sh"

kernel_modules=${DM510_MSGBOX_KERNEL_MODULES:-}
[ -r "$kernel_modules/list" ] || skip 'it needs a device: set DM510_MSGBOX_KERNEL_MODULES'
[ "${DM510_MSGBOX_THROW_AWAY:-no}" = yes ] ||
	skip 'it adds a swap device: set DM510_MSGBOX_THROW_AWAY=yes'

mounted=$tmp/mounted

# Device 0 is the swap device, device 1 has the file system.
prepare_devices()
{
	while read -r module; do
		insmod "$kernel_modules/$module.ko" || return 1
	done <"$kernel_modules/list"
	cat /sys/class/zram-control/hot_add >"$tmp/said" &&
		echo 64M >/sys/block/zram0/disksize && echo 32M >/sys/block/zram1/disksize &&
		mkswap /dev/zram0 >"$tmp/said" && swapon /dev/zram0 &&
		mke2fs -b 4096 /dev/zram1 >"$tmp/said" 2>&1 && mkdir "$mounted" &&
		mount -t ext4 /dev/zram1 "$mounted" &&
		dd if=/dev/zero of="$mounted/file" bs=200000 count=1 2>"$tmp/said"
}

remove_devices()
{
	fsfreeze --unfreeze "$mounted" 2>/dev/null
	umount "$mounted"
	swapoff /dev/zram0
	tac "$kernel_modules/list" | while read -r module; do
		rmmod "$module"
	done
}

swapped_out()
{
	load || return 1
	"$here/swapped" >"$tmp/said" 2>&1
	fine=$?
	grep -e '^not ok' -e '^# .*Expected' "$tmp/said" | sed 's/^/# /'
	is 'exit status' 0 "$fine" && unload
}

freeze()
{
	sync && fsfreeze --freeze "$mounted"
}

# sleeps_in_a_frozen_get BYTES: sets caller
sleeps_in_a_frozen_get()
{
	freeze || return 1
	"$here/mapped" "$mounted/file" get "$1" >"$tmp/reply" &
	caller=$!
	wait_until_in_syscall "$caller" "$get_nr"
}

# is_thawed REPLY: thaws the file system; the get then has to give this
is_thawed()
{
	fsfreeze --unfreeze "$mounted" && wait "$caller" && is 'the get' "$1" "$(cat "$tmp/reply")"
}

# frozen_get BYTES: blocks only its caller, and succeeds after the thaw
frozen_get()
{
	text=$(seq 18000 | head -c "$1")
	load && is 'put' 0 "$("$here/call" put "$text")" &&
		sleeps_in_a_frozen_get $((${#text} + 1)) && module_is_in_use &&
		is 'another put' 0 "$("$here/call" put 'another')" &&
		is 'another get' 'another' "$("$here/call" get)"
	fine=$?
	is_thawed $((${#text} + 1)) && [ "$fine" -eq 0 ] &&
		is 'content of the file' "$text" "$(head -c ${#text} "$mounted/file")" && unload
}

frozen_get_finds_nothing()
{
	load && is 'put' 0 "$("$here/call" put 'taken by another')" &&
		sleeps_in_a_frozen_get 64 && is 'get' 'taken by another' "$("$here/call" get)"
	fine=$?
	is_thawed ENODATA && [ "$fine" -eq 0 ] && unload
}

# A put only reads, and a frozen file system can be read.
frozen_put()
{
	echo 'of the file' >"$mounted/file" && load && freeze || return 1
	is 'put' 0 "$("$here/mapped" "$mounted/file" put 12)"
	fine=$?
	fsfreeze --unfreeze "$mounted" && [ "$fine" -eq 0 ] &&
		is 'get' 'of the file' "$("$here/call" get)" && unload
}

prepare_devices || give_up 'the devices cannot be prepared'
trap 'remove_devices; restore' EXIT
run_tests '
	swapped_out
	frozen_get 40
	frozen_get 20000
	frozen_get_finds_nothing
	frozen_put
'

# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What every script here starts with: where things are, how to speak, how to
# give up. To be sourced.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
scripts=$top/scripts
build=$top/build

# Messages are compared and quoted: they are wanted in English. And what was said
# to the top Makefile's make is not meant for kbuild's or kselftest's.
export LC_ALL=C.UTF-8
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

# Progress goes to stderr: stdout is for results (TAP, the demonstration).
say()
{
	printf '==> %s\n' "$*" >&2
}

die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# The head comment of the script that people have called.
usage()
{
	sed -n -e '1,/SPDX-License-Identifier/d' -e '/^#/!q' -e 's/^# \?//p' "$0" | sed '1{/^$/d}'
}

# This file is sourced without arguments, so these are the script's own.
if [[ ${1:-} == --help ]]; then
	usage
	exit
fi

# at_most NUMBER ARGUMENT...: refuses options, and more arguments than that
at_most()
{
	local most=$1 argument

	shift
	for argument; do
		[[ $argument != -* ]] || die "no such option: $argument (there is --help)"
	done
	(($# <= most)) || die "too many arguments: ${*:most + 1} (there is --help)"
}

# kbuild takes such a folder for two.
refuse_spaces()
{
	[[ $top != *[[:space:]:]* ]] ||
		die "kbuild cannot work in a folder with a space or a colon in its name: $top"
}

make_dir()
{
	mkdir -p "$1" 2>/dev/null || true
	[[ -d $1 && -w $1 ]] ||
		die "cannot write to $1: is the disk full, read-only or someone else's?"
}

# need_space DIRECTORY MEGABYTES PURPOSE
need_space()
{
	local free

	free=$(df --block-size=1M --output=avail "$1" | tail -n 1)
	((free >= $2)) ||
		die "not enough disk space: $3 needs $2 MB in $1, where ${free// /} MB are free"
}

# Two commands at once, in two terminals, must not build or fetch the same
# thing into each other's hands: the second one waits until the first ends.
lock()
{
	make_dir "$build"
	exec {lock_fd}>"$build/.$1.lock"
	flock --nonblock "$lock_fd" || {
		say "waiting for another command that is busy with: $1"
		flock "$lock_fd"
	}
}

default_kernel()
{
	awk '!/^#/ { print $1; exit }' "$scripts/kernels"
}

# kernel_row NAME: the row's columns behind the name
kernel_row()
{
	awk -v name="$1" '!/^#/ && $1 == name { print $2, $3, $4, $5; found = 1 }
		END { exit !found }' "$scripts/kernels" ||
		die "no kernel is called '$1'; scripts/kernels lists them"
}

# working_kernel [NAME]: that name, or the default one; not of a kernel that is unknown
# or that the module refuses
working_kernel()
{
	local name=${1:-$(default_kernel)} row expected

	row=$(kernel_row "$name") || exit
	read -r _ _ _ expected <<<"$row"
	[[ $expected != refused ]] ||
		die "the module refuses kernel $name, which only 'make kselftest' is of use for"
	echo "$name"
}

# A kernel that takes no modules has no such list.
is_loaded()
{
	[[ -e /proc/modules ]] && grep -q '^dm510_msgbox ' /proc/modules
}

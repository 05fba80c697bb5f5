# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Sourced by every script: paths, messages, errors, locks, the list of kernels.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
scripts=$top/scripts
build=$top/build

# Scripts parse messages, so they must be in English. Options given to the top-level
# make must not reach the make of kbuild or kselftest.
export LC_ALL=C.UTF-8
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

# Progress goes to stderr; stdout is for results (TAP, the demonstration).
say()
{
	printf '==> %s\n' "$*" >&2
}

die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# Prints the head comment of the running script.
usage()
{
	sed -n -e '1,/SPDX-License-Identifier/d' -e '/^#/!q' -e 's/^# \?//p' "$0" | sed '1{/^$/d}'
}

# shellcheck source=scripts/lib/arch.sh
. "$scripts/lib/arch.sh"
use_arch "$host_arch"

# This file is sourced without arguments, so $1 is the script's.
if [[ ${1:-} == --help ]]; then
	usage
	exit
fi

# at_most NUMBER ARGUMENT...: dies of an option, or of more than NUMBER arguments
at_most()
{
	local most=$1 argument

	shift
	for argument; do
		[[ $argument != -* ]] || die "unknown option: $argument (try --help)"
	done
	(($# <= most)) || die "too many arguments: ${*:most + 1} (try --help)"
}

# make and kbuild split such a path in two.
refuse_spaces()
{
	[[ $top != *[[:space:]:]* ]] ||
		die "make cannot work in a folder with a space or a colon in its name: $top"
}

# own PATH...: after sudo, gives what root has made to the owner of the sources, who could not
# write to it otherwise
own()
{
	((EUID || !$#)) || [[ ! ${SUDO_USER:-} ]] || chown --reference="$top" "$@" || true
}

# owner: prints whose the sources are, for sudo -u, which may refuse a number
owner()
{
	local name

	name=$(stat -c %U "$top")
	[[ $name != UNKNOWN ]] || name="#$(stat -c %u "$top")"
	echo "$name"
}

make_dir()
{
	local path=$1
	local -a missing=()

	while [[ $path == /* && ! -e $path ]]; do
		missing+=("$path")
		path=${path%/*}
	done
	mkdir -p "$1" 2>/dev/null || true
	[[ -d $1 && -w $1 ]] ||
		die "cannot write to $1: is the disk full or read-only, or does another user own it?"
	own "${missing[@]}"
}

# need_space DIRECTORY MEGABYTES PURPOSE
need_space()
{
	local free

	free=$(df --block-size=1M --output=avail "$1" | tail -n 1)
	((free >= $2)) ||
		die "not enough disk space in $1: $3 needs $2 MB, ${free// /} MB are free"
}

# lock NAME [REFUSAL]: two commands that run at once must not build or download the same
# thing. The second command waits until the first ends, or dies with REFUSAL.
lock()
{
	local file=$build/.$1.lock

	make_dir "$build"
	[[ ! -e $file || -w $file ]] || die "cannot write to $file: does another user own it?"
	exec {lock_fd}>"$file"
	own "$file"
	flock --nonblock "$lock_fd" || {
		[[ ! ${2:-} ]] || die "$2"
		say "waiting for another command that holds the lock '$1'"
		flock "$lock_fd"
	}
}

# The first one of this machine's architecture.
default_kernel()
{
	awk -v arch="$host_arch" '!/^#/ && $3 == arch { print $1; exit }' "$scripts/kernels"
}

# kernel_row NAME: prints the other columns of the kernel's row
kernel_row()
{
	awk -v name="$1" '!/^#/ && $1 == name { print $2, $3, $4, $5, $6; found = 1 }
		END { exit !found }' "$scripts/kernels" ||
		die "unknown kernel '$1'; scripts/kernels lists the known ones"
}

# use_kernel NAME: sets suite, flavor, built_in and expected from the kernel's row, and
# what use_arch sets. Dies if the kernel is unknown.
#
# shellcheck disable=SC2034 # they are for the scripts that source this
use_kernel()
{
	local row

	row=$(kernel_row "$1") || exit
	read -r suite arch flavor built_in expected <<<"$row"
	use_arch "$arch"
}

# working_kernel [NAME]: prints NAME, or the default kernel. Dies if the kernel is
# unknown or the module refuses to load on it.
working_kernel()
{
	local name=${1:-$(default_kernel)}

	use_kernel "$name"
	[[ $expected != refused ]] ||
		die "the module refuses to load on kernel $name; only 'make kselftest' works there"
	echo "$name"
}

# in_background COMMAND...: in a process group of its own, so that one signal ends it
in_background()
{
	set -m
	"$@" </dev/null &
	set +m
}

# at_exit FUNCTION: runs it when the script ends, also by a signal. Another signal does not
# cut it short: `timeout` sends two, and so do impatient users.
at_exit()
{
	# shellcheck disable=SC2064 # the value now is meant
	trap "trap '' HUP INT TERM; $1" EXIT
	trap 'exit 130' HUP INT TERM
}

# stop_groups PID...: ends these process groups and waits, in the trap of a script that
# started them with `set -m` or in_background. Another signal does not end the wait.
stop_groups()
{
	trap '' HUP INT TERM
	(($# == 0)) || kill -- "${@/#/-}" 2>/dev/null || true
	wait
}

# A kernel without module support has no /proc/modules.
is_loaded()
{
	[[ -e /proc/modules ]] && grep -q '^dm510_msgbox ' /proc/modules
}

# counts LOG: the log's last line, but for those of make, has counts. Sets BASH_REMATCH:
# 1 passed, 2 failed, 4 skipped or empty.
counts()
{
	[[ $(grep -av '^make: ' "$1" | tail -n 1) =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)?$ ]]
}

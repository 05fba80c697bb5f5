# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# A Debian system in a folder, of any suite, and commands that run in it. Needs root. To be
# sourced after common.sh and apt.sh.

# Runs in separate namespaces. /dev, /proc and /sys are as in a container.
# shellcheck disable=SC2016 # the inner shell expands it
enter_system='
	set -e
	root=$1
	shift
	mount -t proc proc "$root/proc"
	mount --rbind -o ro /sys "$root/sys"
	mount -t tmpfs -o mode=755 tmpfs "$root/dev"
	for node in null zero full random urandom tty; do
		: >"$root/dev/$node"
		mount --bind "/dev/$node" "$root/dev/$node"
	done
	mkdir "$root/dev/pts" "$root/dev/shm"
	mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
	mount -t tmpfs tmpfs "$root/dev/shm"
	ln -s pts/ptmx "$root/dev/ptmx"
	ln -s /proc/self/fd "$root/dev/fd"
	for fd in 0:stdin 1:stdout 2:stderr; do
		ln -s "/proc/self/fd/${fd%:*}" "$root/dev/${fd#*:}"
	done
	exec chroot "$root" "$@"
'
# The process that runs in the namespaces, or empty.
inside=''
new_system=''

# in_namespaces COMMAND...: with setpriv, no process survives this script, even after
# SIGKILL, and with the last process its mounts go. The modules of the kernel are this
# machine's, so nothing there may load or unload one.
in_namespaces()
{
	local status=0

	setpriv --pdeathsig KILL --bounding-set -sys_module unshare --mount --pid --fork --kill-child --mount-proc "$@" \
		</dev/null &
	inside=$!
	wait $inside || status=$?
	inside=''
	return $status
}

# install_system SUITE TARGET PACKAGES [OPTION...]: installs a minimal system with these
# packages, separated by commas, in the folder TARGET, or as TARGET if that ends with .tar.
# The options are mmdebstrap's. It keeps the sources and the configuration (proxies) in
# the installed system. dpkg does not wait for the disk, there neither: that halves the time.
install_system()
{
	local suite=$1 target=$2 packages=$3

	shift 3
	apt_open_log
	apt_sources "$suite" >"$target.sources.list"
	apt-config dump | grep '^Acquire::' >"$target.conf"
	mkdir "$target.tmp"
	TMPDIR=$target.tmp in_namespaces mmdebstrap --mode=root --variant=minbase \
		--dpkgopt=force-unsafe-io \
		--aptopt="$target.conf" \
		--customize-hook='cp -L /etc/resolv.conf /etc/hosts "$1/etc/"' \
		--include="$packages" "$@" "$suite" "$target" "$target.sources.list" >"${apt_log:?}" 2>&1 ||
		apt_give_up "could not install $suite"
	rm -rf "$target".{conf,sources.list,tmp}
}

# remove_system TARGET: removes it, and what an interrupted install_system leaves
remove_system()
{
	rm -rf "${1:?}" "$1".{conf,sources.list,tmp}
}

# keep_system SUITE TARGET PACKAGES WHAT MB: install_system, unless TARGET is there with the
# same list of packages. WHAT it is, and the MB that it takes, are for messages. Sets
# new_system, for the EXIT trap: what an interrupted installation leaves.
keep_system()
{
	local suite=$1 target=$2 packages=$3

	[[ ! -e $target || $(cat "$target.packages" 2>/dev/null) != "$packages" ]] || return 0
	say "installing $4 in ${target#"${top:?}"/} (once, some minutes)"
	make_dir "$(dirname "$target")"
	need_space "$(dirname "$target")" "$5" "$4"
	new_system=$(dirname "$target")/.new-${target##*/}
	remove_system "$new_system"
	install_system "$suite" "$new_system" "$packages"
	rm -rf "$target"
	mv -T "$new_system" "$target"
	echo "$packages" >"$target.packages"
	new_system=''
}

# in_system ROOT COMMAND...: runs it with the environment of a login, plus proxies
in_system()
{
	local root=$1
	local -a proxies

	shift
	mapfile -t proxies < <(env | grep -i '^[a-z]*_proxy=')
	in_namespaces sh -c "$enter_system" in_system "$root" \
		env -i HOME=/root USER=root TERM="${TERM:-dumb}" \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "${proxies[@]}" "$@"
}

# leave_system: kills all processes in the namespaces, which removes their mounts, and
# removes what keep_system has not finished. For the EXIT trap.
leave_system()
{
	[[ ! $inside ]] || kill -KILL "$inside" 2>/dev/null || true
	wait
	[[ ! $new_system ]] || remove_system "$new_system"
}

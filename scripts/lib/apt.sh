# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Installs Debian packages, or only downloads them. To be sourced after common.sh.

# The output of the last command; apt_open_log sets it.
apt_log=/dev/null
# The suite chosen with apt_use, or empty for this machine's own package lists.
apt_suite=''
# Whether those lists have been refreshed; a command does so at most once.
apt_is_fresh=no

# Opens a log for this process alone, whose reasons for a failure must be its own. Its name is
# build/apt.log until another process opens one; then it is an open file without a name.
apt_open_log()
{
	local new

	[[ $apt_log == /dev/null ]] || return 0
	make_dir "${build:?}"
	new=$(mktemp "$build/.apt.log.XXXXXX") || die "cannot write to $build: is the disk full?"
	exec {apt_log_fd}>"$new"
	chmod 644 "$new"
	own "$new"
	mv -f "$new" "$build/apt.log"
	apt_log=/proc/$BASHPID/fd/$apt_log_fd
}

# need_root PURPOSE
need_root()
{
	((EUID == 0)) || command -v sudo >/dev/null ||
		die "must be root to $1, and sudo is not installed"
}

as_root()
{
	if ((EUID == 0)); then
		"$@"
	else
		sudo ${APT_CONFIG:+"APT_CONFIG=$APT_CONFIG"} "$@"
	fi
}

apt_no_space='No space left|enough free space|Disk quota exceeded|cannot write|unable to write|Write error'
apt_no_sudo='is not in the sudoers file|is not allowed to (run|execute)|may not run sudo'
apt_no_network='Could not resolve|Temporary failure|Could not connect|Cannot initiate|unreachable|timed out|refused'

# Prints the most useful line of apt's output; its last lines only say that it failed.
apt_reason()
{
	local pattern

	for pattern in "$apt_no_space" "$apt_no_sudo" "$apt_no_network" '^ +[0-9]{3} ' '^E:' '^(W|Err|sudo|tar):'; do
		grep -m 1 -iE "$pattern" "$apt_log" 2>/dev/null | sed 's/^ *//' && return
	done
	true
}

# apt_give_up WHAT: dies with the reason. On a full disk apt's log may be empty.
apt_give_up()
{
	local free reason

	free=$(df --block-size=1M --output=avail "$build" | tail -n 1)
	reason=$(apt_reason)
	if ((free < 2)) || grep -qiE "$apt_no_space" "$apt_log"; then
		die "$1: the disk is full, ${free// /} MB are free in $build${reason:+ ($reason)}"
	elif grep -qiE "$apt_no_sudo" "$apt_log"; then
		die "$1: you may not use sudo. As root: adduser $(id -un) sudo; then log in again ($reason)"
	elif grep -qiE "$apt_no_network" "$apt_log"; then
		die "$1: no network? $reason"
	fi
	die "$1: ${reason:-apt gives no reason; see build/apt.log}"
}

# Ignores apt's exit status: apt reports an unreachable server as success and a broken
# entry for an unrelated server as failure. Callers check whether apt then knows the
# package. With one retry an unreachable server costs seconds, not a quarter of a minute.
apt_refresh()
{
	local -a runner=(as_root)

	[[ $apt_is_fresh == no ]] || return 0
	apt_open_log
	if [[ $apt_suite ]]; then
		runner=()
	else
		need_root "refresh apt's package lists (apt-get update)"
	fi
	say "refreshing apt's package lists${apt_suite:+ of $apt_suite}"
	"${runner[@]}" apt-get -q -o Acquire::Retries=1 update >"$apt_log" 2>&1 || true
	apt_is_fresh=yes
}

# apt_site ARCHIVE: prints the mirror from which this machine gets ARCHIVE. Works with
# empty package lists (ReleaseInfo=no).
apt_site()
{
	# shellcheck disable=SC2016 # apt expands it
	apt-get indextargets -o APT::Get::IndexTargets::ReleaseInfo=no \
		--format '$(RELEASE) $(SITE)' 2>"$apt_log" |
		awk -v release="$1" '$1 == release { print $2; exit }'
}

# Prints the suite's name in this machine's sources. On sid the codename is that of the
# next release.
apt_host_suite()
{
	local name codename

	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	for name in "$codename" sid unstable stable testing; do
		[[ ! $name || ! $(apt_site "$name") ]] || break
	done
	echo "$name"
}

# apt_sources SUITE: prints the lines of a sources.list. Backports and sid have no
# separate security updates.
apt_sources()
{
	local machine keyring=/usr/share/keyrings/debian-archive-keyring.gpg site

	machine=$(apt_host_suite)
	site=$(apt_site "$machine")
	[[ $site ]] || die "apt's sources name no Debian suite, so the mirror is unknown"
	echo "deb [signed-by=$keyring] $site $1 main"
	[[ $1 == sid || $1 == *-backports ]] && return
	site=$(apt_site "$machine-security")
	# A sid machine has no security mirror; it is next to the main mirror.
	[[ $site || $machine != @(sid|unstable) ]] || site=$(apt_site "$machine")-security
	[[ ! $site ]] || echo "deb [signed-by=$keyring] $site $1-security main"
}

# apt_use SUITE: makes all later apt commands use that Debian suite, from this machine's
# mirror, for the architecture in use (use_arch). Sources, lists and cache are under
# build/apt/SUITE, so this machine's own stay untouched and no package counts as
# installed. The rest of its configuration (proxies) applies.
apt_use()
{
	local state=$build/apt/$1$of_arch sources

	apt_open_log
	make_dir "$state/lists/partial"
	make_dir "$state/cache/archives/partial"
	lock "apt-$1$of_arch"
	sources=$(apt_sources "$1")
	echo "$sources" >"$state/sources.list"
	: >"$state/status"
	: >"$state/apt.conf"
	# The user's configuration applies as well as that in /etc.
	[[ ! -r ${APT_CONFIG:-} ]] ||
		echo "#include \"$(realpath "$APT_CONFIG")\";" >"$state/apt.conf"
	cat >>"$state/apt.conf" <<-END
		Dir::Etc::SourceList "$state/sources.list";
		Dir::Etc::SourceParts "/dev/null";
		Dir::Etc::Preferences "/dev/null";
		Dir::Etc::PreferencesParts "/dev/null";
		Dir::State::Lists "$state/lists";
		Dir::State::status "$state/status";
		Dir::Cache "$state/cache";
		APT::Sandbox::User "root";
		Acquire::Languages "none";
	END
	# NAME:ARCH is a package of this machine's architecture.
	[[ ! $of_arch ]] || cat >>"$state/apt.conf" <<-END
		APT::Architecture "${arch:?}";
		APT::Architectures { "$arch"; "${host_arch:?}"; };
	END
	export APT_CONFIG=$state/apt.conf
	apt_suite=$1 apt_is_fresh=no
	# Kernels change often, and refreshing unchanged lists costs little.
	apt_refresh
}

# apt_known PACKAGE...: prints those that apt knows
apt_known()
{
	apt-cache show --no-all-versions "$@" 2>/dev/null | sed -n 's/^Package: //p' | sort -u
}

# apt_names PACKAGE...: prints, for each NAME|NAME, the one that apt knows or the last one
apt_names()
{
	local names name known

	# shellcheck disable=SC2068,SC2086 # one word for each name
	known=$(apt_known ${@//|/ })
	for names; do
		for name in ${names//|/ }; do
			! grep -qxF "$name" <<<"$known" || break
		done
		echo "$name"
	done
}

# apt_unknown PACKAGE...: prints those that apt does not know
apt_unknown()
{
	local -a names

	mapfile -t names < <(apt_names "${@%:*}")
	comm -23 <(printf '%s\n' "${names[@]}" | sort -u) <(apt_known "${names[@]}")
}

# apt_need PACKAGE...: dies if apt does not know one. A fresh machine has empty lists.
apt_need()
{
	local unknown

	apt_open_log
	[[ $(apt_unknown "$@") ]] || return 0
	apt_refresh
	unknown=$(apt_unknown "$@")
	[[ ! $unknown ]] ||
		apt_give_up "unknown to apt: package '${unknown//$'\n'/"', '"}'"
}

apt_try_install()
{
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		--no-install-recommends install "$@" >"$apt_log" 2>&1 </dev/null
}

# apt_retry COMMAND...: if the command fails, refreshes the lists and runs it again,
# because outdated lists are the usual reason. There is no second attempt if the lists
# are fresh, the disk is full, sudo is not allowed or the server does not answer: it would
# fail again.
apt_retry()
{
	"$@" && return
	[[ $apt_is_fresh == no ]] && ! grep -qiE "$apt_no_space|$apt_no_sudo|$apt_no_network" "$apt_log" || return
	apt_refresh
	"$@"
}

apt_install()
{
	local -a chosen

	need_root "install $*"
	apt_need "$@"
	mapfile -t chosen < <(apt_names "$@")
	say "... and their dependencies; this may take a minute (log: build/apt.log)"
	apt_retry apt_try_install "${chosen[@]}" ||
		apt_give_up "could not install ${chosen[*]}"
}

# apt's sandbox user cannot write to our folder.
apt_try_fetch()
{
	local dir=$1

	shift
	(cd "$dir" && apt-get -q -o APT::Sandbox::User=root \
		-o Acquire::Retries=2 download "$@") >"$apt_log" 2>&1
}

# apt_fetch DIRECTORY PACKAGE...
apt_fetch()
{
	local dir=$1

	shift
	apt_need "$@"
	say "downloading $*"
	apt_retry apt_try_fetch "$dir" "$@" || apt_give_up "could not download $*"
}

# apt_depends PACKAGE PATTERN: prints the direct dependencies that match; fails if there
# are none
apt_depends()
{
	apt-cache depends "$1" | sed -n 's/^ *Depends: //p' | grep -E "$2"
}

# apt_unpack FOLDER SUITE ARCH PACKAGES: unpacks these packages of that suite, separated by
# commas, and all that they depend on. Needs no root, because nothing is installed.
# Everything goes to /usr, as on this machine, also the files that older packages keep
# elsewhere. mmdebstrap ignores this machine's configuration, which may name proxies.
apt_unpack()
{
	local sources
	# The link to awk is normally made by the installation.
	# shellcheck disable=SC2016 # it is mmdebstrap that runs it
	local prepare='cd "$1"
		for folder in bin sbin lib lib64; do
			mkdir -p "usr/$folder" && ln -s "usr/$folder" "$folder" || exit
		done
		mkdir -p usr/local usr/src && ln -s mawk usr/bin/awk'

	"${scripts:?}/setup/install-tools" root
	apt_open_log
	sources=$(apt_sources "$2")
	apt-config dump | grep '^Acquire::' >"$1.conf"
	mmdebstrap --mode=chrootless --variant=extract --aptopt="$1.conf" \
		--architectures="$3" --setup-hook="$prepare" --include="$4" \
		"$2" "$1" - <<<"$sources" 2>&1 |
		tee "$apt_log" | sed -un 's/^I: \([a-z]*ing .*\.\.\.\)$/    \1/p' >&2 ||
		apt_give_up "could not unpack ${4%%,*} of $2"
}

# apt_root NAME WHAT MB SUITE ARCH PACKAGES: makes build/roots/NAME with apt_unpack, unless
# it is there. WHAT it is, and the MB that it takes, are for messages. Keeps the lock, and
# sets the EXIT trap.
apt_root()
{
	local place=${build:?}/roots/$1 work

	[[ ! -e $place ]] || return 0
	lock "root-$1"
	[[ ! -e $place ]] || return 0
	say "setting up $2 in ${place#"${top:?}"/} (once)"
	make_dir "$build/roots"
	need_space "$build" "$3" "$2 with all dependencies"
	work=$(mktemp -d "$build/roots/.$1.XXXXXX")
	# shellcheck disable=SC2064 # the value now is meant
	trap "rm -rf '$work' '$work.conf'" EXIT
	apt_unpack "$work" "$4" "$5" "$6"
	chmod 755 "$work"
	mv -T "$work" "$place"
}

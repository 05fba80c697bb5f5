# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Debian's packages: install some, or only fetch and unpack them. To be sourced
# after common.sh.

apt_log=${build:?}/apt.log
# Empty: this machine's own lists, else the suite that apt_use has chosen.
apt_suite=''
# Whether those lists have been refreshed: once is enough for a command.
apt_is_fresh=no

# need_root PURPOSE
need_root()
{
	((EUID == 0)) || command -v sudo >/dev/null ||
		die "needs root to $1, but this is not root and there is no sudo"
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
apt_no_network='Could not resolve|Temporary failure|Could not connect|Cannot initiate|unreachable|timed out|refused'

# The line of apt's that tells most: its last ones only say that something failed.
apt_reason()
{
	local pattern

	for pattern in "$apt_no_space" "$apt_no_network" '^ +[0-9]{3} ' '^E:' '^(W|Err|sudo|tar):'; do
		grep -m 1 -iE "$pattern" "$apt_log" 2>/dev/null | sed 's/^ *//' && return
	done
	true
}

# apt_give_up WHAT: with the reason. A full disk has no room for apt's own words.
apt_give_up()
{
	local free reason

	free=$(df --block-size=1M --output=avail "$build" | tail -n 1)
	reason=$(apt_reason)
	if ((free < 2)) || grep -qiE "$apt_no_space" "$apt_log"; then
		die "$1: the disk is full, ${free// /} MB are free in $build${reason:+ ($reason)}"
	elif grep -qiE "$apt_no_network" "$apt_log"; then
		die "$1: no network? $reason"
	fi
	die "$1: ${reason:-apt gives no reason, see build/apt.log}"
}

# apt's exit status is no use here: it reports an unreachable server as success
# and a broken entry for somebody else's server as failure. Whether the package
# is known afterwards is what counts. One retry: a server that does not answer is
# waited for in seconds, not in a quarter of a minute.
apt_refresh()
{
	local -a runner=(as_root)

	[[ $apt_is_fresh == no ]] || return 0
	if [[ $apt_suite ]]; then
		runner=()
	else
		need_root "refresh apt's package lists (apt-get update)"
	fi
	say "refreshing apt's package lists${apt_suite:+ of $apt_suite}"
	"${runner[@]}" apt-get -q -o Acquire::Retries=1 update >"$apt_log" 2>&1 || true
	apt_is_fresh=yes
}

# apt_site ARCHIVE: where this machine gets that part of Debian from. Its lists
# may be empty: only what is asked for counts (ReleaseInfo=no).
apt_site()
{
	# shellcheck disable=SC2016 # apt expands it
	apt-get indextargets -o APT::Get::IndexTargets::ReleaseInfo=no \
		--format '$(RELEASE) $(SITE)' 2>"$apt_log" |
		awk -v release="$1" '$1 == release { print $2; exit }'
}

# The name that this machine's sources have for its suite. On sid the codename is that
# of the release to come.
apt_machine()
{
	local name codename

	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	for name in "$codename" sid unstable stable testing; do
		[[ ! $name || ! $(apt_site "$name") ]] || break
	done
	echo "$name"
}

# apt_sources SUITE: the lines of a sources.list. Backports and sid have no
# security updates of their own.
apt_sources()
{
	local machine keyring=/usr/share/keyrings/debian-archive-keyring.gpg site

	machine=$(apt_machine)
	site=$(apt_site "$machine")
	[[ $site ]] || die "apt's sources have no suite of Debian to take the mirror from"
	echo "deb [signed-by=$keyring] $site $1 main"
	[[ $1 == sid || $1 == *-backports ]] && return
	site=$(apt_site "$machine-security")
	# Where this machine is sid, it has no such mirror: beside the other one it is.
	[[ $site || $machine != @(sid|unstable) ]] || site=$(apt_site "$machine")-security
	[[ ! $site ]] || echo "deb [signed-by=$keyring] $site $1-security main"
}

# apt_use SUITE: from here on all that is asked of apt is about that suite of
# Debian, from this machine's mirror. Sources, lists and cache are under
# build/apt/SUITE, so this machine's own are not touched, and nothing is taken as
# installed; the rest of its configuration (proxies) holds.
apt_use()
{
	local state=$build/apt/$1 sources

	make_dir "$state/lists/partial"
	make_dir "$state/cache/archives/partial"
	lock "apt-$1"
	sources=$(apt_sources "$1")
	echo "$sources" >"$state/sources.list"
	: >"$state/status"
	: >"$state/apt.conf"
	# Somebody's own configuration holds too, beside that in /etc.
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
	export APT_CONFIG=$state/apt.conf
	apt_suite=$1 apt_is_fresh=no
	# Always: kernels change often, and lists that have not changed cost little.
	apt_refresh
}

# apt_known PACKAGE...: those of them that apt knows
apt_known()
{
	apt-cache show --no-all-versions "$@" 2>/dev/null | sed -n 's/^Package: //p' | sort -u
}

# apt_names PACKAGE...: of each NAME|NAME the one that apt knows, else the last one
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

# apt_unknown PACKAGE...: those of them that apt does not know
apt_unknown()
{
	local -a names

	mapfile -t names < <(apt_names "$@")
	comm -23 <(printf '%s\n' "${names[@]}" | sort -u) <(apt_known "${names[@]}")
}

# Fresh machines come with empty package lists.
apt_need()
{
	local unknown

	make_dir "$build"
	[[ $(apt_unknown "$@") ]] || return 0
	apt_refresh
	unknown=$(apt_unknown "$@")
	[[ ! $unknown ]] ||
		apt_give_up "apt knows no package '${unknown//$'\n'/"', '"}'"
}

apt_try_install()
{
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		--no-install-recommends install "$@" >"$apt_log" 2>&1 </dev/null
}

# Lists that are older than what the server still has are the usual reason for a
# failure, so a failure is followed by a refresh and a second attempt. Not where the
# lists are fresh, the disk is full or the server does not answer: that would fail in
# the same way.
apt_twice()
{
	"$@" && return
	[[ $apt_is_fresh == no ]] && ! grep -qiE "$apt_no_space|$apt_no_network" "$apt_log" || return
	apt_refresh
	"$@"
}

apt_install()
{
	local -a chosen

	need_root "install $*"
	apt_need "$@"
	mapfile -t chosen < <(apt_names "$@")
	say "... with what they need; this may take a minute, build/apt.log tells more"
	apt_twice apt_try_install "${chosen[@]}" ||
		apt_give_up "could not install ${chosen[*]}"
}

# The sandbox user could not write to our folder.
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
	say "fetching $*"
	apt_twice apt_try_fetch "$dir" "$@" || apt_give_up "could not fetch $*"
}

# apt_depends PACKAGE PATTERN: those of its direct dependencies that match; fails
# if there are none
apt_depends()
{
	apt-cache depends "$1" | sed -n 's/^ *Depends: //p' | grep -E "$2"
}

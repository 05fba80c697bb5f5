# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Debian's packages: install some, or only fetch and unpack them. To be sourced
# after common.sh.

apt_log=${build:?}/apt.log
# Empty: this machine's own lists, else the suite that apt_use has chosen.
apt_suite=''

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
		sudo "$@"
	fi
}

# The reason that apt gave last, for a sentence of ours.
apt_reason()
{
	grep -E '^(E|W|Err|sudo):' "$apt_log" | tail -n 1 || true
}

# apt's exit status is no use here: it reports an unreachable server as success
# and a broken entry for somebody else's server as failure. Whether the package
# is known afterwards is what counts.
apt_refresh()
{
	local -a runner=(as_root)

	if [[ $apt_suite ]]; then
		runner=()
	else
		need_root "refresh apt's package lists (apt-get update)"
	fi
	say "refreshing apt's package lists${apt_suite:+ of $apt_suite}"
	"${runner[@]}" apt-get -q update >"$apt_log" 2>&1 || true
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

# apt_sources SUITE: the lines of a sources.list. Backports and sid have no
# security updates of their own.
apt_sources()
{
	local machine keyring=/usr/share/keyrings/debian-archive-keyring.gpg site

	machine=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	site=$(apt_site "$machine")
	[[ $site ]] || die "apt's sources have no Debian '$machine' to take the mirror from"
	echo "deb [signed-by=$keyring] $site $1 main"
	[[ $1 == sid || $1 == *-backports ]] && return
	site=$(apt_site "$machine-security")
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
	cat >"$state/apt.conf" <<-END
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
	apt_suite=$1
	# Always: kernels change often, and lists that have not changed cost little.
	apt_refresh
}

# apt_unknown PACKAGE...: those of them that apt does not know
apt_unknown()
{
	comm -23 <(printf '%s\n' "$@" | sort -u) \
		<(apt-cache show --no-all-versions "$@" 2>/dev/null |
			sed -n 's/^Package: //p' | sort -u)
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
		die "apt knows no package '${unknown//$'\n'/"', '"}': no network, or not Debian 12? $(apt_reason)"
}

apt_try_install()
{
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		--no-install-recommends install "$@" >"$apt_log" 2>&1 </dev/null
}

# Lists that are older than what the server still has are the usual reason for a
# failure, so a failure is followed by a refresh and a second attempt.
apt_install()
{
	need_root "install $*"
	apt_need "$@"
	say "... with what they need; this may take a minute, build/apt.log tells more"
	apt_try_install "$@" && return
	apt_refresh
	apt_try_install "$@" ||
		die "apt could not install $*: no network, or no disk space? $(apt_reason)"
}

# The sandbox user could not write to our folder.
apt_try_fetch()
{
	local dir=$1

	shift
	(cd "$dir" && apt-get -q -o APT::Sandbox::User=root \
		-o Acquire::Retries=3 download "$@") >"$apt_log" 2>&1
}

# apt_fetch DIRECTORY PACKAGE...
apt_fetch()
{
	local dir=$1

	shift
	apt_need "$@"
	say "fetching $*"
	apt_try_fetch "$dir" "$@" && return
	apt_refresh
	apt_try_fetch "$dir" "$@" ||
		die "could not fetch $*: no network, or no disk space? $(apt_reason)"
}

# apt_depends PACKAGE PATTERN: those of its direct dependencies that match; fails
# if there are none
apt_depends()
{
	apt-cache depends "$1" | sed -n 's/^ *Depends: //p' | grep -E "$2"
}

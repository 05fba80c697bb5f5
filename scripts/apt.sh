# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Debian's packages: install some, or only fetch and unpack them. To be sourced
# after common.sh.

apt_log=${build:?}/apt.log

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
	need_root "refresh apt's package lists (apt-get update)"
	say "refreshing apt's package lists"
	as_root apt-get -q update >"$apt_log" 2>&1 || true
}

apt_knows()
{
	[[ -n $(apt-cache show --no-all-versions "$@" 2>/dev/null) ]]
}

# Fresh machines come with empty package lists.
apt_need()
{
	local package

	make_dir "$build"
	for package; do
		apt_knows "$package" || {
			apt_refresh
			break
		}
	done
	for package; do
		apt_knows "$package" ||
			die "apt knows no package '$package': no network, or not Debian 12? $(apt_reason)"
	done
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

# apt_depends PACKAGE PATTERN: those of its direct dependencies that match
apt_depends()
{
	apt-cache depends "$1" | sed -n 's/^ *Depends: //p' | grep -E "$2" ||
		die "package $1 depends on nothing like '$2', as it should"
}

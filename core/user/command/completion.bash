# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Completes the arguments of msgbox(1) in bash. It needs nothing from the package
# bash-completion, which loads it from share/bash-completion/completions/msgbox.

# _msgbox_words WORD...: offers those that begin with what is typed
_msgbox_words()
{
	mapfile -t COMPREPLY < <(compgen -W "$*" -- "$current")
}

_msgbox_files()
{
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -f -- "$current")
}

# Bash replaces only what follows a colon, and would double what is before it. A URL goes on
# where the offer ends.
_msgbox_urls()
{
	_msgbox_words kernel: redis:// rediss:// redis+unix:/// valkey:// valkeys:// valkey+unix:///
	[[ ${COMPREPLY[*]} == kernel: ]] || compopt -o nospace 2>/dev/null
	[[ $COMP_WORDBREAKS != *:* ]] || COMPREPLY=("${COMPREPLY[@]#"${current%"${current##*:}"}"}")
}

# _msgbox_value OPTION: completes the value of an option. Returns 1 if it takes none.
_msgbox_value()
{
	case $1 in
	--box) _msgbox_urls ;;
	--file | -f) _msgbox_files ;;
	--on-failure) _msgbox_words put-back drop stop ;;
	--timeout | -n) ;;
	*) return 1 ;;
	esac
}

# _msgbox_options COMMAND
_msgbox_options()
{
	local form='--raw --null --lengths --json -r -0 -L -j'

	case $1 in
	put) _msgbox_words --file --lines --null -f -l -0 --box --help -h ;;
	get) _msgbox_words -n --all "$form" --box --help -h ;;
	wait) _msgbox_words --timeout -n "$form" --box --help -h ;;
	exec) _msgbox_words -n --all --timeout --wait --on-failure --box --help -h ;;
	stat) _msgbox_words --watch --json -j --box --help -h ;;
	drain) _msgbox_words --count --box --help -h ;;
	*) _msgbox_words --box --help --version -h ;;
	esac
}

# _msgbox_find WORD...: sets command to the first argument that is not an option, and program
# to the second one, which exec runs
_msgbox_find()
{
	while (($#)); do
		case $1 in
		--box | --timeout | --on-failure | --file | -n | -f) shift ;;
		-*) ;;
		*)
			if [[ $command ]]; then
				program=$1
				return
			fi
			command=$1
			;;
		esac
		shift
	done
}

_msgbox()
{
	local words current previous command='' program=''

	# Not COMP_WORDS, which bash has also split at = and :.
	read -ra words <<<"${COMP_LINE:0:COMP_POINT}"
	[[ ${COMP_LINE:0:COMP_POINT} != *[[:space:]] ]] || words+=('')
	current=${words[-1]}
	previous=${words[-2]}
	_msgbox_find "${words[@]:1:${#words[@]}-2}"
	COMPREPLY=()
	if [[ $command == exec && $program ]]; then
		_msgbox_files
	elif [[ $current == --*=* ]]; then
		previous=${current%%=*} current=${current#*=}
		_msgbox_value "$previous"
	elif _msgbox_value "$previous"; then
		:
	elif [[ $current == -* ]]; then
		_msgbox_options "$command"
	elif [[ ! $command ]]; then
		_msgbox_words put get wait exec stat drain
	elif [[ $command == exec ]]; then
		mapfile -t COMPREPLY < <(compgen -c -- "$current")
	fi
}

complete -F _msgbox msgbox

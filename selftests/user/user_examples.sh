#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# user_examples.sh: tests the Python module and the examples of core/user with a box on a
# server, and that those for the kernel's box alone say so when the module is not loaded.
# user_bare.sh tests those in a virtual machine. Prints TAP.
#
#   MSGBOX_URL  an empty box on a server; without it, the script starts a Redis server
#   PYTHON      the interpreter (/usr/bin/python3, for which Debian packages modules)

# The tests are called by name, from a list.
# shellcheck disable=SC2317

set -uo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
examples=$top/core/user/examples
python=${PYTHON:-/usr/bin/python3}
warnings=(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
# Longer than any of the programs needs.
limit=120
server=

tests=(
	"c_builds          C: compiles without warnings"
	"c_works           C: puts and gets"
	"c_fails           C: a wrong URL and a missing server give an error"
	"cxx_builds        C++: compiles without warnings, as C++11 and as C++20"
	"cxx_works         C++: puts and gets"
	"cxx_fails         C++: a wrong URL and a missing server give an error"
	"rust_builds       Rust: compiles without warnings, with rustc alone"
	"rust_works        Rust: puts and gets"
	"rust_fails        Rust: a wrong URL and a missing server give an error"
	"shell_talks       shell: one shell hears what another one says"
	"shell_fails       shell: wrong arguments and a missing server give an error"
	"go_builds         Go: gofmt, go vet and go build are content, without a download"
	"perl_compiles     Perl: compiles without warnings"
	"bare_fails        C, Go and Perl: without the module, an error says to load it"
	"library_fails     C, C++ and Rust: without the module, an error says to load it"
	"python_compiles   Python: compiles without warnings"
	"python_works      Python: test_msgbox.py passes"
	"python_wheel      Python: the wheel builds without the network, with the module's version"
	"python_installed  Python: the example works with the installed wheel"
	"python_fails      Python: a wrong URL and a missing server or module give an error"
	"python_found      Python: make install puts the module where the interpreter looks for it"
)

note()
{
	echo "# ${*//$'\n'/$'\n'# }"
}

give_up()
{
	echo "Bail out! $*"
	exit 1
}

# needs COMMAND PACKAGE
needs()
{
	command -v "$1" >/dev/null || {
		note "$1 not found: apt-get install $2"
		return 1
	}
}

# is WHAT EXPECTED FOUND
is()
{
	[[ $2 == "$3" ]] || {
		note "$1: expected: $2"
		note "$1: found: $3"
		return 1
	}
}

# runs COMMAND...: it must succeed. Its output goes to $tmp/output, and is shown if it fails.
runs()
{
	timeout "$limit" "$@" >"$tmp/output" 2>&1 </dev/null || {
		note "status $? of: $*"
		note "$(<"$tmp/output")"
		return 1
	}
}

# says_nothing COMMAND...: it must succeed and print nothing
says_nothing()
{
	runs "$@" && is "output of $*" '' "$(<"$tmp/output")"
}

# fails_with PATTERN COMMAND...: it must fail with an error that matches, on standard error
fails_with()
{
	local pattern=$1 status=0 errors output

	shift
	output=$(timeout "$limit" "$@" 2>"$tmp/errors" </dev/null) || status=$?
	errors=$(<"$tmp/errors")
	is "output of $*" '' "$output" || return
	[[ $status != 0 && $status -lt 124 && $errors =~ $pattern ]] || {
		note "$*: status $status, errors: $errors"
		note "expected: a failure with $pattern"
		return 1
	}
	is "lines of errors of $*" 1 "$(wc -l <"$tmp/errors")"
}

# box_is_empty: messages that a test has left would reach the next one
box_is_empty()
{
	is 'messages left' 0 "$(msgbox --box "$url" drain --count 2>&1)"
}

# says_hello COMMAND [ARGUMENT...]: with the URL as an argument and from the environment
says_hello()
{
	runs "$@" "$url" && is "output of $1 URL" hello "$(<"$tmp/output")" &&
		runs env MSGBOX_URL="$url" "$@" &&
		is "output of $1 with MSGBOX_URL" hello "$(<"$tmp/output")" && box_is_empty
}

# fails_clearly PROGRAM
fails_clearly()
{
	fails_with 'the URL must' "$1" nonsense &&
		# Nothing listens on port 1.
		fails_with '127\.0\.0\.1:1' "$1" redis://127.0.0.1:1/key
}

# wants_module PROGRAM...: each says that the module has to be loaded
wants_module()
{
	local program

	[[ ! -d /sys/module/dm510_msgbox ]] ||
		give_up 'the module is loaded here: sudo make unload'
	for program; do
		fails_with 'dm510_msgbox.*load' "$program" || return
	done
}

# --- C and C++

c_builds()
{
	needs gcc gcc &&
		says_nothing gcc "${warnings[@]}" "${paths[@]}" -o "$tmp/hello_c" "$examples/c/hello.c" -lmsgbox &&
		says_nothing gcc "${warnings[@]}" -o "$tmp/bare_c" "$examples/c/bare.c"
}

c_works()
{
	says_hello "$tmp/hello_c"
}

c_fails()
{
	fails_clearly "$tmp/hello_c"
}

cxx_builds()
{
	local standard

	needs g++ g++ || return
	for standard in 20 11; do
		says_nothing g++ "-std=c++$standard" "${warnings[@]}" "${paths[@]}" \
			-o "$tmp/hello_cxx" "$examples/cxx/hello.cc" -lmsgbox || return
	done
}

cxx_works()
{
	says_hello "$tmp/hello_cxx"
}

cxx_fails()
{
	fails_clearly "$tmp/hello_cxx"
}

# --- Rust

rust_builds()
{
	needs rustc rustc &&
		says_nothing rustc --edition 2021 -D warnings -L "$library" -C link-arg="-Wl,-rpath,$library" \
			-o "$tmp/hello_rust" "$examples/rust/hello.rs"
}

rust_works()
{
	says_hello "$tmp/hello_rust"
}

rust_fails()
{
	fails_clearly "$tmp/hello_rust"
}

# --- shell

# hears LINES: waits until the listener has printed them
hears()
{
	local i

	for ((i = 0; i < limit * 10; i++)); do
		[[ $(<"$tmp/heard") != "$1" ]] || return 0
		sleep 0.1
	done
	is 'heard' "$1" "$(<"$tmp/heard")"
}

shell_talks()
{
	local listener status=0 talk=$examples/shell/talk.sh

	needs shellcheck shellcheck && says_nothing shellcheck "$talk" || return
	MSGBOX_URL=$url timeout "$limit" "$talk" listen >"$tmp/heard" &
	listener=$!
	{
		runs env MSGBOX_URL="$url" "$talk" say hello && hears hello &&
			runs env MSGBOX_URL="$url" "$talk" say -n && hears $'hello\n-n' &&
			runs env MSGBOX_URL="$url" "$talk" say bye
	} || kill "$listener"
	wait "$listener" || status=$?
	is 'status of the listener' 0 "$status" && box_is_empty
}

shell_fails()
{
	local talk=$examples/shell/talk.sh

	fails_with '^usage: ' "$talk" && fails_with '^usage: ' "$talk" sing &&
		MSGBOX_URL=redis://127.0.0.1:1/key fails_with '127\.0\.0\.1:1' "$talk" say hello &&
		MSGBOX_URL=redis://127.0.0.1:1/key fails_with '127\.0\.0\.1:1' "$talk" listen
}

# --- Go and Perl

go_builds()
{
	local -x GOCACHE=$tmp/go-cache GOPATH=$tmp/go GOPROXY=off GOTOOLCHAIN=local CGO_ENABLED=0
	local -x GOFLAGS=-buildvcs=false

	needs go golang-go && needs gofmt golang-go && cd "$examples/go" &&
		says_nothing gofmt -l . && says_nothing go vet . && says_nothing go build -o "$tmp/hello_go" .
}

perl_compiles()
{
	needs perl perl && runs perl -wc "$examples/perl/bare.pl" &&
		is 'perl -wc' "$examples/perl/bare.pl syntax OK" "$(<"$tmp/output")"
}

bare_fails()
{
	wants_module "$tmp/bare_c" "$tmp/hello_go" "$examples/perl/bare.pl"
}

library_fails()
{
	wants_module "$tmp/hello_c" "$tmp/hello_cxx" "$tmp/hello_rust"
}

# --- Python

python_compiles()
{
	needs "$python" python3 || return
	cp "$top/core/user/python/"*.py "$tmp/python"
	says_nothing "$python" -W error -m compileall -q "$tmp/python"
}

python_works()
{
	local status=0

	cd "$top/core/user/python" || return
	MSGBOX_URL=$url PYTHONDONTWRITEBYTECODE=1 timeout 300 \
		"$python" -W error -m unittest -v test_msgbox >"$tmp/output" 2>&1 || status=$?
	note "$(<"$tmp/output")"
	is 'status of unittest' 0 "$status" &&
		grep -q '^Ran [1-9][0-9]* tests in' "$tmp/output" &&
		! grep -q 'skipped' "$tmp/output" && box_is_empty
}

# --isolated: whatever pip's settings on this machine are.
python_wheel()
{
	local version

	version=$(sed -n 's/^MODULE_VERSION("\(.*\)");$/\1/p' "$top/core/main.c")
	"$python" -m pip --version >/dev/null 2>&1 || {
		note 'pip not found: apt-get install python3-pip python3-setuptools python3-wheel'
		return 1
	}
	cp "$top/core/user/python/"{msgbox.py,pyproject.toml} "$tmp/source"
	runs "$python" -m pip --isolated wheel --no-index --no-build-isolation --no-deps \
		--wheel-dir "$tmp/wheels" "$tmp/source" &&
		is 'the wheel' "msgbox-$version-py3-none-any.whl" "$(ls "$tmp/wheels")"
}

python_installed()
{
	runs "$python" -m pip --isolated install --no-index --no-deps --root-user-action ignore \
		--target "$tmp/site" "$tmp/wheels/"*.whl &&
		runs env PYTHONPATH="$tmp/site" "$python" -c 'import msgbox; print(msgbox.__file__)' &&
		is 'the module' "$tmp/site/msgbox.py" "$(<"$tmp/output")" &&
		PYTHONPATH=$tmp/site says_hello "$python" -W error "$examples/python/hello.py"
}

python_fails()
{
	local -x PYTHONPATH=$tmp/site

	fails_clearly "$examples/python/hello.py" && wants_module "$examples/python/hello.py"
}

# For the usual prefixes.
python_found()
{
	local prefix folder

	for prefix in /usr /usr/local; do
		make_user PREFIX="$prefix" DESTDIR="$tmp/root" install || return
		folder=$(cd "$tmp/root" && find ".$prefix" -name msgbox.py -printf '%h\n')
		"$python" -c 'import sys; sys.exit(sys.argv[1] not in sys.path)' "${folder#.}" || {
			note "not in Python's sys.path: ${folder#.}"
			return 1
		}
		rm -rf "$tmp/root"
	done
}

# --- setup

# make_user ARGUMENT...: in a folder of its own, as others may build with other flags
make_user()
{
	make -C "$top/core/user" OUTPUT="$tmp/user" HIREDIS=yes "$@" >"$tmp/output" 2>&1 </dev/null || {
		note "$(<"$tmp/output")"
		return 1
	}
}

# Installs the library as a user does, but not for the machine.
install_library()
{
	local library_file

	make_user -j "$(nproc)" PREFIX="$tmp/prefix" install ||
		give_up 'core/user does not build or install; see the errors above'
	library_file=$(find "$tmp/prefix" -name libmsgbox.so.0)
	[[ $library_file ]] || give_up 'make install has not installed libmsgbox.so.0'
	library=${library_file%/*}
	paths=(-I "$tmp/prefix/include" -L "$library" "-Wl,-rpath,$library")
	export LD_LIBRARY_PATH=$library PATH=$tmp/prefix/bin:$PATH
	unset LIBMSGBOX_PATH
}

start_server()
{
	local i

	url=${MSGBOX_URL:-redis+unix://$tmp/socket?key=examples}
	# The tests set it where it matters.
	unset MSGBOX_URL
	[[ $url == *"$tmp/socket"* ]] || return 0
	needs redis-server redis-server || give_up 'there is no server'
	redis-server --port 0 --unixsocket "$tmp/socket" --save '' --dir "$tmp" >"$tmp/server.log" &
	server=$!
	for ((i = 0; i < 100; i++)); do
		[[ ! -S $tmp/socket ]] || return 0
		sleep 0.1
	done
	give_up "the server does not start: $(<"$tmp/server.log")"
}

clean_up()
{
	[[ ! $server ]] || kill "$server"
	rm -rf "$tmp"
}

tmp=$(mktemp -d)
trap clean_up EXIT
trap 'exit 1' HUP INT TERM
mkdir "$tmp/"{python,source}
echo 'TAP version 13'
echo "1..${#tests[@]}"
install_library
start_server
box_is_empty || give_up "the box is not empty: $url"
status=0
number=0
for test in "${tests[@]}"; do
	read -r function description <<<"$test"
	number=$((number + 1))
	result='not ok'
	# In a subshell, as some change the folder; a Bail out there ends all.
	if output=$("$function"); then
		result=ok
	else
		status=1
	fi
	[[ ! $output ]] || echo "$output"
	[[ $output != 'Bail out!'* ]] || exit 1
	echo "$result $number $description"
done
exit $status

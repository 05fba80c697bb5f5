#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The examples of core/user that use the kernel's box, one for each language: they put and
# get with the module's numbers, whatever these are, and without the module they say so.

# The tests are called by name, from a list.
# shellcheck disable=SC2317

# shellcheck source=selftests/lib/lib.sh
. "$(dirname "$0")/lib.sh"

# What the room's Makefile has built.
languages=$(cat "$here/user_bare.languages")
[ -n "$languages" ] || give_up 'no example has been built'

# The interpreter that has been copied here.
home=$here/user_bare_python
python="env PYTHONHOME=$home PYTHONPATH=$home/core/user/python PYTHONDONTWRITEBYTECODE=1
	LIBMSGBOX_PATH=$home/libmsgbox.so.0 $home/python3 -W error"

# run_example LANGUAGE: its errors go to $tmp/errors
run_example()
{
	case $1 in
	c) program=$here/user_bare_c ;;
	go) program=$here/user_bare_go ;;
	rust) program=$here/user_bare_rust ;;
	perl) program="$here/user_bare_perl/perl -I$here/user_bare_perl $here/user_bare_perl/bare.pl" ;;
	python) program="$python $home/hello.py" ;;
	*) program=not_a_language ;;
	esac
	# shellcheck disable=SC2086 # split into words
	timeout 60 $program 2>"$tmp/errors" </dev/null
}

# Those in Go and Perl also wait for a message at the device.
expected_of()
{
	echo hello
	case $1 in
	go | perl) echo 'hello again' ;;
	esac
}

says_hello()
{
	output=$(run_example "$1")
	is "exit status of the example in $1" 0 $? &&
		is "output of the example in $1" "$(expected_of "$1")" "$output" && return 0
	sed 's/^/# /' "$tmp/errors"
	return 1
}

box_is_empty()
{
	is 'get from the empty box' ENODATA "$("$here/call" get)"
}

# puts_and_gets LANGUAGE
puts_and_gets()
{
	load && says_hello "$1" && box_is_empty && unload
}

# looks_up_numbers LANGUAGE: the numbers of put and get change places
looks_up_numbers()
{
	insert "$ko" "put_nr=$get_nr" "get_nr=$put_nr" && says_hello "$1" &&
		with_numbers "$get_nr" "$put_nr" box_is_empty && unload
}

# needs_the_module LANGUAGE
needs_the_module()
{
	output=$(run_example "$1")
	ended=$?
	is "output of the example in $1 without the module" '' "$output" || return
	[ "$ended" -gt 0 ] && [ "$ended" -lt 124 ] &&
		grep -q 'dm510_msgbox.*load\|load.*dm510_msgbox' "$tmp/errors" && return 0
	sed 's/^/# /' "$tmp/errors"
	is "exit status of the example in $1, with an error that says to load the module" 'a failure' "$ended"
}

# passes_tests python: of the module msgbox.py, with the kernel's box
passes_tests()
{
	# shellcheck disable=SC2086 # split into words
	load && (
		cd "$home/core/user/python" &&
			MSGBOX_URL=kernel: $python -m unittest -v test_msgbox
	) >"$tmp/output" 2>&1 && unload
	ended=$?
	sed 's/^/# /' "$tmp/output"
	is 'exit status of the tests of msgbox.py' 0 "$ended" &&
		grep -q '^Ran [1-9][0-9]* tests in' "$tmp/output" && grep -q '^OK (skipped=2)' "$tmp/output"
}

tests=
for language in $languages; do
	tests="$tests
	puts_and_gets $language
	looks_up_numbers $language
	needs_the_module $language"
done
case " $languages " in
*' python '*) tests="$tests
	passes_tests python" ;;
esac
run_tests "$tests"

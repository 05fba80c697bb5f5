#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# user_command.sh [TEST...]: tests the command msgbox(1). Prints TAP.
#
#   MSGBOX  the command (default: msgbox beside this script)
#   BOX     the box: "kernel", or the URL of an empty one on a server. If it is "kernel" and
#           the module is not loaded, only tests that need no box are run.
#
# It is for any POSIX shell, with busybox's commands. Every test begins with an empty box and
# must leave it empty. Those of the kernel's box that change its limits need root.

# The tests are called by name, from a list. In most, `A && B || return` is what is meant.
# shellcheck disable=SC2317,SC2015

here=$(cd "$(dirname "$0")" && pwd)
msgbox=${MSGBOX:-$here/msgbox}
url=${BOX:-kernel}
module=/sys/module/dm510_msgbox
parameters=$module/parameters

[ "$url" != kernel ] || url=kernel:
echo 'TAP version 13'

give_up()
{
	echo "Bail out! $*"
	exit 1
}

[ -x "$msgbox" ] || give_up "$msgbox is not a program: set MSGBOX"
tmp=$(mktemp -d) || exit
trap 'rm -rf "$tmp"' EXIT
unset MSGBOX_URL
export TMPDIR="$tmp/tmpdir"
mkdir "$TMPDIR"

# --- helpers -------------------------------------------------------------------------

on_kernel()
{
	[ "$url" = kernel: ]
}

# note LINE...
note()
{
	printf '%s\n' "$@" | head -n 20 | cut -c 1-500 | sed 's/^/# /'
}

# is WHAT EXPECTED GOT
is()
{
	[ "$2" = "$3" ] && return
	note "$1: expected '$2', got '$3'"
	return 1
}

# same WHAT FILE FILE
same()
{
	cmp -s "$2" "$3" && return
	note "$1: expected what begins with" "$(head -c 200 "$2")" "got what begins with" "$(head -c 200 "$3")"
	return 1
}

# box COMMAND...: the command with the box, and its input, output and errors as they are
box()
{
	"$msgbox" --box "$url" "$@"
}

# says STATUS ERRORS COMMAND...: the command with the box ends with that status. Its output
# goes to $tmp/out, its errors to $tmp/err. They have to contain ERRORS, or be empty.
says()
{
	wanted=$1
	text=$2
	shift 2
	box "$@" >"$tmp/out" 2>"$tmp/err"
	ended_as "$wanted" "$text" $?
}

# ended_as STATUS ERRORS STATUS
ended_as()
{
	is 'exit status' "$1" "$3" || {
		note "$(cat "$tmp/err")"
		return 1
	}
	if [ -z "$2" ]; then
		is errors '' "$(cat "$tmp/err")"
	else
		grep -qF -- "$2" "$tmp/err" && return
		note "errors: expected '$2'" "$(cat "$tmp/err")"
		return 1
	fi
}

# prints TEXT COMMAND...: it succeeds, and prints that, with an end of line
prints()
{
	printf '%s\n' "$1" >"$tmp/wanted"
	shift
	says 0 '' "$@" && { same "$*" "$tmp/wanted" "$tmp/out" || {
		note "$(cat "$tmp/out")"
		return 1
	}; }
}

put()
{
	says 0 '' put -- "$@" && is 'output of put' '' "$(cat "$tmp/out")"
}

# holds NUMBER: discards so many messages
holds()
{
	is 'messages in the box' "$1" "$(box drain --count)"
}

# limited LIMIT VALUE: limits the box until unlimited. $url is then what has the limit.
limited()
{
	if on_kernel; then
		cat "$parameters/$1" >"$tmp/limit.$1"
		echo "$2" >"$parameters/$1"
	else
		case $url in
		*\?*) url="$url&$1=$2" ;;
		*) url="$url?$1=$2" ;;
		esac
	fi
}

unlimited()
{
	for limit in "$tmp"/limit.*; do
		[ -e "$limit" ] || continue
		cat "$limit" >"$parameters/${limit##*/limit.}"
		rm "$limit"
	done
	url=$whole_url
}

# as_signaled SIGNAL COMMAND...: the command runs in the foreground, because a shell ignores
# SIGINT in the background. Once it sleeps, it gets the signal. Sets $ended. Its errors go to
# $tmp/err, without what the shell says of the signal.
as_signaled()
{
	signal=$1
	shift
	rm -f "$tmp/pid"
	send_when_asleep "$signal" &
	# shellcheck disable=SC2016 # the inner shell expands it
	sh -c 'echo $$ >"$0/new"; mv "$0/new" "$0/pid"; exec "$@" 2>"$0/err"' "$tmp" "$@" 2>/dev/null
	ended=$?
	wait $!
}

# asleep PID: it is the command, and it sleeps
asleep()
{
	grep -q '^State:.*S' "/proc/$1/status" && is_command "$1"
}

# is_command PID: it is no longer the shell
is_command()
{
	read -r name <"/proc/$1/comm" && [ "$name" = "${msgbox##*/}" ]
}

# until_asleep PID: for a while, because it also sleeps while a server answers
until_asleep()
{
	tries=0
	in_a_row=0
	while [ $in_a_row -lt 10 ]; do
		if asleep "$1" 2>/dev/null; then
			in_a_row=$((in_a_row + 1))
		else
			in_a_row=0
		fi
		tries=$((tries + 1))
		[ $tries -lt 1000 ] || is 'the command' asleep 'not asleep' || return
		sleep 0.02
	done
}

send_when_asleep()
{
	until_written "$tmp/pid" && until_asleep "$(cat "$tmp/pid")"
	kill -s "$1" "$(cat "$tmp/pid")"
	tries=0
	while kill -s 0 "$(cat "$tmp/pid")" 2>"$tmp/shell"; do
		tries=$((tries + 1))
		[ $tries -lt 500 ] || kill -s KILL "$(cat "$tmp/pid")"
		sleep 0.02
	done
}

# until_written FILE
until_written()
{
	tries=0
	until [ -s "$1" ]; do
		tries=$((tries + 1))
		[ $tries -lt 500 ] || is "${1##*/}" written empty || return
		sleep 0.02
	done
}

# Hundredths of a second since the machine was started.
now()
{
	read -r uptime _ </proc/uptime
	echo "${uptime%.*}${uptime#*.}"
}

# closed_pipe: file descriptor 9 is a pipe that nobody reads
closed_pipe()
{
	full_pipe
	exec 8<&-
}

# full_pipe: file descriptor 9 is a pipe that nobody reads yet, and 8 can read it
full_pipe()
{
	rm -f "$tmp/pipe"
	mkfifo "$tmp/pipe"
	exec 8<>"$tmp/pipe"
	exec 9>"$tmp/pipe"
}

close_pipe()
{
	exec 8<&- 9>&-
}

random_file()
{
	head -c "$1" /dev/urandom >"$tmp/random"
}

# --- put -----------------------------------------------------------------------------

put_arguments()
{
	put first 'second one' -- && prints -- get && prints 'second one' get && prints first get
}

put_nothing_but_empty_messages()
{
	put '' '' && prints '{"length":0,"text":""}' get -j && prints '' get
}

put_standard_input()
{
	printf 'line 1\nline 2' | says 0 '' put &&
		prints '{"length":13,"text":"line 1\nline 2"}' get --json &&
		says 0 '' put </dev/null && prints '{"length":0,"text":""}' get -j
}

put_files()
{
	printf one >"$tmp/1"
	printf two >"$tmp/2"
	printf three | says 0 '' put -f "$tmp/1" --file "$tmp/2" -f - &&
		prints three get && prints two get && prints one get
}

put_lines()
{
	printf 'a\n\nb c\nincomplete' | says 0 '' put --lines && prints "$(printf 'incomplete\nb c\n\na')" get -n 4 &&
		says 0 '' put -l </dev/null && holds 0
}

put_lines_of_files()
{
	printf 'a\nb\n' >"$tmp/1"
	printf 'c\nd' >"$tmp/2"
	says 0 '' put -l -f "$tmp/1" -f "$tmp/2" && prints "$(printf 'd\nc\nb\na')" get --all
}

put_null()
{
	printf 'a\nb\0\0c' | says 0 '' put -0 &&
		prints "$(printf '{"length":1,"text":"c"}\n{"length":0,"text":""}\n{"length":3,"text":"a\\nb"}')" get -j -n 3 &&
		printf 'd\0' | says 0 '' put --null && prints d get
}

put_10000_lines()
{
	seq 10000 | says 0 '' put -l && says 0 '' get --all && seq 10000 -1 1 >"$tmp/wanted" &&
		same 'the lines in reverse' "$tmp/wanted" "$tmp/out"
}

# Lines longer than what is read at once, and some that end exactly there.
put_long_lines()
{
	for length in 65535 65536 65537 200000 1; do
		head -c $length /dev/zero | tr '\0' x
		echo
	done >"$tmp/lines"
	says 0 '' put -l <"$tmp/lines" && says 0 '' get -L -n 5 &&
		is lengths '1 200000 65537 65536 65535' "$(grep -v x "$tmp/out" | tr '\n' ' ' | sed 's/ $//')"
}

# A line is put when it is complete, before the next one comes.
put_lines_one_by_one()
{
	full_pipe
	# A shell that calls a function would keep the pipe open.
	"$msgbox" --box "$url" put -l <"$tmp/pipe" 8<&- 9>&- &
	echo early >&9
	prints early wait --timeout 20
	failed=$?
	printf late >&9
	close_pipe
	wait $! || failed=1
	prints late get && [ $failed = 0 ]
}

put_file_that_cannot_be_read()
{
	printf one >"$tmp/1"
	says 1 "nosuch: No such file or directory; messages put before: 1" put -f "$tmp/1" -f "$tmp/nosuch" -f "$tmp/1" &&
		holds 1 && says 1 "$tmp: Is a directory" put -f "$tmp" && holds 0 &&
		says 1 'standard input: Bad file descriptor' put <&- && holds 0
}

# The input is endless: it must not be read completely.
put_too_long_input()
{
	longer='longer than the limit of 4194304 bytes'
	says 4 "msgbox: put: standard input: $longer" put </dev/zero && holds 0 &&
		says 4 "standard input, line 1: $longer" put -l </dev/zero && holds 0 &&
		says 4 "/dev/zero: $longer" put -f /dev/zero && holds 0
}

put_too_long_line()
{
	{
		echo short
		head -c 5000000 /dev/zero
		printf '\nnot reached\n'
	} >"$tmp/lines"
	says 4 'line 2: longer than the limit of 4194304 bytes; messages put before: 1' put -l -f "$tmp/lines" && prints short get
}

put_too_long_argument()
{
	limited max_message_bytes 5
	says 4 'msgbox: put: argument 3: ' put 1 12345 123456 7 && grep -q 'messages put before: 2$' "$tmp/err" &&
		says 4 'msgbox: put: ' put 123456 && ! grep -q argument "$tmp/err" &&
		printf 123456 | says 4 'msgbox: put: standard input: ' put &&
		printf '1\n123456\n' | says 4 'standard input, line 2: ' put -l
	result=$?
	unlimited
	holds 3 && [ $result = 0 ]
}

put_into_full_box()
{
	head -c 30000 /dev/zero | tr '\0' x >"$tmp/30000"
	limited max_bytes 200000
	set --
	while [ $# -lt 20 ]; do
		set -- "$@" -f "$tmp/30000"
	done
	says 5 '30000: ' put "$@"
	failed=$?
	unlimited
	before=$(sed -n 's/.*; messages put before: //p' "$tmp/err")
	[ "$before" -ge 1 ] && [ "$before" -lt 10 ] && holds "$before" && [ $failed = 0 ]
}

put_can_be_interrupted()
{
	full_pipe
	printf 'one\ntwo\nhal' >&9
	as_signaled TERM "$msgbox" --box "$url" put -l <"$tmp/pipe"
	close_pipe
	ended_as 143 'standard input, line 3: interrupted; messages put before: 2' $ended && holds 2
}

# --- get and wait --------------------------------------------------------------------

get_forms()
{
	put a bc && says 0 '' get -r && is 'bytes' bc "$(cat "$tmp/out")" && is 'length' 2 "$(wc -c <"$tmp/out")" &&
		prints a get && put a bc && says 0 '' get --null -n 2 && printf 'bc\0a\0' >"$tmp/wanted" &&
		same 'get --null' "$tmp/wanted" "$tmp/out" && put a bc && says 0 '' get -0 --all &&
		same 'get -0' "$tmp/wanted" "$tmp/out" && put '' bc && says 0 '' get --lengths --all &&
		printf '2\nbc\n0\n\n' >"$tmp/wanted" && same 'get --lengths' "$tmp/wanted" "$tmp/out" &&
		put a bc && says 0 '' get --raw -n 2 && is 'both' bca "$(cat "$tmp/out")"
}

# json_is JSON BYTES: for printf(1)
json_is()
{
	# shellcheck disable=SC2059 # the bytes are a format
	printf "$2" | says 0 '' put && prints "$1" get -j
}

json_escapes()
{
	json_is '{"length":2,"text":"\"\\"}' "\"\\\\" &&
		json_is '{"length":6,"text":"\n\t\u000d\u0000\u0001\u001f"}' '\n\t\r\0\001\037' &&
		json_is "$(printf '{"length":11,"text":"/\177\303\251\342\202\254\360\237\230\200"}')" \
			'/\177\303\251\342\202\254\360\237\230\200'
}

# Cut short, a stray continuation, overlong, a surrogate, above U+10FFFF, and Latin-1.
json_of_invalid_utf8()
{
	json_is '{"length":1,"base64":"ww=="}' '\303' && json_is '{"length":2,"base64":"gGE="}' '\200a' &&
		json_is '{"length":3,"base64":"YWL/"}' 'ab\377' && json_is '{"length":2,"base64":"wIA="}' '\300\200' &&
		json_is '{"length":3,"base64":"4ICA"}' '\340\200\200' && json_is '{"length":3,"base64":"7aCA"}' '\355\240\200' &&
		json_is '{"length":4,"base64":"9JCAgA=="}' '\364\220\200\200' && json_is '{"length":4,"base64":"4oIoAA=="}' '\342\202(\0' &&
		json_is '{"length":4,"base64":"8ICAgA=="}' '\360\200\200\200'
}

get_any_bytes()
{
	random_file 1000000
	says 0 '' put <"$tmp/random" && says 0 '' get -r && same '1 MB' "$tmp/random" "$tmp/out" &&
		says 0 '' put -f "$tmp/random" && says 0 '' get -L &&
		{ echo 1000000; cat "$tmp/random"; echo; } >"$tmp/wanted" && same 'get -L' "$tmp/wanted" "$tmp/out"
}

get_the_largest()
{
	head -c 4194304 /dev/zero >"$tmp/largest"
	says 0 '' put <"$tmp/largest" && says 0 '' get -r && same '4 MiB' "$tmp/largest" "$tmp/out"
}

get_from_empty_box()
{
	says 3 'msgbox: get: the box is empty' get && says 0 '' get --all && is 'output' '' "$(cat "$tmp/out")" &&
		put a b && says 3 'the box is empty' get -n 3 && is 'what there was' "$(printf 'b\na')" "$(cat "$tmp/out")"
}

get_leaves_the_others()
{
	put a b c && prints "$(printf 'c\nb')" get -n 2 && holds 1
}

wait_for_time()
{
	began=$(now)
	says 3 'msgbox: wait: ' wait --timeout 0.3 || return
	took=$(($(now) - began))
	{ [ $took -ge 29 ] && [ $took -lt 1000 ]; } || is 'hundredths of a second' 30 $took || return
	says 3 'msgbox: wait: ' wait --timeout 0
}

wait_for_message()
{
	put here && prints here wait --timeout 9 && put here && prints here wait || return
	"$msgbox" --box "$url" wait -n 2 --json >"$tmp/waited" &
	until_asleep $! && put one && until_written "$tmp/waited" && put two
	result=$?
	wait $! && [ $result = 0 ] && is 'what came' "$(printf '{"length":3,"text":"one"}\n{"length":3,"text":"two"}')" "$(cat "$tmp/waited")"
}

wait_forms()
{
	put a && says 0 '' wait -r && is 'raw' a "$(cat "$tmp/out")" && put a && prints "$(printf '1\na')" wait -L &&
		put a b && says 3 'msgbox: wait: ' wait --null -n 3 --timeout 0.1 &&
		printf 'b\0a\0' >"$tmp/wanted" && same 'wait -0' "$tmp/wanted" "$tmp/out"
}

# wait_ends SIGNAL STATUS
wait_ends()
{
	as_signaled "$1" "$msgbox" --box "$url" wait >"$tmp/out"
	ended_as "$2" '' $ended && put after && holds 1
}

wait_ends_by_signals()
{
	wait_ends INT 130 && wait_ends TERM 143 && wait_ends HUP 129 && wait_ends USR1 138 && wait_ends ALRM 142
}

# As a shell wants it for commands in the background.
ignored_signal_stays_ignored()
{
	(
		trap '' TERM
		as_signaled TERM "$msgbox" --box "$url" wait --timeout 1 >"$tmp/out"
		ended_as 3 'msgbox: wait: ' $ended
	)
}

# --- a message that cannot be delivered ----------------------------------------------

goes_back()
{
	ended_as "$1" 'the message is back on top of the box' "$2" && prints 'on top' get && prints below get
}

back_from_full_disk()
{
	put below 'on top'
	box get >/dev/full 2>"$tmp/err"
	goes_back 1 $? || return
	put below 'on top'
	box wait -j >/dev/full 2>"$tmp/err"
	goes_back 1 $? || return
	put below 'on top'
	box get --all --raw >/dev/full 2>"$tmp/err"
	goes_back 1 $?
}

back_from_closed_output()
{
	put below 'on top'
	box get >&- 2>"$tmp/err"
	goes_back 1 $?
}

back_from_closed_pipe()
{
	put below 'on top'
	closed_pipe
	box get >&9 2>"$tmp/err"
	failed=$?
	close_pipe
	goes_back 1 $failed && put below 'on top' || return
	closed_pipe
	box wait --lengths >&9 2>"$tmp/err"
	failed=$?
	close_pipe
	goes_back 1 $failed
}

# The reader goes away in the middle of the message.
back_from_short_write()
{
	random_file 1000000
	says 0 '' put <"$tmp/random" || return
	{
		box get -r 2>"$tmp/err"
		echo $? >"$tmp/status"
	} | head -c 10 >/dev/null
	ended_as 1 'the message is back on top of the box' "$(cat "$tmp/status")" && says 0 '' get -r &&
		same 'the message' "$tmp/random" "$tmp/out"
}

back_from_file_size_limit()
{
	random_file 1000000
	says 0 '' put <"$tmp/random" || return
	(
		ulimit -f 100
		box get -r >"$tmp/limited" 2>"$tmp/err"
	)
	ended_as 1 'File too large' $? && says 0 '' get -r && same 'the message' "$tmp/random" "$tmp/out"
}

# The output is stuck when the signal comes.
back_after_signal()
{
	random_file 1000000
	says 0 '' put below && says 0 '' put <"$tmp/random" || return
	full_pipe
	as_signaled "$1" "$msgbox" --box "$url" get -r --all >&9 8<&-
	close_pipe
	ended_as "$2" 'cannot write the message: interrupted' $ended && says 0 '' get -r &&
		same 'the message' "$tmp/random" "$tmp/out" && prints below get
}

# Whatever a signal interrupts, each message is delivered once or stays in the box.
no_message_lost_by_signals()
{
	: >"$tmp/all"
	seq 3000 | says 0 '' put -l || return
	rounds=0
	while [ $rounds -lt 60 ]; do
		rounds=$((rounds + 1))
		"$msgbox" --box "$url" get --all >>"$tmp/all" 2>>"$tmp/all" &
		spins=0
		until is_command $! 2>"$tmp/shell" || [ $spins -gt 1000 ]; do
			spins=$((spins + 1))
		done
		spins=0
		while [ $spins -lt $((rounds * 50)) ]; do
			spins=$((spins + 1))
		done
		kill -s TERM $! 2>"$tmp/shell"
		wait $! 2>"$tmp/shell"
		ended=$?
		[ $ended = 0 ] || is 'exit status' 143 $ended || return
	done
	box get --all >>"$tmp/all" && sort -n "$tmp/all" >"$tmp/sorted" && seq 3000 >"$tmp/wanted" &&
		same 'each message once' "$tmp/wanted" "$tmp/sorted"
}

# fill_while_in_transit COMMAND...: runs the command, which gets a message and prints it,
# with $url. Others fill the box before the message has been read. Its errors go to $tmp/err.
fill_while_in_transit()
{
	# This does not fit in a pipe.
	random_file 600000
	says 0 '' put <"$tmp/random" || return
	full_pipe
	exec 9>&-
	limited max_bytes 1000000
	{
		exec 8<&-
		"$@" >"$tmp/pipe"
		echo "exit status $?"
	} 2>&1 | cat >"$tmp/err" 8<&- &
	writer=$!
	head -c 1000 <&8 >/dev/null
	limited_url=$url
	url=$whole_url
	says 0 '' put <"$tmp/random"
	result=$?
	url=$limited_url
	close_pipe
	wait "$writer"
	unlimited
	holds 1 && [ $result = 0 ] && grep -q 'could not be put back: ' "$tmp/err"
}

get_raw()
{
	box get --raw
}

saved_when_the_box_is_full()
{
	fill_while_in_transit get_raw && is 'last line' 'exit status 1' "$(tail -n 1 "$tmp/err")" || return
	file=$(sed -n "s/.*put it back with: msgbox put --file '\(.*\)'/\1/p" "$tmp/err")
	is folder "$TMPDIR" "${file%/*}" && same 'the message' "$tmp/random" "$file" &&
		is mode -rw------- "$(stat -c %A "$file")" && rm "$file"
}

get_raw_without_files()
{
	(
		ulimit -f 0
		box get --raw
	)
}

printed_when_it_cannot_be_saved()
{
	fill_while_in_transit get_raw_without_files &&
		sed -n 's/^{"length":600000,"base64":"\(.*\)"}$/\1/p' "$tmp/err" | base64 -d >"$tmp/decoded" &&
		same 'the message' "$tmp/random" "$tmp/decoded" && is 'files left' '' "$(ls "$TMPDIR")"
}

# --- exec ----------------------------------------------------------------------------

exec_passes_the_message()
{
	random_file 300000
	says 0 '' put <"$tmp/random" && says 0 '' exec cat && same 'the message' "$tmp/random" "$tmp/out" &&
		says 0 '' put <"$tmp/random" && says 0 '' exec true && put '' && prints 0 exec wc -c &&
		says 3 'msgbox: exec: the box is empty' exec cat && holds 0
}

exec_several()
{
	put 1 2 3 4 && says 0 '' exec -n 2 cat && is 'two messages' 43 "$(cat "$tmp/out")" &&
		says 0 '' exec --all cat && is 'the others' 21 "$(cat "$tmp/out")" &&
		says 0 '' exec --all false && put 1 && says 3 'the box is empty' exec -n 2 cat
}

exec_arguments_are_the_commands()
{
	put 1 && prints '--all --help -n' exec echo --all --help -n
}

exec_waits()
{
	says 3 'msgbox: exec: ' exec --timeout 0.1 cat && says 0 '' exec --all --timeout 0.1 cat || return
	"$msgbox" --box "$url" exec --wait cat >"$tmp/waited" &
	until_asleep $! && put came
	result=$?
	wait $! && [ $result = 0 ] && is 'what came' came "$(cat "$tmp/waited")"
}

exec_all_waits_for_ever()
{
	put message || return
	as_signaled TERM "$msgbox" --box "$url" exec --all --wait sed 's/$/!/' >"$tmp/out"
	ended_as 143 '' $ended && is 'output' 'message!' "$(cat "$tmp/out")"
}

# A signal between the end of the child and the next message.
exec_delivers_despite_signal()
{
	put left taken || return
	# The shell itself would say that the command was terminated.
	# shellcheck disable=SC2016 # the inner shells expand it
	sh -c 'exec "$@" 2>"$0"' "$tmp/err" "$msgbox" --box "$url" exec --all --wait \
		sh -c 'trap "" TERM; kill -s TERM $PPID' >"$tmp/out" 2>"$tmp/shell"
	ended_as 143 '' $? && prints left get
}

exec_passes_signals_on()
{
	put message || return
	as_signaled TERM "$msgbox" --box "$url" exec sleep 1000 >"$tmp/out"
	ended_as 143 'sleep failed with status 143' $ended && prints message get
}

exec_puts_back()
{
	put below 'on top' && says 7 'sh failed with status 7' exec --all sh -c 'exit 7' && goes_back 7 7 &&
		put below 'on top' &&
		says 7 'sh failed with status 7' exec --on-failure put-back -n 2 sh -c 'exit 7' && goes_back 7 7 || return
	# shellcheck disable=SC2016 # the inner shell expands it
	put below 'on top' && says 137 'sh failed with status 137' exec sh -c 'kill -s KILL $$' && goes_back 137 137
}

# As a program that starts others and forgets them leaves it.
exec_puts_back_despite_ignored_signal()
{
	put below 'on top'
	sh -c 'trap "" CHLD; exec "$@"' sh "$msgbox" --box "$url" exec sh -c 'exit 7' >"$tmp/out" 2>"$tmp/err"
	goes_back 7 $?
}

exec_stops()
{
	put left dropped && says 7 'sh failed with status 7; the message is dropped' exec --all --on-failure stop sh -c 'exit 7' &&
		prints left get
}

exec_drops()
{
	# shellcheck disable=SC2016 # the inner shell expands it
	put 1 2 3 && says 5 'status 5; the message is dropped' exec --all --on-failure drop sh -c \
		'read -r number; echo "$number"; [ "$number" != 2 ] || exit 5' && holds 0
}

# The last command that failed counts, whatever comes after it.
exec_status_is_the_commands()
{
	put 1 && says 5 'the box is empty' exec -n 2 --on-failure drop sh -c 'exit 5' &&
		put 1 && says 5 'no message came' exec -n 2 --timeout 0.1 --on-failure drop sh -c 'exit 5' || return
	# shellcheck disable=SC2016 # the inner shell expands it
	put 3 0 4 && says 3 'status 3; the message is dropped' exec --all --on-failure drop sh -c 'read -r n; exit "$n"'
}

exec_missing_command()
{
	printf 'not a program' >"$tmp/script"
	for action in put-back drop stop; do
		put below 'on top' && says 127 'cannot run nosuchcommand: No such file' exec --on-failure $action --all nosuchcommand &&
			goes_back 127 127 || return
		put below 'on top' && says 126 "cannot run $tmp/script: Permission denied" exec --on-failure $action "$tmp/script" &&
			goes_back 126 126 || return
	done
}

# own_files: how many of a shell's files are sockets, the device or in memory
# shellcheck disable=SC2016 # the inner shell expands it
own_files='ls -l /proc/$$/fd 2>&1 | grep -cE "socket:|dm510|memfd"'

# The child has only one more file than the command was started with, its standard input, and
# the same signals.
exec_child_is_clean()
{
	before=$(sh -c "$own_files" 2>"$tmp/err")
	put message && prints $((before + 1)) exec --timeout 9 sh -c "$own_files" &&
		put message && says 0 '' exec cat /proc/self/status &&
		cat /proc/self/status >"$tmp/status" && is signals "$(signals_of <"$tmp/status")" "$(signals_of <"$tmp/out")"
}

# Those that are blocked or ignored. The C library uses signals 32 and 33.
signals_of()
{
	sed -n 's/^\(Sig[BI][lg][kn]:\).*\(.......\)$/\1\2/p'
}

# --- stat and drain ------------------------------------------------------------------

stat_counts()
{
	put one three && says 0 '' stat && grep -qE '^count +2  messages in the box$' "$tmp/out" &&
		grep -qE '^max_message_bytes +4194304  limit' "$tmp/out" &&
		grep -qE '^max_bytes +67108864  limit' "$tmp/out" && is lines 10 "$(wc -l <"$tmp/out")" &&
		grep -qE '^bytes +(8|-)  ' "$tmp/out" && holds 2
}

stat_json()
{
	put one && says 0 '' stat --json && is lines 1 "$(wc -l <"$tmp/out")" &&
		grep -qE '^\{"count":1,("[a-z_]+":([0-9]+|null),){8}"max_pending_bytes":([0-9]+|null)\}$' "$tmp/out" && holds 1
}

stat_watch()
{
	put one && box stat --watch=0.05 2>"$tmp/err" | head -n 4 >"$tmp/out"
	is 'figures' 3 "$(grep -cE '^ +1 +[0-9-]' "$tmp/out")" && grep -qE '^ +count +bytes .* waiting$' "$tmp/out" || return
	as_signaled INT "$msgbox" --box "$url" stat --watch --json >"$tmp/out"
	ended_as 130 '' $ended && grep -q '^{"count":1,.*}$' "$tmp/out" && holds 1
}

drain_counts()
{
	seq 5 | says 0 '' put -l && prints '5 messages discarded' drain && prints '0 messages discarded' drain &&
		put '' && prints '1 message discarded' drain && put 1 2 && prints 2 drain --count && prints 0 drain --count
}

# --- options, errors -----------------------------------------------------------------

# refused TEXT COMMAND...: wrong usage, which changes nothing
refused()
{
	says 2 "$@" && grep -q "^Try 'msgbox.* --help'.$" "$tmp/err" && is output '' "$(cat "$tmp/out")"
}

wrong_usage()
{
	put message || return
	for number in 0 -1 1x x '' ' 1' 1.5 +1 0x1; do
		refused "-n takes a number of messages, 1 or more, not '$number'" get -n "$number" || return
	done
	refused 'the number of -n is too large' get -n 18446744073709551616 &&
		refused 'the number of -n is too large' get -n 99999999999999999999999 || return
	for seconds in -1 x '' . 1e3 1s ' 1' inf 1.2.3; do
		refused "--timeout takes seconds, such as 5 or 0.25, not '$seconds'" wait --timeout "$seconds" || return
	done
	refused 'the time of --timeout is too long: at most 2147483 seconds' wait --timeout 2147484 &&
		refused 'the time of --timeout is too long' wait --timeout 99999999999999999999999 &&
		refused "--watch takes more than 0 seconds" stat --watch=0 &&
		refused "--watch takes seconds" stat --watch=x &&
		refused "-n and --all cannot be used together" get -n 1 --all &&
		refused "-n and --all cannot be used together" exec -n 1 --all true &&
		refused "--timeout and --wait cannot be used together" exec --timeout 1 --wait true &&
		refused "only one of --raw, --null, --lengths and --json" get -r -j &&
		refused "only one of --raw, --null, --lengths and --json" wait --null --lengths &&
		refused "--lines and --null cannot be used together" put -l -0 &&
		refused "are for files, but 'x' is a message" put -l x && refused "but 'x' is a message" put x -f y &&
		refused "standard input (-) can be given only once" put -f - -f - &&
		refused "unexpected argument 'x'" get x && refused "unexpected argument 'x'" wait x &&
		refused "unexpected argument 'x'" stat x && refused "unexpected argument 'x'" drain x &&
		refused "the program is missing" exec && refused "the program is missing" exec --all &&
		refused "--on-failure is put-back, drop or stop, not 'x'" exec --on-failure x true &&
		refused "there is no command 'nosuch'" nosuch && refused "the command is missing" &&
		refused "there is no command ''" '' && prints message get || return
	for command in put get wait exec stat drain; do
		refused "msgbox: $command: unrecognized option '--nosuch'" $command --nosuch &&
			refused "msgbox: $command: invalid option -- 'X'" $command -X || return
	done
	refused "msgbox: get: option requires an argument -- 'n'" get -n && refused "msgbox: unrecognized option '--nosuch'" --nosuch
}

help_and_version()
{
	for command in put get wait exec stat drain; do
		says 0 '' $command --help && grep -q "^usage: msgbox $command" "$tmp/out" && cp "$tmp/out" "$tmp/help" &&
			says 0 '' $command -h && same "$command -h" "$tmp/help" "$tmp/out" || return
	done
	says 0 '' --help && grep -q '^usage: msgbox ' "$tmp/out" && grep -q '^  7  not allowed$' "$tmp/out" &&
		says 0 '' --version && grep -qE '^msgbox [0-9]+\.[0-9]+' "$tmp/out" || return
	box --help >/dev/full 2>"$tmp/err"
	ended_as 1 'cannot write to standard output' $? || return
	box --version >&- 2>"$tmp/err"
	ended_as 1 'cannot write to standard output' $?
}

# ends STATUS ERRORS ARGUMENT...: the same as says, but without --box
ends()
{
	wanted=$1
	text=$2
	shift 2
	"$msgbox" "$@" >"$tmp/out" 2>"$tmp/err"
	ended_as "$wanted" "$text" $?
}

# Options can follow messages for those who set this variable, too; exec's child has it.
options_follow_messages()
{
	(
		export POSIXLY_CORRECT=1
		# shellcheck disable=SC2016 # the inner shell expands it
		put message && MSGBOX_URL=nosuch:// ends 0 '' put later --box "$url" && prints later get &&
			prints 1 exec sh -c 'echo "$POSIXLY_CORRECT"'
	)
}

box_is_chosen()
{
	MSGBOX_URL="$url" ends 0 '' put message && MSGBOX_URL=nosuch:// ends 0 '' --box "$url" put later &&
		ends 0 '' --box nosuch:// get --box "$url" && is 'message' later "$(cat "$tmp/out")" &&
		MSGBOX_URL=nosuch:// ends 2 'msgbox: get: ' get && ends 2 'msgbox: get: ' --box nosuch:// get && holds 1
}

missing_module()
{
	ends 6 'not loaded' --box kernel: get && ends 6 'not loaded' put message && MSGBOX_URL='' ends 6 'not loaded' wait &&
		ends 6 'not loaded' exec true && ends 6 'not loaded' stat && ends 6 'not loaded' drain
}

missing_server()
{
	ends 6 'msgbox: get: ' --box "redis+unix://$tmp/nosuch?key=k" get &&
		ends 6 'msgbox: put: ' --box 'redis://127.0.0.1:1/key' put message
}

# In a user namespace of its own, root is still the box's owner, but has no capabilities over it.
denied_by_mode()
{
	limited mode 0
	unshare -U "$msgbox" get >"$tmp/out" 2>"$tmp/err"
	ended_as 7 "msgbox: get: the box's mode does not let you get" $?
	result=$?
	unshare -U "$msgbox" put message >"$tmp/out" 2>"$tmp/err"
	ended_as 7 "msgbox: put: the box's mode does not let you put" $? || result=1
	unlimited
	return $result
}

denied_by_server()
{
	printf 'wrong' >"$tmp/password"
	chmod 600 "$tmp/password"
	limited user nosuchuser
	limited password_file "$tmp/password"
	says 7 'msgbox: get: ' get && says 7 'msgbox: put: ' put message
	result=$?
	unlimited
	return $result
}

# Without /dev/null in their place, the box could get the descriptors that are closed.
closed_descriptors()
{
	box put message <&- >&- 2>&- && box get <&- 2>&- >"$tmp/out" && is 'message' message "$(cat "$tmp/out")" &&
		box exec --all cat <&- >&- 2>&-
}

tests_without_box='
	help_and_version
	missing_module
'
tests_of_kernel='
	denied_by_mode
'
tests_of_server='
	missing_server
	denied_by_server
'
tests='
	put_arguments
	put_nothing_but_empty_messages
	put_standard_input
	put_files
	put_lines
	put_lines_of_files
	put_null
	put_10000_lines
	put_long_lines
	put_lines_one_by_one
	put_file_that_cannot_be_read
	put_too_long_input
	put_too_long_line
	put_too_long_argument
	put_into_full_box
	put_can_be_interrupted
	get_forms
	json_escapes
	json_of_invalid_utf8
	get_any_bytes
	get_the_largest
	get_from_empty_box
	get_leaves_the_others
	wait_for_time
	wait_for_message
	wait_forms
	wait_ends_by_signals
	ignored_signal_stays_ignored
	back_from_full_disk
	back_from_closed_output
	back_from_closed_pipe
	back_from_short_write
	back_from_file_size_limit
	back_after_signal TERM 143
	back_after_signal INT 130
	no_message_lost_by_signals
	saved_when_the_box_is_full
	printed_when_it_cannot_be_saved
	exec_passes_the_message
	exec_several
	exec_arguments_are_the_commands
	exec_waits
	exec_all_waits_for_ever
	exec_delivers_despite_signal
	exec_passes_signals_on
	exec_puts_back
	exec_puts_back_despite_ignored_signal
	exec_stops
	exec_drops
	exec_status_is_the_commands
	exec_missing_command
	exec_child_is_clean
	stat_counts
	stat_json
	stat_watch
	drain_counts
	wrong_usage
	help_and_version
	options_follow_messages
	box_is_chosen
	closed_descriptors
'
if ! on_kernel; then
	tests="$tests$tests_of_server"
	[ -e $module ] || tests="$tests
	missing_module"
elif [ -e $module ]; then
	tests="$tests$tests_of_kernel"
else
	tests=$tests_without_box
fi
has_box=yes
! on_kernel || [ -e $module ] || has_box=no
[ $# = 0 ] || tests=$(printf '%s\n' "$@")

# A test that fails must not spoil the next one.
clean_up()
{
	close_pipe
	unlimited
	[ $has_box = no ] || is 'messages left in the box' 0 "$("$msgbox" --box "$url" drain --count)"
}

whole_url=$url
[ $has_box = no ] || is 'messages in the box' 0 "$(box drain --count)" || give_up 'the box must be empty at the start'
test_number=0
failures=0
while read -r test; do
	[ -n "$test" ] || continue
	test_number=$((test_number + 1))
	# shellcheck disable=SC2086 # the name and arguments
	$test </dev/null
	status=$?
	clean_up && [ $status = 0 ] && echo "ok $test_number $test" && continue
	failures=$((failures + 1))
	echo "not ok $test_number $test"
done <<LIST
$tests
LIST
echo "1..$test_number"
[ $failures = 0 ] && [ $test_number -gt 0 ]

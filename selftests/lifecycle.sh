#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The module comes and goes: what the kernel's text is before, meanwhile and
# after, what refuses it, and what happens to those who call at that moment.
#
# It unloads and loads the module of the machine it runs on, messages and all,
# so it has to be told which: DM510_MSGBOX_KO=<path of dm510_msgbox.ko>.
# DM510_MSGBOX_CYCLES: how often to load and unload under load (10).

# The tests are called by name, from a list.
# shellcheck disable=SC2317

ko=${DM510_MSGBOX_KO:-}
cycles=${DM510_MSGBOX_CYCLES:-10}
here=$(cd "$(dirname "$0")" && pwd)
tracing=/sys/kernel/tracing
ftrace_enabled=/proc/sys/kernel/ftrace_enabled

loaded='dm510_msgbox: system calls 452 (put) and 453 (get) are there'
unloaded='dm510_msgbox: system calls 452 and 453 are gone'
no_ftrace='dm510_msgbox: ftrace is switched off; switch it on: sysctl kernel.ftrace_enabled=1'

echo 'TAP version 13'

skip()
{
	echo "1..0 # SKIP $*"
	exit 4
}

[ -n "$ko" ] || skip 'it unloads and loads the module: set DM510_MSGBOX_KO to its .ko file'
[ -r "$ko" ] || skip "cannot read $ko"
[ "$(id -u)" -eq 0 ] || skip 'only root can load modules'
# Both are switched by the tests, and left as they should have been found.
[ "$(cat "$ftrace_enabled")" = 1 ] || skip 'ftrace is switched off: sysctl kernel.ftrace_enabled=1'
[ "$(cat "$tracing/current_tracer")" = nop ] || skip "somebody is using $tracing"

tmp=$(mktemp -d)
mkfifo "$tmp/in" "$tmp/out"
was_loaded=no
[ -d /sys/module/dm510_msgbox ] && was_loaded=yes

# However this ends, the machine is left as it was found.
restore()
{
	trace_nothing
	echo 1 >"$ftrace_enabled"
	if [ "$was_loaded" = yes ] && [ ! -d /sys/module/dm510_msgbox ]; then
		insmod "$ko"
	fi
	rm -rf "$tmp"
}
trap restore EXIT
trap 'exit 1' HUP INT TERM

# --- small words

# is WHAT EXPECTED FOUND
is()
{
	[ "$2" = "$3" ] && return 0
	printf '# %s\n# expected: %s\n#    found: %s\n' "$1" "$2" "$3"
	return 1
}

load()
{
	insmod "$ko" 2>"$tmp/error" || {
		sed 's/^/# /' "$tmp/error"
		return 1
	}
}

unload()
{
	rmmod dm510_msgbox 2>"$tmp/error" || {
		sed 's/^/# /' "$tmp/error"
		return 1
	}
}

module_is_there()
{
	[ -d /sys/module/dm510_msgbox ] || {
		echo '# the module is not loaded'
		return 1
	}
}

module_is_gone()
{
	[ ! -d /sys/module/dm510_msgbox ] || {
		echo '# the module is still loaded'
		return 1
	}
}

calls_work()
{
	is 'put' 0 "$("$here/call" put 'a message')" &&
		is 'get' 'a message' "$("$here/call" get)" &&
		is 'get of nothing' ENODATA "$("$here/call" get)"
}

calls_are_gone()
{
	is 'put' ENOSYS "$("$here/call" put 'a message')" &&
		is 'get' ENOSYS "$("$here/call" get)"
}

kernel_text()
{
	"$here/kernel_text" do_syscall_64 x64_sys_call
}

text_is_as_before()
{
	kernel_text >"$tmp/text" && cmp -s "$tmp/before" "$tmp/text" && return 0
	echo '# the kernel text is not what it was before the module was ever loaded:'
	diff "$tmp/before" "$tmp/text" | sed -n 's/^[-+] *[a-z]/# &/p'
	return 1
}

# From here on, log_is looks at what the kernel says.
watch_log()
{
	mark="dm510_msgbox lifecycle.sh $$ $number"
	echo "$mark" >/dev/kmsg
}

# What the module and its loading wrote since watch_log. That it is out of tree
# and not signed is said once in the life of a machine, and left out. uniq: an
# insmod that is refused tries again by an older system call (busybox).
log()
{
	dmesg | sed 's/^\[[^]]*\] //' | sed "1,/^$mark\$/d" | grep '^dm510_msgbox: ' |
		grep -v -e 'taints kernel\.$' -e 'tainting kernel$' | uniq
}

log_is()
{
	is 'the kernel log' "$(printf '%s\n' "$@")" "$(log)"
}

trace_x64_sys_call()
{
	echo x64_sys_call >"$tracing/set_ftrace_filter" &&
		echo function >"$tracing/current_tracer" &&
		echo 1 >"$tracing/tracing_on"
}

trace_nothing()
{
	echo nop >"$tracing/current_tracer"
	echo >"$tracing/set_ftrace_filter"
}

trace_has_calls()
{
	grep -q 'x64_sys_call' "$tracing/trace" || {
		echo '# the function tracer saw no system call'
		return 1
	}
}

# --- the tests

without_the_module_the_calls_give_enosys()
{
	module_is_gone && calls_are_gone && kernel_text >"$tmp/before"
}

loaded_the_calls_work()
{
	load && calls_work && log_is "$loaded"
}

the_text_differs_meanwhile()
{
	# Else the comparison afterwards would compare nothing.
	kernel_text >"$tmp/text" && ! cmp -s "$tmp/before" "$tmp/text"
}

loading_it_twice_is_refused()
{
	! insmod "$ko" 2>/dev/null && calls_work && log_is
}

ftrace_cannot_be_switched_off_meanwhile()
{
	if echo 0 2>/dev/null >"$ftrace_enabled"; then
		echo '# ftrace_enabled=0 was accepted'
		echo 1 >"$ftrace_enabled"
		return 1
	fi
	is 'ftrace_enabled' 1 "$(cat "$ftrace_enabled")" && calls_work
}

unloaded_the_calls_give_enosys_again()
{
	unload && module_is_gone && calls_are_gone && log_is "$unloaded"
}

the_text_is_byte_for_byte_what_it_was()
{
	text_is_as_before
}

messages_do_not_outlive_the_module()
{
	load && is 'put' 0 "$("$here/call" put 'left behind')" && unload &&
		load && is 'get' ENODATA "$("$here/call" get)" && unload
}

without_ftrace_loading_is_refused()
{
	echo 0 >"$ftrace_enabled"
	insmod "$ko" 2>/dev/null
	refused=$?
	module_is_gone && calls_are_gone && text_is_as_before && log_is "$no_ftrace"
	clean=$?
	echo 1 >"$ftrace_enabled"
	[ "$refused" -ne 0 ] && [ "$clean" -eq 0 ]
}

with_ftrace_again_it_loads()
{
	load && calls_work && unload && text_is_as_before && log_is "$loaded" "$unloaded"
}

# stuck_call put|get LEN: stands still until let_go
stuck_call()
{
	"$here/stuck" "$1" "$2" <"$tmp/in" >"$tmp/out" &
	stuck_pid=$!
	exec 4>"$tmp/in" 3<"$tmp/out"
	read -r said <&3
	is "stuck $1" stuck "$said"
}

# Sets said to what the call returned.
let_go()
{
	echo go >&4
	read -r said <&3
	exec 4>&- 3<&-
	wait "$stuck_pid"
}

# in_use_while_stuck put|get LEN REPLY REPLY_TO_ANOTHER_GET
in_use_while_stuck()
{
	stuck_call "$1" "$2" || return 1
	if rmmod dm510_msgbox 2>"$tmp/error"; then
		echo '# rmmod took the module from under a call'
		return 1
	fi
	cat "$tmp/error" >>"$tmp/rmmod"
	module_is_there && is 'a get meanwhile' "$4" "$("$here/call" get)"
	fine=$?
	let_go && is "the stuck $1" "$3" "$said" && [ "$fine" -eq 0 ]
}

a_stuck_put_keeps_the_module_in_use()
{
	load && in_use_while_stuck put 6 0 ENODATA &&
		is 'what was put' stuck "$("$here/call" get)" &&
		unload && calls_are_gone && text_is_as_before && log_is "$loaded" "$unloaded"
}

a_stuck_get_keeps_the_module_in_use()
{
	load && is 'put' 0 "$("$here/call" put 'taken by another')" &&
		in_use_while_stuck get 64 ENODATA 'taken by another' &&
		unload && calls_are_gone && text_is_as_before && log_is "$loaded" "$unloaded"
}

# Large messages may go another way through the module.
large_stuck_calls_keep_the_module_in_use()
{
	load && in_use_while_stuck put 100000 0 ENODATA &&
		in_use_while_stuck get 100000 100000 EMSGSIZE &&
		unload && calls_are_gone && text_is_as_before && log_is "$loaded" "$unloaded"
}

rmmod_said_that_the_module_is_in_use()
{
	# busybox says what EAGAIN says, kmod says "in use".
	is 'lines about it' 4 "$(grep -c -e 'in use' -e 'temporarily unavailable' "$tmp/rmmod")"
}

tracer_on_before_loading()
{
	trace_x64_sys_call && load && calls_work && trace_has_calls && unload &&
		calls_are_gone && trace_nothing && text_is_as_before &&
		log_is "$loaded" "$unloaded"
}

tracer_on_and_off_while_loaded()
{
	load && trace_x64_sys_call && calls_work && trace_has_calls && trace_nothing &&
		calls_work && trace_x64_sys_call && unload && calls_are_gone &&
		trace_nothing && text_is_as_before && log_is "$loaded" "$unloaded"
}

# Time for some calls with the module. A get, as anything that it may take is
# hammer's; never a put, which hammer would not know.
meet_hammer()
{
	for _ in 1 2 3; do
		"$here/call" get >"$tmp/got"
		grep -q -v ENOSYS "$tmp/got" || return 1
	done
}

# The calls go on on every CPU while the module comes and goes.
load_and_unload_under_load()
{
	"$here/hammer" >"$tmp/out" &
	hammer_pid=$!
	exec 3<"$tmp/out"
	read -r said <&3
	done=0
	while [ "$done" -lt "$cycles" ] && load && meet_hammer && unload; do
		done=$((done + 1))
	done
	kill -TERM "$hammer_pid"
	sed 's/^/# /' <&3
	exec 3<&-
	wait "$hammer_pid"
	hammered=$?
	is 'hammer' hammering "$said" && is 'cycles' "$cycles" "$done" &&
		is 'exit status of hammer' 0 "$hammered"
}

after_that_all_is_as_before()
{
	calls_are_gone && text_is_as_before && load && calls_work && unload &&
		log_is "$loaded" "$unloaded"
}

tests='
	without_the_module_the_calls_give_enosys
	loaded_the_calls_work
	the_text_differs_meanwhile
	loading_it_twice_is_refused
	ftrace_cannot_be_switched_off_meanwhile
	unloaded_the_calls_give_enosys_again
	the_text_is_byte_for_byte_what_it_was
	messages_do_not_outlive_the_module
	without_ftrace_loading_is_refused
	with_ftrace_again_it_loads
	a_stuck_put_keeps_the_module_in_use
	a_stuck_get_keeps_the_module_in_use
	large_stuck_calls_keep_the_module_in_use
	rmmod_said_that_the_module_is_in_use
	tracer_on_before_loading
	tracer_on_and_off_while_loaded
	load_and_unload_under_load
	after_that_all_is_as_before
'

# shellcheck disable=SC2086 # a list of words
set -- $tests
echo "1..$#"
number=0
status=0
if [ "$was_loaded" = yes ]; then
	unload
fi
for test; do
	number=$((number + 1))
	watch_log
	if "$test"; then
		echo "ok $number $test"
	else
		echo "not ok $number $test"
		status=1
		# It may have got no further.
		trace_nothing
	fi
done
exit $status

# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0
#
# What the tests share that load and unload the module. To be sourced; in the end
# a script calls run_tests. Every test begins and ends without the module.
#
# They unload and load the module of the machine they run on, messages and all,
# so they have to be told which:
#   DM510_MSGBOX_KO          path of dm510_msgbox.ko
#   DM510_MSGBOX_PARAMETERS  what to load it with, where its numbers are taken
#   DM510_MSGBOX_PUT_NR, DM510_MSGBOX_GET_NR  and the numbers that it then has
#   DM510_MSGBOX_MODULES     folder of the modules that only tests load
#   DM510_MSGBOX_NO_SKIP     yes: all of it is there, and what is missing is a failure

# What is a script's own is not seen to be used here.
# shellcheck disable=SC2034

ko=${DM510_MSGBOX_KO:-}
parameters=${DM510_MSGBOX_PARAMETERS:-}
put_nr=${DM510_MSGBOX_PUT_NR:-452}
get_nr=${DM510_MSGBOX_GET_NR:-453}
modules=${DM510_MSGBOX_MODULES:-}
here=$(cd "$(dirname "$0")" && pwd)
tracing=/sys/kernel/tracing
ftrace_enabled=/proc/sys/kernel/ftrace_enabled

newline='
'

echo 'TAP version 13'

give_up()
{
	echo "Bail out! $*"
	exit 1
}

skip()
{
	[ "${DM510_MSGBOX_NO_SKIP:-no}" = no ] || give_up "$*"
	echo "1..0 # SKIP $*"
	exit 4
}

[ -n "$ko" ] || skip 'it unloads and loads the module: set DM510_MSGBOX_KO to its .ko file'
[ -r "$ko" ] || skip "cannot read $ko"
[ "$(id -u)" -eq 0 ] || skip 'only root can load modules'
# These are switched by the tests, and left as they should have been found.
[ "$(cat "$ftrace_enabled")" = 1 ] || skip 'ftrace is switched off: sysctl kernel.ftrace_enabled=1'
[ "$(cat "$tracing/current_tracer" "$tracing/kprobe_events")" = nop ] ||
	skip "somebody is using $tracing"

tmp=$(mktemp -d)
mkfifo "$tmp/in" "$tmp/out"
hammer_pid=
was_loaded=no
# yes: it cannot be taken out any more.
stays=no
[ ! -d /sys/module/dm510_msgbox ] || was_loaded=yes

# However a test ends, nothing of it stays.
clean_up()
{
	[ -z "$hammer_pid" ] || stop_hammer
	[ "$stays" = no ] || return
	trace_nothing
	echo 1 >"$ftrace_enabled"
	for module in sum_call twice_call other_user change_bound kill_ftrace own_numbers dm510_msgbox widen_window; do
		[ ! -d "/sys/module/$module" ] || rmmod "$module"
	done
}

# However this ends, the machine is left as it was found.
restore()
{
	clean_up
	# shellcheck disable=SC2086 # words are wanted
	[ "$was_loaded" = no ] || [ "$stays" = yes ] || insmod "$ko" $parameters
	rm -rf "$tmp"
}

# --- what is compared

# is WHAT EXPECTED FOUND
is()
{
	[ "$2" = "$3" ] && return 0
	printf '%s\nexpected: %s\n   found: %s\n' "$1" "$2" "$3" | sed 's/^/# /'
	return 1
}

calls_work()
{
	is 'put' 0 "$("$here/call" put 'a message')" &&
		is 'get' 'a message' "$("$here/call" get)" &&
		is 'get of nothing' ENODATA "$("$here/call" get)"
}

# with_numbers PUT_NR GET_NR COMMAND...: where the module has others than usual
with_numbers()
{
	(
		export DM510_MSGBOX_PUT_NR="$1" DM510_MSGBOX_GET_NR="$2"
		shift 2
		"$@"
	)
}

calls_are_gone()
{
	is 'put' ENOSYS "$("$here/call" put 'a message')" &&
		is 'get' ENOSYS "$("$here/call" get)"
}

kernel_text()
{
	"$here/kernel_text" do_syscall_64 x64_sys_call __x64_sys_ni_syscall
}

# text_is FILE
text_is()
{
	kernel_text >"$tmp/text" && cmp -s "$1" "$tmp/text"
}

text_is_as_before()
{
	text_is "$tmp/before" && return 0
	echo '# the kernel text is not what it was before the module was ever loaded:'
	diff "$tmp/before" "$tmp/text" | sed -n 's/^[-+] *[_a-z]/# &/p'
	return 1
}

# What the module and its loading wrote since the test began. That it is out of
# tree and not signed is said once in the life of a machine, and left out. uniq:
# an insmod that is refused tries again by an older system call (busybox).
log()
{
	dmesg | sed 's/^\[[^]]*\] //' | sed -n "/^$mark\$/,\$p" |
		grep -e '^dm510_msgbox: ' -e '^sum_call: ' |
		grep -v -e 'taints kernel\.$' -e 'tainting kernel$' | uniq
}

log_is()
{
	is 'the kernel log' "$(printf '%s\n' "$@")" "$(log)"
}

# The same, where numbers (N) are the kernel's to say.
log_is_with_any_numbers()
{
	is 'the kernel log' "$1" "$(log | sed 's/ [0-9][0-9]*/ N/g')"
}

# --- the module and others

# insert KO [PARAMETER=VALUE...]
insert()
{
	insmod "$@" 2>"$tmp/error" || {
		sed 's/^/# /' "$tmp/error"
		return 1
	}
}

load()
{
	# shellcheck disable=SC2086 # words are wanted
	insert "$ko" $parameters
}

# remove MODULE
remove()
{
	rmmod "$1" 2>"$tmp/error" || {
		sed 's/^/# /' "$tmp/error"
		return 1
	}
}

unload()
{
	remove dm510_msgbox
}

# is_refused ERROR KO [PARAMETER=VALUE...]
is_refused()
{
	error=$1
	shift
	if insmod "$@" 2>"$tmp/error"; then
		echo "# it was not refused: $*"
		return 1
	fi
	grep -q "$error" "$tmp/error" || {
		sed 's/^/# /' "$tmp/error"
		is 'error' "$error" 'the above'
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

# busybox says what EAGAIN says, kmod says "in use".
rmmod_says_it_is_in_use()
{
	if rmmod dm510_msgbox 2>"$tmp/error"; then
		echo '# rmmod took the module from under a call'
		return 1
	fi
	grep -q -e 'in use' -e 'temporarily unavailable' "$tmp/error" && module_is_there
}

# --- the kernel's functions

address_of()
{
	awk -v name="$1" '$3 == name { print "0x" $1; exit }' /proc/kallsyms
}

is_attached_at_dispatch()
{
	[ "$attach_point" = x64_sys_call ]
}

# Loads the module once, to see which function it attaches to, and what it says
# when it comes and goes.
find_attach_point()
{
	begin
	load && unload || return 1
	attach_point=$(log | sed -n 's/^dm510_msgbox: attached at //p')
	case $attach_point in
	x64_sys_call | __x64_sys_ni_syscall) ;;
	*) is 'attach point' 'a function that dispatches' "$attach_point" || return 1 ;;
	esac
	came="dm510_msgbox: attached at $attach_point"
	came="$came${newline}dm510_msgbox: added system calls $put_nr (put) and $get_nr (get)"
	went="dm510_msgbox: removed system calls $put_nr and $get_nr"
	has_another_user="$attach_point has another user (BPF, a live patch or a module"
	has_another_user="$has_another_user like this one); remove that one first"
}

# --- tracing

# ftrace shows one name where a function has several.
traced_name()
{
	address=$(awk -v name="$1" '$3 == name { print $1; exit }' /proc/kallsyms)
	awk -v address="$address" 'NR == FNR { if ($1 == address) names[$3] = 1; next }
		$1 in names { print $1; exit }' \
		/proc/kallsyms "$tracing/available_filter_functions"
}

trace_nothing()
{
	echo nop >"$tracing/current_tracer"
	echo >"$tracing/set_ftrace_filter"
	echo 0 >"$tracing/events/enable"
	echo 0 >"$tracing/events/raw_syscalls/filter"
	echo >"$tracing/kprobe_events"
	echo >"$tracing/trace"
	echo 1 >"$tracing/tracing_on"
}

# Newer kernels (7.3) let nobody switch it off any more.
ftrace_can_be_off()
{
	echo 0 2>/dev/null >"$ftrace_enabled" && echo 1 >"$ftrace_enabled"
}

# sleeps_in PROCESS NUMBER: it is in that system call, now or soon
sleeps_in()
{
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		said=$(cut -d ' ' -f 1 "/proc/$1/syscall") || break
		[ "$said" != "$2" ] || return 0
		sleep 1
	done
	is 'system call' "$2" "$said"
}

# --- a call that stands still

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

# --- calls on every CPU

start_hammer()
{
	"$here/hammer" >"$tmp/out" &
	hammer_pid=$!
	exec 3<"$tmp/out"
	read -r said <&3
	is 'hammer' hammering "$said"
}

# Time for some calls with the module. What is in the box is hammer's: nothing may
# be put or taken.
meet_hammer()
{
	for _ in 1 2 3; do
		is 'put of nothing' EINVAL "$("$here/call" number "$put_nr" 0)" || return 1
	done
}

# Fails if a reply was wrong.
stop_hammer()
{
	kill -TERM "$hammer_pid"
	cat <&3 >"$tmp/hammered"
	sed 's/^/# /' "$tmp/hammered"
	exec 3<&-
	wait "$hammer_pid"
	hammered=$?
	hammer_pid=
	is 'exit status of hammer' 0 "$hammered"
}

# come_and_go COUNT: the module is loaded and unloaded so often meanwhile; done says
# how often it was
come_and_go()
{
	start_hammer || return 1
	done=0
	while [ "$done" -lt "$1" ] && load && meet_hammer && unload; do
		done=$((done + 1))
	done
	stop_hammer && is 'cycles' "$1" "$done"
}

# come_and_go_while CYCLES COMMAND...: meanwhile the command is run again and again. Sets
# times: how often it has succeeded; what it says goes to $tmp/meanwhile.
come_and_go_while()
{
	cycles=$1
	shift
	: >"$tmp/go-on"
	while [ -e "$tmp/go-on" ]; do
		"$@" && echo 'it has succeeded'
	done >"$tmp/said" 3<&- &
	meanwhile=$!
	come_and_go "$cycles"
	fine=$?
	rm "$tmp/go-on"
	wait "$meanwhile"
	times=$(grep -cx 'it has succeeded' "$tmp/said")
	grep -vx 'it has succeeded' "$tmp/said" >"$tmp/meanwhile"
	return "$fine"
}

# --- running them

# From here on, log looks at what the kernel says.
begin()
{
	mark="${0##*/} $$ $number"
	echo "$mark" >/dev/kmsg
}

run_test()
{
	number=$((number + 1))
	begin
	if "$@" && { [ "$stays" = yes ] || module_is_gone; }; then
		echo "ok $number $*"
	else
		echo "not ok $number $*"
		status=1
		clean_up
	fi
}

# run_tests LIST: a function and its arguments in a line
run_tests()
{
	number=0
	status=0
	[ "$was_loaded" = no ] || unload || give_up 'the module cannot be unloaded'
	kernel_text >"$tmp/before" || give_up 'the kernel text cannot be read'
	find_attach_point || give_up 'the module cannot be loaded and unloaded'
	IFS=$newline
	# shellcheck disable=SC2046 # lines are wanted
	set -- $(echo "$1" | grep '[a-z]')
	unset IFS
	echo "1..$#"
	for test; do
		# shellcheck disable=SC2086 # words are wanted
		run_test $test
	done
	exit $status
}

trap restore EXIT
trap 'exit 1' HUP INT TERM

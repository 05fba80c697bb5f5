# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0
#
# Functions for the tests that load and unload the module. A script sources this file
# and ends with run_tests. Each test begins and ends with the module unloaded.
#
# The tests unload the machine's module, with its messages, and load the one that
# these variables describe:
#   DM510_MSGBOX_KO          path of dm510_msgbox.ko
#   DM510_MSGBOX_PARAMETERS  its parameters, if its usual numbers are in use
#   DM510_MSGBOX_PUT_NR, DM510_MSGBOX_GET_NR  the numbers that it then has
#   DM510_MSGBOX_MODULES     folder of the modules that only tests load
#   DM510_MSGBOX_NO_SKIP     yes: whatever would cause a skip is a failure

# Some variables are used only by the scripts that source this file.
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

# What differs between architectures:
#   read_nr, getpid_nr, getppid_nr, gettid_nr, first_name, past_nr
#                      numbers of system calls, the name of number 0, and a number that is
#                      not assigned but not reserved either
#   of_kernel          how the names of the kernel's functions for system calls begin
#   path               functions that a call passes, at least the attach point
#   has_bounds         yes: the module raises bounds for numbers beyond the kernel's table
#   attached_by_direct_call
#                      yes: the module attaches as BPF's fentry does, so they exclude each other
#   others_of_point    who else can attach there, in a log line
#   too_high_why       what the log says of numbers from 512 on
case $(uname -m) in
aarch64)
	read_nr=63 getpid_nr=172 getppid_nr=173 gettid_nr=178 first_name=io_setup past_nr=244
	of_kernel=__arm64_sys_
	path='do_el0_svc sys_ni_syscall'
	has_bounds=no
	attached_by_direct_call=no
	others_of_point='a live patch or a module like this one'
	too_high_why='are not used, as on x86'
	;;
*)
	# 184 is tuxcall, which was reserved and never implemented.
	read_nr=0 getpid_nr=39 getppid_nr=110 gettid_nr=186 first_name=read past_nr=184
	of_kernel=__x64_sys_
	path='do_syscall_64 x64_sys_call __x64_sys_ni_syscall'
	has_bounds=yes
	attached_by_direct_call=yes
	others_of_point='BPF, a live patch or a module like this one'
	too_high_why='are for x32'
	;;
esac

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

[ -n "$ko" ] || skip 'this test loads and unloads the module: set DM510_MSGBOX_KO to its .ko file'
[ -r "$ko" ] || skip "cannot read $ko"
[ "$(id -u)" -eq 0 ] || skip 'only root can load modules'
# The tests change these settings and restore the defaults.
[ "$(cat "$ftrace_enabled")" = 1 ] || skip 'ftrace is switched off: sysctl kernel.ftrace_enabled=1'
[ "$(cat "$tracing/current_tracer" "$tracing/kprobe_events")" = nop ] ||
	skip "$tracing is in use"

tmp=$(mktemp -d)
mkfifo "$tmp/in" "$tmp/out"
hammer_pid=
was_loaded=no
# yes: the module cannot be unloaded any more.
cannot_unload=no
[ ! -d /sys/module/dm510_msgbox ] || was_loaded=yes

# Undoes whatever a failed test has left behind.
clean_up()
{
	[ -z "$hammer_pid" ] || stop_hammer
	[ "$cannot_unload" = no ] || return
	reset_tracing
	echo 1 >"$ftrace_enabled"
	for module in sum_call hello_call twice_call other_user change_bound kill_ftrace own_numbers dm510_msgbox widen_window; do
		[ ! -d "/sys/module/$module" ] || rmmod "$module"
	done
}

# Restores the machine's state when the script ends.
restore()
{
	trap '' HUP INT TERM
	clean_up
	# shellcheck disable=SC2086 # split into words
	[ "$was_loaded" = no ] || [ "$cannot_unload" = yes ] || insmod "$ko" $parameters
	rm -rf "$tmp"
}

# --- comparisons

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
		is 'get from an empty box' ENODATA "$("$here/call" get)"
}

# with_numbers PUT_NR GET_NR COMMAND...: runs the command with these call numbers
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
	# shellcheck disable=SC2086 # split into words
	"$here/kernel_text" $path
}

# text_is FILE
text_is()
{
	kernel_text >"$tmp/text" && cmp -s "$1" "$tmp/text"
}

text_is_as_before()
{
	text_is "$tmp/before" && return 0
	echo '# the kernel text differs from the text before the module was first loaded:'
	diff "$tmp/before" "$tmp/text" | sed -n 's/^[-+] *[_a-z]/# &/p'
	return 1
}

# The modules' log lines since the test began. The kernel says only once that a module
# is out of tree and not signed, so those lines are left out. uniq: after a refusal,
# busybox's insmod tries again with an older system call.
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

# The same, with N for each number, as numbers depend on the kernel.
log_is_with_any_numbers()
{
	is 'the kernel log' "$1" "$(log | sed 's/ [0-9][0-9]*/ N/g')"
}

# wait_for_log LINES: waits until this is the log
wait_for_log()
{
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		[ "$(log)" != "$1" ] || return 0
		sleep 1
	done
	is 'the kernel log' "$1" "$(log)"
}

# --- loading and unloading modules

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
	# shellcheck disable=SC2086 # split into words
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
		echo "# insmod was not refused: $*"
		return 1
	fi
	grep -q "$error" "$tmp/error" || {
		sed 's/^/# /' "$tmp/error"
		is 'error' "$error" 'the above'
	}
}

module_is_loaded()
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

# kmod's rmmod says "in use", busybox's prints the text for EAGAIN.
module_is_in_use()
{
	if rmmod dm510_msgbox 2>"$tmp/error"; then
		echo '# rmmod unloaded the module during a call'
		return 1
	fi
	grep -q -e 'in use' -e 'temporarily unavailable' "$tmp/error" && module_is_loaded
}

# The debug kernels are built without suspend. The others wait 20 seconds for a task that
# cannot be frozen, and give up.
suspend_is_possible()
{
	[ -w /sys/power/pm_test ] || return 0
	echo freezer >/sys/power/pm_test && echo mem >/sys/power/state && echo none >/sys/power/pm_test
}

# --- kernel functions

address_of()
{
	awk -v name="$1" '$3 == name { print "0x" $1; exit }' /proc/kallsyms
}

# --- ftrace's shutdown, by modules/kill_ftrace.c

# Ends a script that cannot shut ftrace down. Not a call of skip, which can be a failure:
# nothing is missing that could be there.
needs_death_of_ftrace()
{
	[ -z "$(address_of ftrace_disabled)" ] || return 0
	echo '1..0 # SKIP this kernel has no name for ftrace_disabled (6.1 on arm64)'
	exit 4
}

kill_ftrace()
{
	insert "$modules/kill_ftrace.ko" "address=$(address_of ftrace_disabled)"
}

# kill_ftrace_in TASK [FUNCTION]: when that task, after a call of the function, next makes
# ftrace change code
kill_ftrace_in()
{
	insert "$modules/kill_ftrace.ko" "address=$(address_of ftrace_disabled)" "task=$1" \
		${2:+"after=$2"}
}

# cannot_detach_log FUNCTION
cannot_detach_log()
{
	echo "dm510_msgbox: ftrace has shut itself down and cannot detach from $1;" \
		'this module stays until the machine is rebooted'
}

# ftrace's direct calls, with which BPF attaches; arm64's 6.1 has none.
direct_calls_work()
{
	[ -n "$(address_of register_ftrace_direct)" ]
}

# Can numbers beyond the kernel's table be used?
beyond_the_table_works()
{
	[ "$attach_point" != __x64_sys_ni_syscall ]
}

# Does the module raise bounds for such numbers?
raises_bounds()
{
	[ "$attach_point" = x64_sys_call ]
}

# Loads the module once to find its attach point, and sets the log lines that loading
# and unloading it must give.
find_attach_point()
{
	begin
	load && unload || return 1
	attach_point=$(log | sed -n 's/^dm510_msgbox: attached at //p')
	case $attach_point in
	x64_sys_call | __x64_sys_ni_syscall | sys_ni_syscall) ;;
	*) is 'attach point' 'a function that dispatches' "$attach_point" || return 1 ;;
	esac
	loaded_log="dm510_msgbox: attached at $attach_point"
	loaded_log="$loaded_log${newline}dm510_msgbox: added system calls $put_nr (put) and $get_nr (get)"
	unloaded_log="dm510_msgbox: removed system calls $put_nr and $get_nr"
	other_user_error="$attach_point has another user ($others_of_point); remove that one first"
}

# --- tracing

# traced_name FUNCTION: the name that ftrace uses, if the function has several
traced_name()
{
	address=$(awk -v name="$1" '$3 == name { print $1; exit }' /proc/kallsyms)
	awk -v address="$address" 'NR == FNR { if ($1 == address) names[$3] = 1; next }
		$1 in names { print $1; exit }' \
		/proc/kallsyms "$tracing/available_filter_functions"
}

reset_tracing()
{
	echo nop >"$tracing/current_tracer"
	echo >"$tracing/set_ftrace_filter"
	echo 0 >"$tracing/events/enable"
	echo 0 >"$tracing/events/raw_syscalls/filter"
	echo >"$tracing/kprobe_events"
	echo >"$tracing/trace"
	echo 1 >"$tracing/tracing_on"
}

# Newer kernels (7.3) do not allow it to be switched off.
ftrace_can_be_off()
{
	echo 0 2>/dev/null >"$ftrace_enabled" && echo 1 >"$ftrace_enabled"
}

# wait_until_in_syscall PROCESS NUMBER: waits until the process is in this system call
wait_until_in_syscall()
{
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		found=$(cut -d ' ' -f 1 "/proc/$1/syscall") || break
		[ "$found" != "$2" ] || return 0
		sleep 1
	done
	is 'system call' "$2" "$found"
}

# --- a call that waits for a page

# start_stuck_call put|get LEN: the call waits until release_stuck_call
start_stuck_call()
{
	"$here/stuck" "$1" "$2" <"$tmp/in" >"$tmp/out" &
	stuck_pid=$!
	exec 4>"$tmp/in" 3<"$tmp/out"
	read -r line <&3
	is "stuck $1" stuck "$line"
}

# Sets reply to what the call returned.
release_stuck_call()
{
	echo go >&4
	read -r reply <&3
	exec 4>&- 3<&-
	wait "$stuck_pid"
}

# --- calls on every CPU

start_hammer()
{
	"$here/hammer" >"$tmp/out" &
	hammer_pid=$!
	exec 3<"$tmp/out"
	read -r line <&3
	is 'hammer' hammering "$line"
}

# Gives hammer time for some calls. The calls here fail, as the messages in the box
# belong to hammer.
let_hammer_call()
{
	for _ in 1 2 3; do
		is 'put from NULL' EINVAL "$("$here/call" number "$put_nr" 0)" || return 1
	done
}

# Fails if hammer found a wrong reply.
stop_hammer()
{
	kill -TERM "$hammer_pid"
	cat <&3 >"$tmp/hammer-report"
	sed 's/^/# /' "$tmp/hammer-report"
	exec 3<&-
	wait "$hammer_pid"
	hammer_status=$?
	hammer_pid=
	is 'exit status of hammer' 0 "$hammer_status"
}

# cycle_module COUNT: loads and unloads the module so many times while hammer makes
# calls. Sets completed to the number of cycles.
cycle_module()
{
	start_hammer || return 1
	completed=0
	while [ "$completed" -lt "$1" ] && load && let_hammer_call && unload; do
		completed=$((completed + 1))
	done
	stop_hammer && is 'cycles' "$1" "$completed"
}

# cycle_module_while CYCLES TIMES COMMAND...: cycles the module CYCLES times, or several
# times as often, while the command runs again and again, until it has succeeded TIMES
# times. The command's output goes to $tmp/output.
cycle_module_while()
{
	cycles=$1
	times=$2
	shift 2
	: >"$tmp/go-on"
	while [ -e "$tmp/go-on" ]; do
		"$@" && echo 'command succeeded'
	done >"$tmp/all-output" 3<&- &
	loop_pid=$!
	for _ in 1 2 3 4 5; do
		cycle_module "$cycles"
		result=$?
		if [ "$result" -ne 0 ] || has_succeeded "$times"; then
			break
		fi
	done
	rm "$tmp/go-on"
	wait "$loop_pid"
	grep -vx 'command succeeded' "$tmp/all-output" >"$tmp/output"
	[ "$result" -eq 0 ] || return 1
	has_succeeded "$times" || is "successes of $*" "at least $times" "$successes"
}

# has_succeeded TIMES: did the command of cycle_module_while? Sets successes.
has_succeeded()
{
	successes=$(grep -cx 'command succeeded' "$tmp/all-output")
	[ "$successes" -ge "$1" ]
}

# --- running the tests

# Marks the place in the kernel's log from which log() prints.
begin()
{
	mark="${0##*/} $$ $number"
	echo "$mark" >/dev/kmsg
}

run_test()
{
	number=$((number + 1))
	begin
	if "$@" && { [ "$cannot_unload" = yes ] || module_is_gone; }; then
		echo "ok $number $*"
	else
		echo "not ok $number $*"
		status=1
		clean_up
	fi
}

# run_tests LIST: each line is a function and its arguments
run_tests()
{
	number=0
	status=0
	[ "$was_loaded" = no ] || unload || give_up 'cannot unload the module'
	kernel_text >"$tmp/before" || give_up 'cannot read the kernel text'
	find_attach_point || give_up 'cannot load and unload the module'
	IFS=$newline
	# shellcheck disable=SC2046 # split into lines
	set -- $(echo "$1" | grep '[a-z]')
	unset IFS
	echo "1..$#"
	for test; do
		# shellcheck disable=SC2086 # split into words
		run_test $test
	done
	exit $status
}

trap restore EXIT
trap 'exit 1' HUP INT TERM

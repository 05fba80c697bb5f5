#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Real BPF programs on the module's attach point. An fentry program attaches by a direct
# call. So does the module on x86, and the second one to attach is refused. On arm64 the
# module does not, and both work. A kprobe.multi program needs no direct call anywhere.

# The tests are called by name, from a list.
# shellcheck disable=SC2317

# shellcheck source=selftests/lib/lib.sh
. "$(dirname "$0")/lib.sh"

[ -r /sys/kernel/btf/vmlinux ] || skip 'the kernel has no BTF'

# Not those that hammer uses.
mkfifo "$tmp/to-bpf" "$tmp/from-bpf"

# start_bpf KIND: tries to attach a program and sets outcome
start_bpf()
{
	"$here/bpf" "$1" "$(traced_name "$attach_point")" <"$tmp/to-bpf" >"$tmp/from-bpf" &
	bpf_pid=$!
	exec 6>"$tmp/to-bpf" 5<"$tmp/from-bpf"
	read -r outcome <&5
}

attach_bpf()
{
	start_bpf "$1"
	is "$1" attached "$outcome"
}

# Detaches the program, which must have been called.
detach_bpf()
{
	echo go >&6
	read -r calls <&5
	exec 6>&- 5<&-
	wait "$bpf_pid" || return 1
	[ "$calls" -gt 0 ] && return 0
	is 'calls of the BPF program' 'some' "$calls"
}

# bpf_is_refused KIND: the error is EBUSY on 6.1 and 6.12, EINVAL on 7.x
bpf_is_refused()
{
	start_bpf "$1"
	exec 6>&- 5<&-
	wait "$bpf_pid"
	case $(uname -r) in
	6.*) is "$1" 'cannot attach: EBUSY' "$outcome" ;;
	*) is "$1" 'cannot attach: EINVAL' "$outcome" ;;
	esac
}

fentry_comes_first()
{
	attach_bpf fentry || return 1
	# shellcheck disable=SC2086 # split into words
	is_refused 'Device or resource busy' "$ko" $parameters &&
		log_is "dm510_msgbox: $other_user_error" && calls_are_gone &&
		detach_bpf && text_is_as_before && load && calls_work && unload
}

fentry_comes_second()
{
	load && bpf_is_refused fentry && calls_work && unload && attach_bpf fentry &&
		calls_are_gone && detach_bpf && text_is_as_before
}

# comes_first KIND: and both work
comes_first()
{
	attach_bpf "$1" && load && calls_work && unload && calls_are_gone &&
		detach_bpf && text_is_as_before && log_is "$loaded_log" "$unloaded_log"
}

# comes_second KIND
comes_second()
{
	load && attach_bpf "$1" && calls_work && detach_bpf && calls_work && unload &&
		text_is_as_before && log_is "$loaded_log" "$unloaded_log"
}

# stays_when_the_module_goes KIND
stays_when_the_module_goes()
{
	load && attach_bpf "$1" && calls_work && unload && calls_are_gone &&
		load && calls_work && detach_bpf && unload && text_is_as_before
}

# comes_and_goes_under_load KIND
comes_and_goes_under_load()
{
	start_hammer && load && let_hammer_call || return 1
	for _ in 1 2 3; do
		attach_bpf "$1" && let_hammer_call && unload && load &&
			let_hammer_call && detach_bpf && let_hammer_call || return 1
	done
	unload && stop_hammer && text_is_as_before
}

# The program would sleep after ftrace has decided about the call, and before the
# dispatcher counts it, and unloading does not wait for that.
a_program_that_sleeps_is_refused()
{
	load && start_bpf sleepable_fentry || return 1
	exec 6>&- 5<&-
	wait "$bpf_pid"
	is 'sleepable fentry' 'cannot load the program: EINVAL' "$outcome" && calls_work && unload
}

# beside KIND: the tests of programs that do not exclude the module
beside()
{
	echo "
		comes_first $1
		comes_second $1
		stays_when_the_module_goes $1
	"
}

tests=
if [ "$attached_by_direct_call" = yes ]; then
	tests='
		fentry_comes_first
		fentry_comes_second
	'
elif direct_calls_work; then
	tests="$(beside fentry)$(beside fexit)
		comes_and_goes_under_load fentry
		comes_and_goes_under_load fexit
		a_program_that_sleeps_is_refused
	"
fi
# 6.1 is built without kprobe.multi.
[ -z "$(address_of register_fprobe_ips)" ] || tests="$tests$(beside kprobe_multi)"
# Not a call of skip, which can be a failure: nothing is missing that could be there.
[ -n "$tests" ] || {
	echo '1..0 # SKIP this kernel has neither fentry nor kprobe.multi (6.1 on arm64)'
	exit 4
}
run_tests "$tests"

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Real BPF programs on the module's attach point. An fentry program attaches by a
# direct call, as the module does, so the second one to attach is refused. A
# kprobe.multi program does not, so both work.

# The tests are called by name, from a list.
# shellcheck disable=SC2317

# shellcheck source=selftests/lib/lib.sh
. "$(dirname "$0")/lib.sh"

[ -r /sys/kernel/btf/vmlinux ] || skip 'the kernel has no BTF'

# start_bpf KIND: tries to attach a program and sets outcome
start_bpf()
{
	"$here/bpf" "$1" "$(traced_name "$attach_point")" <"$tmp/in" >"$tmp/out" &
	bpf_pid=$!
	exec 4>"$tmp/in" 3<"$tmp/out"
	read -r outcome <&3
}

attach_bpf()
{
	start_bpf "$1"
	is "$1" attached "$outcome"
}

# Detaches the program, which must have been called.
detach_bpf()
{
	echo go >&4
	read -r calls <&3
	exec 4>&- 3<&-
	wait "$bpf_pid" || return 1
	[ "$calls" -gt 0 ] && return 0
	is 'calls of the BPF program' 'some' "$calls"
}

# bpf_is_refused KIND: the error is EBUSY on 6.1 and 6.12, EINVAL on 7.x
bpf_is_refused()
{
	start_bpf "$1"
	exec 4>&- 3<&-
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

kprobe_multi_comes_first()
{
	attach_bpf kprobe_multi && load && calls_work && unload && calls_are_gone &&
		detach_bpf && text_is_as_before && log_is "$loaded_log" "$unloaded_log"
}

kprobe_multi_comes_second()
{
	load && attach_bpf kprobe_multi && calls_work && detach_bpf && calls_work && unload &&
		text_is_as_before && log_is "$loaded_log" "$unloaded_log"
}

kprobe_multi_stays_when_the_module_goes()
{
	load && attach_bpf kprobe_multi && calls_work && unload && calls_are_gone &&
		load && calls_work && detach_bpf && unload && text_is_as_before
}

tests='
	fentry_comes_first
	fentry_comes_second
'
# 6.1 is built without kprobe.multi.
[ -z "$(address_of register_fprobe_ips)" ] || tests="$tests
	kprobe_multi_comes_first
	kprobe_multi_comes_second
	kprobe_multi_stays_when_the_module_goes
"
run_tests "$tests"

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Real BPF programs on the function that the module is attached to. A program at its
# entry (fentry) is a direct user of it, as the module is: who comes second is refused.
# One that comes by a kprobe (kprobe.multi) is not, and both work.

# The tests are called by name, from a list.
# shellcheck disable=SC2317

# shellcheck source=selftests/lib/lib.sh
. "$(dirname "$0")/lib.sh"

[ -r /sys/kernel/btf/vmlinux ] || skip 'the kernel has no BTF'

# bpf_says KIND: attaches a program, and says what came of it
bpf_says()
{
	"$here/bpf" "$1" "$(traced_name "$attach_point")" <"$tmp/in" >"$tmp/out" &
	bpf_pid=$!
	exec 4>"$tmp/in" 3<"$tmp/out"
	read -r said <&3
}

attach_bpf()
{
	bpf_says "$1"
	is "$1" attached "$said"
}

# The program has been called meanwhile, and goes.
detach_bpf()
{
	echo go >&4
	read -r said <&3
	exec 4>&- 3<&-
	wait "$bpf_pid" || return 1
	[ "$said" -gt 0 ] && return 0
	is 'calls' 'some' "$said"
}

# refused_bpf KIND: 6.1 and 6.12 say EBUSY, 7.x says EINVAL.
refused_bpf()
{
	bpf_says "$1"
	exec 4>&- 3<&-
	wait "$bpf_pid"
	case $(uname -r) in
	6.*) is "$1" 'cannot attach: EBUSY' "$said" ;;
	*) is "$1" 'cannot attach: EINVAL' "$said" ;;
	esac
}

fentry_comes_first()
{
	attach_bpf fentry || return 1
	# shellcheck disable=SC2086 # words are wanted
	is_refused 'Device or resource busy' "$ko" $parameters &&
		log_is "dm510_msgbox: $has_another_user" && calls_are_gone &&
		detach_bpf && text_is_as_before && load && calls_work && unload
}

fentry_comes_second()
{
	load && refused_bpf fentry && calls_work && unload && attach_bpf fentry &&
		calls_are_gone && detach_bpf && text_is_as_before
}

kprobe_multi_comes_first()
{
	attach_bpf kprobe_multi && load && calls_work && unload && calls_are_gone &&
		detach_bpf && text_is_as_before && log_is "$came" "$went"
}

kprobe_multi_comes_second()
{
	load && attach_bpf kprobe_multi && calls_work && detach_bpf && calls_work && unload &&
		text_is_as_before && log_is "$came" "$went"
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
# 6.1 is built without.
[ -z "$(address_of register_fprobe_ips)" ] || tests="$tests
	kprobe_multi_comes_first
	kprobe_multi_comes_second
	kprobe_multi_stays_when_the_module_goes
"
run_tests "$tests"

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs the tests that load and unload the module themselves, in the virtual machine.

# shellcheck source=scripts/vm/guest/lib.sh
. /guest-lib.sh

# From the script that booted the machine.
# shellcheck source=/dev/null
[ ! -r /settings ] || . /settings
DM510_MSGBOX_CYCLES=${DM510_MSGBOX_CYCLES:-10}
DM510_MSGBOX_MODULES=/modules
DM510_MSGBOX_NEWER_LIBC=/newer-libc
DM510_MSGBOX_KERNEL_MODULES=/kernel-modules
# This machine is disposable, so tests may change it permanently.
DM510_MSGBOX_THROW_AWAY=yes
DM510_MSGBOX_NO_SKIP=yes
export DM510_MSGBOX_CYCLES DM510_MSGBOX_MODULES DM510_MSGBOX_NEWER_LIBC
export DM510_MSGBOX_KERNEL_MODULES DM510_MSGBOX_THROW_AWAY DM510_MSGBOX_NO_SKIP
describe_module

# fault_injection needs the kernel that is built for it. races, which widens race windows,
# runs on one kernel for each preemption model: those of 6.1, except the cloud kernel. On
# arm64 it needs 6.12 or later: 6.12 is not preemptible, 7 is.
limit=$((900 + 20 * DM510_MSGBOX_CYCLES))
case $(uname -rm) in
6.1.*-checkers\ aarch64) left_out='fault_injection|races' limit=$((3 * limit)) ;;
6.12.*+deb13-arm64\ * | 7.*+deb13-arm64\ *) left_out=fault_injection limit=$((limit + 400)) ;;
*\ aarch64) left_out='fault_injection|races' ;;
6.1.*-checkers\ *) left_out=none limit=$((2 * limit)) ;;
6.1.*-cloud-*) left_out='fault_injection|races' ;;
6.1.*) left_out=fault_injection ;;
*) left_out='fault_injection|races' ;;
esac
# The debug kernels have neither loadable drivers nor BPF.
[ -r $DM510_MSGBOX_KERNEL_MODULES/list ] || left_out="$left_out|storage"
[ -r /sys/kernel/btf/vmlinux ] || left_out="$left_out|bpf"

cd /kselftest || exit
echo "timeout=$limit" >dm510_msgbox/settings
grep -E ":($left_out)\.sh" kselftest-list.txt | sed 's/^/# not for this kernel: /'
tests=$(grep '\.sh$' kselftest-list.txt | grep -vE ":($left_out)\.sh" | sed 's/^/-t /')
# Without names the runner would run all tests.
[ -n "$tests" ] || {
	printf '1..1\nok 1 # SKIP none of these tests is for this kernel\n'
	exit 0
}
# shellcheck disable=SC2086 # to be split into words
./run_kselftest.sh $tests

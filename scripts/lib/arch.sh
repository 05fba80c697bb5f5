# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What differs between the architectures of kernels. Sourced by common.sh. The names of
# architectures are Debian's.

case $(uname -m) in
aarch64) host_arch=arm64 ;;
*) host_arch=amd64 ;;
esac

# use_arch ARCH: sets, for that architecture,
#   arch          its name
#   triplet       GNU's name of it, as in /usr/lib/TRIPLET
#   loader        the dynamic loader of its programs
#   icount_cpu    the processor that QEMU emulates to count instructions
#   arch_tools    the sets of setup/tools that it needs
#   patching      the options of vm/boot for tests that load and unload the module under
#                 load: they would hit QEMU 7.2's race of x86 processors
# and, empty for this machine's own architecture,
#   cross         how the names of its compilers and binutils begin
#   of_arch       how the names of its files and folders below build/ end
#   kbuild_args   the arguments of make for kbuild
#   program_args  the arguments of make for programs
#
# shellcheck disable=SC2034 # they are for the scripts that source this
use_arch()
{
	arch=$1 arch_tools=("$1") cross='' of_arch='' patching=() kbuild_args=() program_args=()
	case $arch in
	amd64)
		triplet=x86_64-linux-gnu
		loader=/lib64/ld-linux-x86-64.so.2
		# It has no ERMS, so the kernel avoids `rep movsb`, which would count each
		# byte as an instruction.
		icount_cpu=Nehalem
		patching=(--threads single)
		;;
	arm64)
		triplet=aarch64-linux-gnu
		loader=/lib/ld-linux-aarch64.so.1
		icount_cpu=cortex-a76
		;;
	*) die "unknown architecture '$arch' in scripts/kernels" ;;
	esac
	[[ $arch != "$host_arch" ]] || return 0
	[[ $arch == arm64 ]] ||
		die "this machine is $host_arch: $arch kernels cannot be built and run on it"
	cross=$triplet- of_arch=-$arch arch_tools+=("cross-$arch")
	kbuild_args=("ARCH=$arch" "CROSS_COMPILE=$cross")
	# lib.mk of kselftest derives CC, other makefiles do not.
	program_args=("${kbuild_args[@]}" "CC=${cross}gcc")
}

# need_arch ARCH KERNEL: dies if the kernel in use is of another architecture
need_arch()
{
	[[ $arch == "$1" ]] ||
		die "kernel $2 is $arch, and this works with $1 kernels only"
}

# guest_file PATH: prints where the file is that has this path in a virtual machine of the
# architecture in use: on this machine, or among what setup/fetch-guest-programs unpacks
guest_file()
{
	echo "${of_arch:+$build/roots/guest$of_arch}$1"
}

# guest_program NAME: prints the path of the program for such a virtual machine
guest_program()
{
	if [[ $of_arch ]]; then
		guest_file "/usr/bin/$1"
	else
		command -v "$1"
	fi
}

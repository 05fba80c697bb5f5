#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs the tests that need the loaded module, in the virtual machine.

# shellcheck source=scripts/vm/guest/lib.sh
. /guest-lib.sh

# run PATTERN: runs the tests with matching names, except those that load the module
# themselves
run()
{
	tests=$(sed -n -E "/\.sh\$/d; s/^(dm510_msgbox:($1))\$/-t \1/p" kselftest-list.txt)
	# Without names the runner would run all tests.
	# shellcheck disable=SC2086 # to be split into words
	[ -z "$tests" ] || ./run_kselftest.sh $tests
}

# Prints the kernel code that the hook reads on x86-64, for a test outside of this machine.
show_text()
{
	[ "$(uname -m)" = x86_64 ] || return 0
	for name in do_syscall_64 x64_sys_call __x64_sys_ni_syscall; do
		awk -v name=$name '$3 == name { print "# text: " name "@" $1; exit }' \
			/proc/kallsyms
		$programs/kernel_text $name | sed 's/^/# text: /'
	done
}

# This machine is disposable, so tests may change it permanently.
export DM510_MSGBOX_THROW_AWAY=yes
cd /kselftest || exit
# The slowest kernel: one that is checked, on an architecture that is emulated. There `model`
# makes a tenth of its random steps.
case $(uname -rm) in
*-checkers\ aarch64)
	echo timeout=1800 >dm510_msgbox/settings
	export DM510_MSGBOX_STEPS=100000
	;;
esac
show_text
insmod /dm510_msgbox.ko || exit
attached=$(attach_point)
# In a subshell: the numbers must not be in the environment of the tests.
numbers=$(read_numbers && echo "$DM510_MSGBOX_PUT_NR/$DM510_MSGBOX_GET_NR")
run '.*'
rmmod dm510_msgbox || exit

# Numbers beyond the kernel's table take a different path, traced or filtered calls yet
# another, and 32-bit callers have nothing of their own there. If the numbers so far were
# inside the table (452 and 453 are beyond it on 6.1), runs the tests again with numbers
# beyond it. On x86 7.x there are none.
if [ "$attached" != __x64_sys_ni_syscall ] && [ "${numbers%/*}" -lt 424 ]; then
	insmod /dm510_msgbox.ko put_nr=510 get_nr=511 || exit
	run 'original_.*|abi|seccomp|ptrace|compat|strace|audit'
	rmmod dm510_msgbox || exit
fi
# scripts/commands/kselftest-all reads this line.
echo "# facts: $attached $numbers"

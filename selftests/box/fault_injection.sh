#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Makes each allocation and each copy of user memory in the module fail at least once.
# Then the errors of the calls, the box, its figures and the kernel's code have to be
# as the contract says, and no memory may leak.
#
# Needs a kernel with fault injection and kmemleak.

# run_tests calls the tests by name.
# shellcheck disable=SC2317

# shellcheck source=selftests/lib/lib.sh
. "$(dirname "$0")/lib.sh"

debug=/sys/kernel/debug
places=$debug/fail_nth
nth=/sys/module/fail_nth/parameters/nth

for needed in failslab fail_page_alloc fail_usercopy kmemleak; do
	[ -e "$debug/$needed" ] || skip "this kernel has no $debug/$needed"
done
[ -r "$modules/fail_nth.ko" ] || skip "no $modules/fail_nth.ko"

# switch_injection IGNORED MIN_ORDER VERBOSE: with N 0 0 every allocation can fail, and
# nothing is logged. Only tasks that use fail-nth see failures.
switch_injection()
{
	for knob in failslab/ignore-gfp-wait fail_page_alloc/ignore-gfp-wait \
		fail_page_alloc/ignore-gfp-highmem; do
		echo "$1" >"$debug/$knob"
	done
	echo "$2" >"$debug/fail_page_alloc/min-order"
	for knob in failslab fail_page_alloc fail_usercopy; do
		echo "$3" >"$debug/$knob/verbose"
	done
}

leave()
{
	restore
	[ ! -d /sys/module/fail_nth ] || rmmod fail_nth
	switch_injection Y 1 2
}

# The number of failures injected into the module so far.
failures()
{
	awk '{ sum += $1 } END { print sum + 0 }' "$places"
}

# operation NAME
operation()
{
	load && "$here/fault_injection" "$1" && calls_work && unload && text_is_as_before
}

# The number of places in msgbox_get() at which a copy has failed.
copies_in_get()
{
	grep -c '^[0-9]* copy_user.* < msgbox_get+' "$places"
}

# The copy at the second place fails only if another thread interferes.
get_while_memory_goes_away()
{
	load || return 1
	for _ in $(seq 20); do
		"$here/fault_injection" race 3 || return 1
		[ "$(copies_in_get)" -lt 2 ] || break
	done
	calls_work && unload
}

# load_with_failure NTH: sets injected, the number of failures
load_with_failure()
{
	before=$(failures)
	loaded=yes
	echo "$1" >"$nth"
	load >"$tmp/said" || loaded=no
	echo 0 >"$nth"
	injected=$(($(failures) - before))
	if [ "$loaded" = yes ]; then
		calls_work && unload
		return
	fi
	refused=$((refused + 1))
	grep -q 'Cannot allocate memory' "$tmp/said" ||
		is 'insmod' 'Cannot allocate memory' "$(cat "$tmp/said")" || return 1
	module_is_gone && calls_are_gone &&
		is "figures" no "$([ ! -e /sys/kernel/dm510_msgbox ] && echo no)" &&
		text_is_as_before
}

loading()
{
	number_of=0
	refused=0
	in_vain=0
	# How many allocations there are varies a little, and one can be missed.
	while [ "$in_vain" -lt 5 ]; do
		number_of=$((number_of + 1))
		load_with_failure "$number_of" || {
			echo "# failure $number_of"
			return 1
		}
		in_vain=$((injected > 0 ? 0 : in_vain + 1))
	done
	number_of=$((number_of - in_vain))
	echo "# loading: $number_of failures, $refused of them made insmod fail"
	if [ "$number_of" -lt 1 ] || [ "$refused" -lt 2 ]; then
		echo '# nothing failed, so nothing was tested'
		return 1
	fi
	load && calls_work && unload && text_is_as_before
}

unload_with_failure()
{
	load && outcome=$("$here/fault_injection" unload "$1") || return 1
	case $outcome in
	0\ *) module_is_gone ;;
	# The copy of the module's name failed.
	'EFAULT failed') module_is_loaded && calls_work && unload ;;
	*) is 'rmmod' '0 or EFAULT' "$outcome" ;;
	esac && calls_are_gone && text_is_as_before
}

unloading()
{
	number_of=0
	outcome=
	while [ "${outcome#* }" != passed ]; do
		number_of=$((number_of + 1))
		unload_with_failure "$number_of" || {
			echo "# failure $number_of"
			return 1
		}
	done
	echo "# unloading: $((number_of - 1)) failures"
	[ "$number_of" -gt 1 ]
}

# Prints each listed site and how often it failed. A listed site that did not fail is
# an error, and so is a failure at a site that is not listed.
each_site_has_failed()
{
	awk -F '\t' -v sites="$here/fault_injection.sites" '
	function row(pattern, wanted,    i, found, times) {
		for (i = 1; i <= NR; i++) {
			if (place[i] !~ "^" pattern "( <|$)")
				continue
			known[i] = 1
			found++
			times += count[i]
		}
		printf "# %-18s  %-28s  %5d times: %s", file, site, times, pattern
		print found < wanted ? "; WRONG: at " found + 0 " of " wanted " places" : ""
		wrong += found < wanted
	}
	{
		count[NR] = $0 + 0
		gsub("^[0-9]+ |[+]0x[0-9a-f]+", "")
		place[NR] = $0
	}
	END {
		while ((getline <sites) > 0) {
			if (/^[^#\t]/) { file = $1; site = $2 }
			else if ($2 == "-") printf "# %-18s  %-28s  not seen: %s\n", file, site, $3
			else if (/^\t/) row($2, $3)
		}
		for (i = 1; i <= NR; i++) {
			if (known[i])
				continue
			print "# " count[i] " times; WRONG: not in the list: " place[i]
			wrong++
		}
		exit wrong || !NR
	}' "$places"
}

nothing_leaks()
{
	# This write fails if kmemleak ran out of memory and switched itself off.
	echo scan >"$debug/kmemleak" || return 1
	# kmemleak reports only objects that are older than five seconds.
	sleep 6
	echo scan >"$debug/kmemleak" || return 1
	head -n 60 "$debug/kmemleak" >"$tmp/leaks"
	sed 's/^/# /' "$tmp/leaks"
	[ ! -s "$tmp/leaks" ]
}

trap leave EXIT
switch_injection N 0 0
insert "$modules/fail_nth.ko" || give_up 'fail_nth.ko cannot be loaded'
load && unload && echo clear >"$debug/kmemleak"
run_tests "
	$("$here/fault_injection" list | sed 's/^/operation /')
	get_while_memory_goes_away
	loading
	unloading
	each_site_has_failed
	nothing_leaks
"

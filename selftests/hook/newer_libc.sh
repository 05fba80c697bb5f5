#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Debian 13's C library and chmod, as in a container on an older kernel. They call
# fchmodat2, which is 452 since Linux 6.6, and fall back to another way on ENOSYS. They
# must behave the same with the module as without it.
#
#   DM510_MSGBOX_NEWER_LIBC  folder of their root file system

# The tests are called by name, from a list.
# shellcheck disable=SC2317

# shellcheck source=selftests/lib/lib.sh
. "$(dirname "$0")/lib.sh"

root=${DM510_MSGBOX_NEWER_LIBC:-}
[ -x "$root/bin/chmod" ] || skip 'set DM510_MSGBOX_NEWER_LIBC: no newer C library'

# These pass AT_FDCWD and file descriptors, follow links, change links themselves, and
# meet links and files that do not exist.
commands='
700 tree/file
-h 640 tree/file
-h 600 tree/link
604 tree/link
-h 600 tree/lost
600 tree/lost
-R 700 tree
-R u=rwX,go=rX tree
-R -P 711 tree
-R -L 711 tree
-R -H 750 tree/linked
-R -h 700 tree
-R -v a-x tree
-R --reference=tree/file tree/inner
-R 700 tree nowhere
'

make_tree()
{
	rm -rf "$root/tree"
	mkdir -p "$root/tree/inner/innermost" || return 1
	for file in file inner/file inner/other inner/innermost/file; do
		echo "$file" >"$root/tree/$file"
		chmod 644 "$root/tree/$file"
	done
	chmod 755 "$root/tree" "$root/tree/inner" "$root/tree/inner/innermost"
	ln -s file "$root/tree/link"
	ln -s nothing "$root/tree/lost"
	ln -s inner "$root/tree/linked"
	ln -s ../file "$root/tree/inner/link"
}

modes()
{
	(cd "$root" && find tree | sort | while read -r file; do stat -c '%A %n' "$file"; done)
}

newer_chmod()
{
	# The C library's fallback uses /proc/self/fd.
	mount --bind /proc "$root/proc" || return 1
	chroot "$root" /bin/chmod "$@" 2>&1
	exit_status=$?
	umount "$root/proc"
	return "$exit_status"
}

# For each command: the command, its output, its status, and all the files' modes.
what_chmod_does()
{
	echo "$commands" | grep '[a-z]' | while read -r words; do
		make_tree
		echo "chmod $words"
		# shellcheck disable=SC2086 # split into words
		newer_chmod $words && echo 'succeeded' || echo "failed: $?"
		modes
	done
}

# The results of a chmod's calls of fchmodat2. strace may know the call's name. The
# arguments are left out, as they differ each time.
what_fchmodat2_returns()
{
	make_tree && strace -f -o "$tmp/calls" chroot "$root" /bin/chmod -R -h 700 tree
	sed -n -e '/syscall_0x1c4/s/^.* = //p' -e '/fchmodat2/s/^.* = //p' "$tmp/calls"
}

# Without this, the other tests would prove nothing.
it_calls_fchmodat2()
{
	[ -n "$(what_fchmodat2_returns)" ] && return 0
	echo '# chmod does not call fchmodat2'
	return 1
}

with_the_module_fchmodat2_returns_the_same()
{
	without=$(what_fchmodat2_returns)
	load && is 'fchmodat2' "$without" "$(what_fchmodat2_returns)" && unload
}

with_the_module_it_does_the_same()
{
	what_chmod_does >"$tmp/without"
	load || return 1
	what_chmod_does >"$tmp/with"
	is 'commands' "$(echo "$commands" | grep -c '[a-z]')" "$(grep -c '^chmod ' "$tmp/with")" &&
		calls_work && unload || return 1
	cmp -s "$tmp/without" "$tmp/with" && return 0
	diff "$tmp/without" "$tmp/with" | sed 's/^/# /'
	return 1
}

with_the_module_a_whole_tree_changes()
{
	load && make_tree && is 'chmod -R says' '' "$(newer_chmod -R 711 tree)" &&
		is 'file modes' '-rwx--x--x drwx--x--x lrwxrwxrwx' \
			"$(modes | cut -d ' ' -f 1 | sort -u | xargs)" && unload
}

run_tests '
	it_calls_fchmodat2
	with_the_module_fchmodat2_returns_the_same
	with_the_module_it_does_the_same
	with_the_module_a_whole_tree_changes
'

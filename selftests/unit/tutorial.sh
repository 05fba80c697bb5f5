#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Compares the code in hook/README.md with the files that the tests build and run.
# Prints TAP.

readme=../../hook/README.md
status=0

# code LANGUAGE NUMBER: that code block of the README, counted by language
code()
{
	awk -v begin="\`\`\`$1" -v number="$2" '
		inside && $0 == "```" { exit }
		inside { print }
		!inside && $0 == begin && ++count == number { inside = 1 }' "$readme"
}

# The objects that hook/objects.mk links into a module, and those that hook/ has.
linked()
{
	sed -n 's/^hook-objects [+:]= //p' ../../hook/objects.mk | tr ' ' '\n'
}

objects()
{
	find ../../hook -name '*.[cS]' -printf '%P\n' | sed 's/[cS]$/o/'
}

# expect NUMBER DESCRIPTION EXPECTED FOUND
expect()
{
	if [ "$3" = "$4" ]; then
		echo "ok $1 $2"
	else
		printf 'expected:\n%s\nfound:\n%s\n' "$3" "$4" | sed 's/^/# /'
		echo "not ok $1 $2"
		status=1
	fi
}

echo 'TAP version 13'
echo '1..3'
expect 1 'the module in hook/README.md is modules/hello.c' \
	"$(cat ../modules/hello.c)" "$(code c 1)"
expect 2 'the program in hook/README.md is hook/say_hello.c' \
	"$(cat ../hook/say_hello.c)" "$(code c 2)"
expect 3 'hook/objects.mk links all of hook/' \
	"$(objects | sort)" "$(linked | sort)"
exit "$status"

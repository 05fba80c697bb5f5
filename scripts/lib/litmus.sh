# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Has herd7 read the litmus tests of selftests/litmus with the kernel's memory model: no
# execution that the model allows may end in the bad state, and with each planted bug one
# must. To be sourced after common.sh.

litmus=${top:?}/selftests/litmus
litmus_build=${build:?}/litmus
memory_model=$build/linux-source/tools/memory-model

# sources_in FILE: prints the sources that a test or a model mentions
sources_in()
{
	grep -oE '\b(core|hook)/([a-z0-9]+/)?[a-z_]+\.[chS]\b' "$1" | sort -u
}

litmus_tests()
{
	basename -s .litmus -a "$litmus"/*.litmus
}

# Prints the name of each test with a planted bug, as TEST+BUG.
litmus_variants()
{
	awk -F '\t+' '!/^#/ { print $1 "+" $2 }' "$litmus/bugs"
}

# litmus_plant TEST BUG: prints the test with the bug planted
litmus_plant()
{
	local script

	script=$(awk -F '\t+' -v test="$1" -v bug="$2" '$1 == test && $2 == bug { print $3 }' \
		"$litmus/bugs")
	sed "1s/.*/C $1+$2/; $script" "$litmus/$1.litmus"
}

# Has herd7 read all tests, and the kernel's own ones, at once. Its output goes to `output`
# and `errors` in $litmus_build.
litmus_run()
{
	local root variant

	root=$("${scripts:?}/setup/fetch-herd")
	"$scripts/setup/fetch-kselftest"
	rm -rf "$litmus_build"
	make_dir "$litmus_build"
	cp "$litmus"/*.litmus "$litmus_build"
	while read -r variant; do
		litmus_plant "${variant%+*}" "${variant#*+}" >"$litmus_build/$variant.litmus"
	done < <(litmus_variants)
	(cd "$memory_model" && "$scripts/setup/in-root" "$root" herd7 -conf linux-kernel.cfg \
		"$litmus_build"/*.litmus litmus-tests/*.litmus) \
		>"$litmus_build/output" 2>"$litmus_build/errors" || true
}

# litmus_verdict NAME: prints Never, Sometimes or Always, and the model's complaints
litmus_verdict()
{
	awk -v name="$1" '
		$1 == "Test" { flags = "" }
		$1 == "Flag" { flags = flags " " $2 }
		$1 == "Observation" && $2 == name { print $3 flags; found = 1 }
		END { if (!found) print "no result" }' "$litmus_build/output"
}

# litmus_result NUMBER WANTED FOUND DESCRIPTION
litmus_result()
{
	if [[ $2 == "$3" ]]; then
		echo "ok $1 $4"
	else
		echo "# | expected: ${2:-nothing}, found: ${3//$'\n'/; }"
		echo "not ok $1 $4"
	fi
}

# Compares the kernel's own tests with the results that their comments give: this herd7 and
# this model must fit together.
litmus_own_tests()
{
	local test wanted found

	for test in "$memory_model"/litmus-tests/*.litmus; do
		wanted=$(sed -n 's/^ \* Result: \([A-Z][a-z]*\).*/\1/p' "$test")
		found=$(litmus_verdict "$(basename -s .litmus "$test")")
		[[ ${found%% *} == "$wanted" ]] || echo "$(basename "$test"): $found"
	done
}

# litmus_names TEST: prints the steps of the test that the sources it mentions do not name,
# or complains if none of these sources names the test. (P0, P1, ... are processes.)
litmus_names()
{
	local -a sources
	local step

	mapfile -t sources < <(sources_in "$litmus/$1.litmus")
	cd "$top" || return
	grep -oE '\b[A-OQ-Z][0-9]\b' "$litmus/$1.litmus" | sort -u | while read -r step; do
		grep -qw "$step" "${sources[@]}" || echo "$step"
	done
	grep -qF "selftests/litmus/$1.litmus" "${sources[@]}" || echo "no barrier names $1.litmus"
}

# Prints the results as TAP.
litmus_tap()
{
	local -a tests variants
	local number=1 name

	mapfile -t tests < <(litmus_tests)
	mapfile -t variants < <(litmus_variants)
	echo "TAP version 13"
	echo "1..$((1 + 2 * ${#tests[@]} + ${#variants[@]}))"
	sed 's/^/# | /' "$litmus_build/errors"
	litmus_result 1 "" "$(litmus_own_tests)" "litmus: herd7 agrees with the kernel's own tests"
	for name in "${tests[@]}"; do
		litmus_result $((++number)) Never "$(litmus_verdict "$name")" "litmus $name: never"
		litmus_result $((++number)) "" "$(litmus_names "$name")" \
			"litmus $name: the sources name it and its steps"
	done
	for name in "${variants[@]}"; do
		litmus_result $((++number)) Sometimes "$(litmus_verdict "$name" | cut -d ' ' -f 1)" \
			"litmus ${name%+*}: bug found: ${name#*+}"
	done
}

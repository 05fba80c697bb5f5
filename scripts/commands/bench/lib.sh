# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What the benchmark's commands share. To be sourced after common.sh.

bench=${scripts:?}/commands/bench

# build_program FOLDER: for the architecture in use (use_arch)
build_program()
{
	# shellcheck disable=SC2154 # use_arch sets it
	make --silent --no-print-directory -C "${top:?}/selftests/bench" OUTPUT="$1" "${program_args[@]}" ||
		die "building the benchmark failed; see the errors above"
}

# Prints the program's progress as it comes. The rows also go to the file ROWS.
keep_rows()
{
	tee "$1" | sed -un -e 's/^# warning /warning: /p;t' -e 's/^# /    /p' >&2
}

# csv ROWS UNIT: prints the rows as a CSV file
csv()
{
	echo "# SPDX-License-Identifier: GPL-2.0"
	grep '^# kernel ' "$1"
	echo "# unit $2"
	grep '^# warning ' "$1" || true
	echo "measure,peer,x,value,why"
	grep -v '^#' "$1"
}

# check_complete CSV ROWS: each row must have a figure, or the reason why there is none
check_complete()
{
	local rows

	rows=$(grep -cE '^[a-z_]+,[^,]+,[^,]+,(-?[0-9.]+,|-,[^,]+)$' "$1") || true
	[[ $rows == "$2" ]] || die "$1 has $rows valid rows, not $2"
}

# draw CSV SVG [MEASURE]: gnuplot's picture, with a title and a description for those who
# do not see it
draw()
{
	local measure=${3:-pair} what text

	case $measure in
	pair) what=$(sed -n 's/^# unit \([a-z]*\).*/\1/p' "$1") ;;
	*) what=${measure#pair_} ;;
	esac
	gnuplot -c "$bench/curves.gnuplot" "$1" "$measure" "$what" >"$2.new" ||
		die "gnuplot could not draw ${2##*/}"
	text=$(awk -v measure="$measure" -v what="$what" -f "$bench/describe.awk" "$1")
	awk -v title="${text%%$'\n'*}" -v description="${text#*$'\n'}" -f "$bench/label.awk" \
		"$2.new" >"$2" || die "${2##*/} has no place for a title and a description"
	rm "$2.new"
}

table()
{
	awk -f "$bench/table.awk" "$1"
}

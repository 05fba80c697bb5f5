# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What becomes of the rows of live-rows.sh. To be sourced after lib.sh.

# Prints how many numbers of threads are measured with so many processors: 1+1, 2+2, 4+4
# and so on; the last one is for all of them.
numbers_of_threads()
{
	local count=1 numbers=1 largest=$(($1 / 2))

	while ((count < largest)); do
		count=$((2 * count))
		numbers=$((numbers + 1))
	done
	echo $numbers
}

# live_rows PROCESSORS DEPTHS: prints the number of rows: three for getppid; for each of six
# peers, nine sizes, two counts for each of the 45 that work, two costs for each depth, and
# the numbers of threads; for each of seven that can wait, three figures for each of two
# numbers of readers
live_rows()
{
	echo $((3 + 6 * 9 + 45 * 2 + 6 * 2 * $2 + 6 * $(numbers_of_threads "$1") + 7 * 3 * 2))
}

# write_live ROWS FOLDER DEPTHS: writes the figures, the curves and the table
write_live()
{
	local out=$2 processors

	processors=$(sed -n 's/^# processors //p' "$1")
	[[ $processors ]] || die "the machine has printed no rows"
	csv "$1" "nanoseconds, processors: $processors" >"$out/time.csv"
	check_complete "$out/time.csv" "$(live_rows "${processors%% *}" "$3")"
	draw "$out/time.csv" "$out/time.svg"
	rm -f "$out/instructions.svg"
	! grep -q '^pair_instructions,.*,[0-9.]*,$' "$out/time.csv" ||
		draw "$out/time.csv" "$out/instructions.svg" pair_instructions
	table "$out/time.csv" >"$out/table.md"
}

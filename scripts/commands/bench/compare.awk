# SPDX-License-Identifier: GPL-2.0
#
# compare.awk COMMITTED MEASURED: fails if a put and get costs over 2 % more than committed

BEGIN {
	FS = ","
	tolerance = 2
}

$1 != "pair" || $2 != "box" { next }
NR == FNR { before[$3] = $4; sizes++; next }

{
	if (!($3 in before)) {
		printf "not ok: %s bytes: no committed figure\n", $3
		worse++
		next
	}
	compared++
	change = 100 * ($4 / before[$3] - 1)
	verdict = "ok"
	if (change > tolerance) {
		verdict = "not ok, over " tolerance " % more"
		worse++
	} else if (change < -tolerance) {
		verdict = "ok, cheaper"
		better++
	}
	printf "%8s bytes: %9.1f instructions, committed %9.1f, %+6.2f %%: %s\n", \
		$3, $4, before[$3], change, verdict
}

END {
	if (better)
		print "Over " tolerance " % cheaper. To commit the new figures: make bench && make bench-update"
	if (compared < sizes)
		printf "not ok: %d sizes were measured, %d are committed\n", compared, sizes
	if (worse)
		printf "A put and get costs more than the committed figure at %d of %d sizes.\n", worse, sizes
	exit worse || compared < sizes || !sizes
}

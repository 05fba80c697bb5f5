# SPDX-License-Identifier: GPL-2.0
#
# compare.awk COMMITTED MEASURED: fails if the box needs over 2 % more instructions than
# committed, for a put and get or for a message to a sleeping reader

BEGIN {
	FS = ","
	tolerance = 2
	unit["pair"] = "bytes"
	unit["wait"] = "asleep, delivery"
	unit["wait_send"] = "asleep, send"
}

# All measured peers are the box: by the system calls, and by write(2) on its device.
!($1 in unit) || $2 !~ /^box/ { next }
{ name = $2 ", " $3 " " unit[$1] }
NR == FNR { before[name] = $4; figures++; next }

{
	if (!(name in before)) {
		printf "not ok: %s: no committed figure\n", name
		unknown++
		next
	}
	compared++
	change = 100 * ($4 / before[name] - 1)
	verdict = "ok"
	if (change > tolerance) {
		verdict = "not ok, over " tolerance " % more"
		worse++
	} else if (change < -tolerance) {
		verdict = "ok, cheaper"
		better++
	}
	printf "%-31s %9.1f instructions, committed %9.1f, %+6.2f %%: %s\n", \
		name ":", $4, before[name], change, verdict
}

END {
	if (better)
		print "Over " tolerance " % cheaper. To commit the new figures: make bench && make bench-update"
	if (compared < figures)
		printf "not ok: %d figures were measured, %d are committed\n", compared, figures
	if (worse)
		printf "%d of %d figures are larger than the committed ones.\n", worse, figures
	if (unknown)
		print "To commit figures: make bench && make bench-update"
	exit worse || unknown || compared < figures || !figures
}

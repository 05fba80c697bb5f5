# SPDX-License-Identifier: GPL-2.0
#
# Makes the tables (Markdown) from a CSV of scripts/commands/bench/measure.

BEGIN {
	FS = ","
	peers = split("box,POSIX mq,System V,pipe,AF_UNIX,eventfd", peer, ",")
}

/^# kernel / { kernel = substr($0, 10) }
/^# unit / { unit = substr($0, 8); what = unit; sub(/[, ].*/, "", what) }
/^#/ || /^measure,/ { next }

{
	if (!(($1, $3) in seen)) {
		seen[$1, $3] = 1
		x[$1, ++rows[$1]] = $3
	}
	value[$1, $2, $3] = $4
	if ($5 != "" && !($5 in told)) {
		told[$5] = 1
		reason[++reasons] = $5
	}
}

# Tenths are more than can be read.
function figure(number)
{
	return number == "-" || number == "" ? "-" : sprintf("%.0f", number)
}

# The cheapest of the others, or "-".
function best(measure, at,    i, number, least)
{
	least = "-"
	for (i = 2; i <= peers; i++) {
		number = value[measure, peer[i], at]
		if (number != "-" && number != "" && (least == "-" || number + 0 < least + 0))
			least = number
	}
	return least
}

function ratio(over, under)
{
	return over == "-" || under + 0 == 0 ? "-" : sprintf("%.2f", over / under)
}

function head(first, last,    i, line, rule)
{
	line = "| " first " |"
	rule = "| ---: |"
	for (i = 1; i <= peers; i++) {
		line = line " " peer[i] " |"
		rule = rule " ---: |"
	}
	while (last-- > 0)
		rule = rule " ---: |"
	print line extra
	print rule
}

function title(text)
{
	print "\n#### " text "\n"
}

function pair_table(    r, i, at, line, floor)
{
	floor = value["getppid", "with", "2"]
	title("One put and one get, in " what)
	extra = " best peer ÷ box | box ÷ two getppid |"
	head("bytes", 2)
	for (r = 1; r <= rows["pair"]; r++) {
		at = x["pair", r]
		line = "| " at " |"
		for (i = 1; i <= peers; i++)
			line = line " " figure(value["pair", peer[i], at]) " |"
		print line " " ratio(best("pair", at), value["pair", "box", at]) " | " \
			ratio(value["pair", "box", at], floor) " |"
	}
	printf "\nTwo getppid: %.0f with the module, %.0f without", \
		floor, value["getppid", "without", "2"]
	# Time is not steady enough to tell.
	if (what == "instructions")
		printf ": other system calls pay %.0f instructions each for it", \
			(floor - value["getppid", "without", "2"]) / 2
	print ".\nA pipe is a stream of bytes and keeps no borders between messages."
}

function depth_table(    r, i, at, line)
{
	title("A put / a get with so many messages of 16 bytes in the queue, in " what)
	extra = ""
	head("messages", 0)
	for (r = 1; r <= rows["depth_put"]; r++) {
		at = x["depth_put", r]
		line = "| " at " |"
		for (i = 1; i <= peers; i++)
			line = line " " figure(value["depth_put", peer[i], at]) " / " \
				figure(value["depth_get", peer[i], at]) " |"
		gsub("- / -", "-", line)
		print line
	}
	print "\nWhat reading the clock costs is in them, which shows where there are few messages."
}

function simple_table(measure, first,    r, i, at, line)
{
	extra = " best peer ÷ box |"
	head(first, 1)
	for (r = 1; r <= rows[measure]; r++) {
		at = x[measure, r]
		line = "| " at " |"
		for (i = 1; i <= peers; i++)
			line = line " " figure(value[measure, peer[i], at]) " |"
		print line " " ratio(best(measure, at), value[measure, "box", at]) " |"
	}
}

END {
	print "### In " what
	print "\nKernel " kernel "; " unit "."
	pair_table()
	depth_table()
	if (rows["threads"]) {
		title("Threads that put + threads that get 64 bytes, in " what " for one message")
		simple_table("threads", "threads")
		print "\nNo call blocks: a thread that finds the queue full or empty yields and tries again."
	}
	if (rows["memory"]) {
		title("Memory of one of many messages, in bytes (as MemAvailable shows it)")
		simple_table("memory", "bytes")
		printf "\nBy its own count (/sys/kernel/dm510_msgbox/memory) the box holds"
		for (r = 1; r <= rows["memory"]; r++)
			printf "%s %.1f", (r > 1 ? "," : ""), \
				value["memory", "box (sysfs)", x["memory", r]]
		print "."
	}
	print "\nWhere there is no figure:"
	for (r = 1; r <= reasons; r++)
		print "- " reason[r]
	print ""
}

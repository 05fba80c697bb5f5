# SPDX-License-Identifier: GPL-2.0
#
# table.awk CSV: prints the tables (Markdown) of a CSV of scripts/commands/bench/measure

BEGIN {
	FS = ","
	peers = split("box,POSIX mq,System V,pipe,AF_UNIX,eventfd", peer, ",")
}

/^# kernel / { kernel = substr($0, 10) }
/^# unit / { unit = substr($0, 8); what = unit; sub(/[, ].*/, "", what) }
/^# warning / { warning[++warnings] = substr($0, 11) }
/^#/ || /^measure,/ { next }

{
	if (!(($1, $3) in seen)) {
		seen[$1, $3] = 1
		x[$1, ++rows[$1]] = $3
	}
	value[$1, $2, $3] = $4
	if ($1 == "getppid_instructions")
		counters = $4 == "-" ? $5 : "yes"
	if ($1 == "wait" && $3 == 1)
		waiter[++waiters] = $2
	if ($5 != "" && $5 != counters && !($5 in listed)) {
		listed[$5] = 1
		reason[++reasons] = $5
	}
}

# Tenths would only make the table harder to read.
function figure(number)
{
	return number == "-" || number == "" ? "-" : sprintf("%.0f", number)
}

# Returns the figure of the cheapest other peer, or "-".
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

# pair_table(suffix, what): of the measures with that suffix
function pair_table(suffix, what,    measure, r, i, at, line, floor)
{
	measure = "pair" suffix
	floor = value["getppid" suffix, "with", "2"]
	title("One put and one get, in " what)
	extra = " best peer ÷ box | box ÷ two getppid |"
	head("bytes", 2)
	for (r = 1; r <= rows["pair"]; r++) {
		at = x["pair", r]
		line = "| " at " |"
		for (i = 1; i <= peers; i++)
			line = line " " figure(value[measure, peer[i], at]) " |"
		print line " " ratio(best(measure, at), value[measure, "box", at]) " | " \
			ratio(value[measure, "box", at], floor) " |"
	}
	print "\nTwo getppid: " floor_text(floor, value["getppid" suffix, "without", "2"], what) "."
}

function floor_text(with, without, what,    text)
{
	text = sprintf("%.0f", with)
	if (without == "")
		return text
	text = text sprintf(" with the module, %.0f without", without)
	# Times vary too much to show the difference.
	if (what == "instructions")
		text = text sprintf(": %.0f more instructions for each other system call", \
			(with - without) / 2)
	return text
}

function pair_tables()
{
	pair_table("", what)
	print "A pipe is a byte stream without message boundaries."
	if (counters == "yes") {
		pair_table("_instructions", "instructions that the processor counted")
		pair_table("_cycles", "cycles that the processor counted")
	} else if (counters != "") {
		print "\nInstructions and cycles were not counted: " counters "."
	}
}

function depth_table(    r, i, at, line)
{
	title("One put / one get with a number of 16-byte messages in the queue, in " what)
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
	print "\nThe figures include the cost of reading the clock, which matters with few messages."
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

# Prints the columns for a number of readers: the send, the delivery, and its ratio.
function waiting_columns(name, readers,    cost)
{
	cost = value["wait", name, readers]
	return " " figure(value["wait_send", name, readers]) " | " figure(cost) " | " \
		ratio(cost, value["wait", "box", readers]) " |"
}

# Here a row is a peer, because each has several figures for a number of readers.
function waiting_table(    i, name)
{
	title("One message of 8 bytes to a sleeping reader, in " what)
	print "| | send, 1 sleeps | delivery | ÷ box | send, 8 sleep | delivery | ÷ box | readers woken |"
	print "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
	for (i = 1; i <= waiters; i++) {
		name = waiter[i]
		print "| " name " |" waiting_columns(name, 1) waiting_columns(name, 8) " " \
			figure(value["wait_woken", name, 8]) " |"
	}
	print "\nsend: the sender's call, while no reader may interrupt it. delivery: from before that call"
	print "until the reader's call has returned. Both include one reading of the clock, and are medians"
	print "of the best round. `box` sends with the system call, `box (write)` with write(2) on the device;"
	print "the readers of both sleep in read(2). Readers are processes of real-time priority" \
		(what == "instructions" ? "" : ", on another processor if there is one") "."
}

END {
	print "### In " what
	print "\nKernel " kernel "; " unit "."
	for (i = 1; i <= warnings; i++)
		print "\nWarning: " warning[i] "."
	pair_tables()
	depth_table()
	if (waiters)
		waiting_table()
	if (rows["threads"]) {
		title("Threads that put + threads that get 64-byte messages, in " what " per message")
		simple_table("threads", "threads")
		print "\nNo call blocks: if the queue is full or empty, the thread yields and retries."
	}
	if (rows["memory"]) {
		title("Memory per message, with many messages, in bytes (from MemAvailable)")
		simple_table("memory", "bytes")
		printf "\nThe box's own count (/sys/kernel/dm510_msgbox/memory) is"
		for (r = 1; r <= rows["memory"]; r++)
			printf "%s %.1f", (r > 1 ? "," : ""), \
				value["memory", "box (sysfs)", x["memory", r]]
		print "."
	}
	print "\nReasons for missing figures:"
	for (r = 1; r <= reasons; r++)
		print "- " reason[r]
	print ""
}

# SPDX-License-Identifier: GPL-2.0
#
# The counting for tap-verdict. kselftest's TAP has two levels:
#
#	TAP version 13
#	1..2                                the plan: two test programs
#	# selftests: dm510_msgbox: abi      the first program begins
#	# TAP version 13
#	# 1..1                              the program's plan
#	# ok 1 abi.returns
#	ok 1 selftests: dm510_msgbox: abi   the program has ended
#	# selftests: dm510_msgbox: plain.sh
#	not ok 2 selftests: dm510_msgbox: plain.sh # exit=1
#
# The results of a program count, or the program itself if it prints none. The number of
# results must match each plan, in each file.

function fault(why)
{
	failed++
	print "tap-verdict: " why > "/dev/stderr"
}

# Resets the counts for a new program.
function begin_program()
{
	inner_plan = -1
	inner_results = inner_failed = 0
}

function count(line)
{
	if (line ~ /^not ok/)
		failed++
	else if (line ~ /# *SKIP/)
		skipped++
	else
		passed++
}

# A program's results must match its plan, and if the program fails, one of its results
# must be a failure.
function end_program(line)
{
	if (inner_plan < 0 && !inner_results)
		count(line)
	else if (inner_plan == 0 && !inner_results && line ~ /^ok.*# *SKIP/)
		skipped++
	else if (inner_plan < 0)
		fault("results without a plan: " line)
	else if (inner_plan != inner_results || !inner_results)
		fault("planned " inner_plan " results, found " inner_results ": " line)
	else if (line ~ /^not ok/ && !inner_failed)
		fault("program failed, but none of its results did: " line)
	begin_program()
}

function end_run()
{
	if (plan >= 0 && (plan != results || !results))
		fault("planned " plan " test programs, found " results)
	plan = -1
	results = 0
}

function end_file()
{
	end_run()
	if (inner_plan >= 0 || inner_results)
		fault("the last test program did not end")
	if (!plans)
		fault("no TAP plan in " name)
	plans = 0
}

BEGIN {
	passed = failed = skipped = files = 0
	plan = -1
	begin_program()
}

FNR == 1 {
	if (files++)
		end_file()
	name = FILENAME
	begin_program()
}

{ sub(/\r$/, "") }

/^(# )?Bail out!/ { fault($0) }

/^1\.\.[0-9]+/ {
	end_run()
	plan = substr($1, 4) + 0
	plans++
}

/^# selftests: / { begin_program() }

/^# 1\.\.[0-9]+/ {
	if (inner_plan < 0)
		inner_plan = 0
	inner_plan += substr($2, 4)
}

/^# (not )?ok [0-9]+/ {
	line = substr($0, 3)
	inner_results++
	if (line ~ /^not ok/)
		inner_failed++
	count(line)
}

/^(not )?ok [0-9]+/ {
	results++
	end_program($0)
}

END {
	if (files)
		end_file()
	# awk skips empty files.
	for (; files < ARGC - 1; files++)
		fault("no TAP plan: an empty file")
	verdict = passed " passed, " failed " failed"
	if (skipped)
		verdict = verdict ", " skipped " skipped"
	print verdict
	exit !(passed && !failed)
}

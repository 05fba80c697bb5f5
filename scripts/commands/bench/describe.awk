# SPDX-License-Identifier: GPL-2.0
#
# describe.awk -v measure=MEASURE -v what=WHAT CSV: prints the title and, in a line of its
# own, the description of the picture that curves.gnuplot draws

BEGIN {
	FS = ","
	split("8,65536,1048576", chosen, ",")
}

/^# kernel / { split(substr($0, 10), kernel, " ") }
/^# unit / { unit = substr($0, 8) }
$1 == measure && !($2 in seen) { seen[$2] = 1; peer[++peers] = $2 }
$1 == measure { value[$2, $3] = $4 }
$1 == floor_measure() && $2 == "with" { floor = $4 }

function floor_measure(    name)
{
	name = measure
	sub(/^pair/, "getppid", name)
	return name
}

function escaped(text)
{
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	gsub(/>/, "\\&gt;", text)
	return text
}

# Returns the figures for that size, without the peers that have none.
function figures(size,    i, text, number)
{
	for (i = 1; i <= peers; i++) {
		number = value[peer[i], size]
		if (number != "" && number != "-")
			text = text (text == "" ? "" : ", ") sprintf("%s %.0f", peer[i], number)
	}
	return text
}

END {
	for (i = 1; i <= peers; i++)
		names = names (i == 1 ? "" : i == peers ? " and " : ", ") peer[i]
	for (i = 1; i in chosen; i++)
		text = text sprintf(" With %d bytes: %s.", chosen[i], figures(chosen[i]))
	print escaped("Cost of one put and one get by message size, in " what ", Linux " kernel[1])
	print escaped(sprintf("Lines over the message size from 0 to 1048576 bytes, both axes " \
		"logarithmic, for %s. %s.%s A dashed line: two getppid calls, %.0f.", names, \
		toupper(substr(unit, 1, 1)) substr(unit, 2), text, floor))
}

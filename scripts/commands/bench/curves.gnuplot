# SPDX-License-Identifier: GPL-2.0
#
# curves.gnuplot CSV MEASURE WHAT: draws the rows of MEASURE, the cost of a put and a get in
# WHAT over the message size, as SVG. A dashed line is the cost of two getppid calls.

set terminal svg size 800,560 background "white" font "sans-serif,14" noenhanced
set datafile separator ","
set datafile missing "-"

csv = ARG1
measure = ARG2
what = ARG3
head(key) = system(sprintf("sed -n 's/^# %s //p' '%s'", key, csv))
kernel = word(head("kernel"), 1)
unit = head("unit")

set title sprintf("Cost of one put and one get on Linux %s\n%s", kernel, unit)
set xlabel "message size in bytes"
set ylabel what." for one put and one get"
set logscale xy
set format y "%.0s %c"
set xtics ("0" 0.35, "1" 1, "8" 8, "64" 64, "1 Ki" 1024, "4 Ki" 4096, "64 Ki" 65536, "1 Mi" 1048576)
set xrange [0.2:3000000]
set grid
set key top left samplen 5

# A logarithmic axis has no 0, so empty messages are drawn to the left of 1.
size(x) = x == 0 ? 0.35 : x
select(measure, peer) = sprintf("<awk -F, '$1 == \"%s\" && $2 == \"%s\" { print $3 \",\" $4 }' '%s'", \
	measure, peer, csv)
rows(i) = select(measure, word(peers, i))
getppid = select(measure eq "pair" ? "getppid" : "getppid".measure[5:], "with")

# Colors that color-blind people can distinguish. Some costs are nearly the same: thin lines
# with small marks are drawn over wide ones with large marks. A mark alone is an eventfd.
peers = "box 'POSIX mq' pipe 'System V' AF_UNIX"
array color[5] = ["#d55e00", "#56b4e9", "#009e73", "#0b3d91", "#cc79a7"]
array width[5] = [4, 6, 3, 1.2, 2]
array mark[5] = [5, 4, 8, 7, 10]
array marksize[5] = [0.8, 1.5, 1.4, 0.5, 1.2]

stats getppid using 2 nooutput
floor = STATS_min
top = floor
do for [i=1:words(peers)] {
	stats rows(i) using 2 nooutput
	top = top > STATS_max ? top : STATS_max
}
# No mark touches the frame.
set yrange [floor / 2:top * 2]

plot for [i=1:words(peers)] rows(i) using (size($1)):2 \
	with linespoints lw width[i] pt mark[i] ps marksize[i] lc rgb color[i] title word(peers, i), \
	select(measure, "eventfd") using (size($1)):2 \
	with points pt 13 ps 1.2 lc rgb "#444444" title "eventfd", \
	floor with lines dt (12, 8) lw 1.5 lc rgb "#000000" title "two getppid"

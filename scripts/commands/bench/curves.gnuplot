# SPDX-License-Identifier: GPL-2.0
#
# curves.gnuplot CSV MODE: draws the cost of a put and a get over the message size, as SVG

set terminal svg size 800,500 background "white" font "sans-serif,14" noenhanced
set datafile separator ","
set datafile missing "-"
set title ARG2 eq "time" ? "One put and get: nanoseconds" : "One put and get: instructions"
set xlabel "message, bytes"
set logscale xy
set format y "%.0s %c"
set xtics ("0" 0.4, "1" 1, "8" 8, "64" 64, "1 Ki" 1024, "4 Ki" 4096, "64 Ki" 65536, "1 Mi" 1048576)
set xrange [0.3:2000000]
set grid
set key top left

# A logarithmic axis has no 0, so empty messages are drawn to the left of 1.
size(x) = x == 0 ? 0.4 : x
rows(peer) = sprintf("<awk -F, '$1 == \"pair\" && $2 == \"%s\" { print $3 \",\" $4 }' '%s'", peer, ARG1)

# Colors that color-blind people can distinguish.
array color[6] = ["#d55e00", "#0072b2", "#56b4e9", "#009e73", "#cc79a7", "#444444"]
peers = "box 'POSIX mq' 'System V' pipe AF_UNIX eventfd"

plot for [i=1:words(peers)] rows(word(peers, i)) using (size($1)):2 \
	with linespoints lw (i == 1 ? 4 : 2) pt i + 3 lc rgb color[i] title word(peers, i)

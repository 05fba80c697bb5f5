# SPDX-License-Identifier: GPL-2.0
#
# label.awk -v title=TEXT -v description=TEXT SVG: prints gnuplot's SVG with them and with
# the license instead of gnuplot's own title and description. Fails if these are missing.

NR == 1 { print; print "<!-- SPDX-License-Identifier: GPL-2.0 -->"; next }
/^<svg/ { sub(/^<svg/, "<svg role=\"img\" aria-labelledby=\"title description\"") }
/^<title>.*<\/title>$/ { print "<title id=\"title\">" title "</title>"; titles++; next }
/^<desc>.*<\/desc>$/ { print "<desc id=\"description\">" description "</desc>"; descriptions++; next }
# A browser shows the title of a part when the pointer is there.
{ sub(/<title>gnuplot_plot_[0-9]*<\/title>/, "") }
{ print }
END { exit titles != 1 || descriptions != 1 }

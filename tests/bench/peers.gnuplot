# SPDX-License-Identifier: BSD-2-Clause
# The picture of peers-report, which sets rows, out and counts. A row is PLACE NAME OURS P50 P99
# RATE..., with times in milliseconds.
set terminal svg size 1000,470 font 'sans-serif,13' background '#ffffff'
set output out
set datafile separator "\t"
n_rows = int(system('wc -l <'.rows))
other = '#57606a'
colour(is_ours) = is_ours == 1 ? 0x0a58ca : 0x57606a
set multiplot
set yrange [-0.7:n_rows - 0.3]
set ytics scale 0
set border 1 lc rgb other
set tmargin at screen 0.88
set bmargin at screen 0.19
set grid x lc rgb '#d8dee4' lt 1
set grid noy
set logscale x 10
set xtics nomirror tc rgb other
set key off

set title 'One login, one client: median, and the line ends at p99' offset 0,-0.5
set xlabel 'milliseconds' tc rgb other
set lmargin at screen 0.21
set rmargin at screen 0.575
set xtics ('0.1' 0.1, '1' 1, '10' 10, '100' 100)
set xrange [0.07:*]
plot rows using 4:1:($5 - $4):(0):(colour($3)):ytic(2) with vectors nohead lw 2 lc rgb variable, \
     rows using 4:1:(colour($3)) with points pt 7 ps 0.9 lc rgb variable

set title 'Logins in a second, by the number of clients' offset 0,-0.5
set xlabel 'logins in a second' tc rgb other
set lmargin at screen 0.60
set rmargin at screen 0.98
set format y ''
set xtics ('10' 10, '100' 100, '1000' 1000, '10000' 10000)
set xrange [10:*]
set key horizontal at screen 0.98, 0.05 samplen 0.5
types = '6 4 8 7'
plot for [i = 1:words(counts)] rows using 5 + i:1:(colour($3)) with points pt int(word(types, i > 4 ? 4 : i)) ps 0.8 \
     lc rgb variable title word(counts, i)
unset multiplot

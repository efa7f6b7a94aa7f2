#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What FEATURES.md promises is shown: each row of its table names tests that are there and have the row's number in their name, each
# such test is in a row, and make check or ./test runs it.
# shellcheck source=tests/lint/lib
. "$(dirname "$0")/lib"

rows=$(grep -nE '^\| [WQ][0-9]+ \|' FEATURES.md)
[[ -n $rows ]] || { echo "FEATURES.md: no table of features"; exit 1; }
named=
while IFS='|' read -r line number _ _ files _; do
        number=${number// /}
        padded=$(printf '%s%02d' "${number:0:1}" "${number:1}")
        [[ $files == *'`tests/'* ]] || report "a row names the test that shows it" "FEATURES.md:${line%:}: $number"
        for file in ${files//[\`,]/}; do
                named+="$file $padded"$'\n'
                [[ -x $file ]] || report "a test that is there and can be run" "FEATURES.md:${line%:}: $file"
                [[ $file == *"$padded"* ]] || report "a test with $padded in its name" "FEATURES.md:${line%:}: $file"
                [[ $file != tests/scenario/* ]] || grep -qF "%D%/${file##*/}" tests/scenario/Makemodule.am ||
                        report "a test that tests/scenario/Makemodule.am has" "FEATURES.md:${line%:}: $file"
        done
done <<<"$rows"
for file in tests/@(scenario|container)/[WQ][0-9]*.sh; do
        for number in $(grep -oE '[WQ][0-9]{2}' <<<"${file##*/}"); do
                grep -qxF "$file $number" <<<"$named" || report "in FEATURES.md's table" "$file:1: $number"
        done
done
finish

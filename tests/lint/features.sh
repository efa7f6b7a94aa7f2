#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Tests show what FEATURES.md promises. Each of its entries names tests that exist and have the
# entry's number in their names. Each such test is in an entry, and "make check" or ./test runs it.
# The tests that SECURITY.md names exist as well.
# shellcheck source=tests/lint/lib
. "$(dirname "$0")/lib"

# Prints "FILE:LINE: NUMBER TEST..." for each entry of a list. An entry begins with "- **NUMBER** "
# or "NUMBER. ".
entries() { # FILE
        awk '
        function flush() { if (entry) print entry; entry = "" }
        /^- \*\*[WQ][0-9]+\*\* |^[0-9]+\. / { flush(); number = $1 == "-" ? $2 : $1; gsub(/[*.]/, "", number); entry = FILENAME ":" FNR ": " number }
        /^#/ { flush() }
        entry { line = $0; while (match(line, /`tests\/[^`]*`/)) { entry = entry " " substr(line, RSTART + 1, RLENGTH - 2); line = substr(line, RSTART + RLENGTH) } }
        END { flush() }' "$1"
}
features=$(entries FEATURES.md) promises=$(entries SECURITY.md)
[[ -n $features ]] || { echo "FEATURES.md: no list of features"; exit 1; }
[[ -n $promises ]] || { echo "SECURITY.md: no list of promises"; exit 1; }
there='' # "TEST NUMBER" of each feature
while read -r at number files; do
        padded=$(printf '%s%02d' "${number:0:1}" "${number:1}")
        [[ -n $files ]] || report "an entry names the test that shows it" "$at $number"
        for file in $files; do
                there+="$file $padded"$'\n'
                [[ -x $file ]] || report "a test that is there and can be run" "$at $file"
                [[ $file == *"$padded"* ]] || report "a test with $padded in its name" "$at $file"
                [[ $file != tests/scenario/* ]] || grep -qF "%D%/${file##*/}" tests/scenario/Makemodule.am ||
                        report "a test that tests/scenario/Makemodule.am has" "$at $file"
        done
done <<<"$features"
for file in tests/@(scenario|container)/[WQ][0-9]*.sh; do
        for number in $(grep -oE '[WQ][0-9]{2}' <<<"${file##*/}"); do
                grep -qxF "$file $number" <<<"$there" || report "in FEATURES.md's list" "$file:1: $number"
        done
done
while read -r at number files; do
        [[ -n $files ]] || report "a promise names the tests that show it" "$at $number"
        for file in $files; do [[ -s $file ]] || report "a test that is there" "$at $file"; done
done <<<"$promises"
finish

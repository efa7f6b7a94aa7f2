#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Each row of tests/SECURITY.md says what holds, and names tests that are there.
# shellcheck source=tests/lint/lib
. "$(dirname "$0")/lib"

table=tests/SECURITY.md three='^\| [^|]+ \| [^|]+ \| ([^|]+) \|$'
rows=$(grep -nE '^\|' "$table" | grep -vE '^[0-9]+:\|(-+\|| (Attack|What happens) \|)')
[[ -n $rows ]] || { echo "$table: no rows"; exit 1; }
while IFS=: read -r line row; do
        [[ $row =~ $three ]] || { report "a row has three columns" "$table:$line: $row"; continue; }
        # shellcheck disable=SC2016 # backquotes of the page
        tests=$(grep -oE '`tests/[^`]+`' <<<"${BASH_REMATCH[1]}" | tr -d '`')
        [[ -n $tests ]] || { report "a row names a test" "$table:$line: $row"; continue; }
        while IFS= read -r test; do
                file=${test%%: *}
                if [[ ! -s $file ]]; then
                        report "a test that is there" "$table:$line: $test"
                elif [[ $test == *': '* ]]; then
                        # once where it is defined, and once where it is run
                        [[ $(grep -cE "\b${test##*: }\b" "$file") -ge 2 ]] || report "a test that is run" "$table:$line: $test"
                fi
        done <<<"$tests"
done <<<"$rows"
finish

#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Each row of tests/SECURITY.md says what holds, and names tests that are there.
# shellcheck source=tests/lint/lib
. "$(dirname "$0")/lib"

table=tests/SECURITY.md
rows=$(grep -nE '^\|' "$table" | grep -vE '^[0-9]+:\|(-+\|| (Attack|What happens) \|)')
[[ -n $rows ]] || { echo "$table: no rows"; exit 1; }
three='^[0-9]+:\| [^|]+ \| [^|]+ \| [^|]+ \|$'
# shellcheck disable=SC2016 # backquotes of the page
test='`tests/[^`]+`[^|]* \|$'
report "a row has three columns" "$(search -vE "$three" <<<"$rows" | sed "s|^|$table:|")"
report "a row names a test" "$(search -E "$three" <<<"$rows" | search -vE "$test" | sed "s|^|$table:|")"

# "line file" or "line file: name" of each test. A name is in two lines of its file: where it is
# defined, and where it is run.
report "a test that is there, and is run" "$(search -E "$three" <<<"$rows" | awk -v table="$table" '
        function is_good(file, name,    text, n, size) {
                if (!(file in lines)) {
                        for (n = 0; (getline text <file) > 0; n++)
                                content[file, n] = text
                        lines[file] = n
                        close(file)
                }
                if (lines[file] == 0 || name == "")
                        return lines[file] > 0
                for (n = size = 0; n < lines[file] && size < 2; n++)
                        size += content[file, n] ~ "(^|[^A-Za-z0-9_])" name "([^A-Za-z0-9_]|$)"
                return size == 2
        }
        {
                line = $0
                sub(/:.*/, "", line)
                n = split($0, column, "|")
                n = split(column[4], part, "`")
                for (i = 2; i <= n; i += 2) {
                        name = file = part[i]
                        if (file !~ /^tests\//)
                                continue
                        if (!sub(/^.*: /, "", name))
                                name = ""
                        sub(/: .*/, "", file)
                        if (!is_good(file, name))
                                print table ":" line ": " part[i]
                }
        }')"
finish

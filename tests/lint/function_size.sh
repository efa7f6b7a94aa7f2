#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A function has at most 50 lines: what does not fit on a screen is not read as a whole. A function
# that is better in one piece, such as a table of cases, may be named below with the reason. None
# has more than 80 lines. A file ends where its knowledge ends, and has at most 600 lines, a
# header 250.
# shellcheck source=tests/lint/lib
. "$(dirname "$0")/lib"
limit=50 cap=80 file_cap=600 header_cap=250

# file function reason
exempt='
'

list=$(functions "${sources[@]}" "${headers[@]}") || exit
used=' '
while read -r file line end _ name; do
        [[ -n $file && $((end - line + 1)) -gt $limit ]] || continue
        size=$((end - line + 1))
        if [[ $size -gt $cap ]]; then
                report "at most $cap lines, with a reason or without, it has $size: divide it" "$file:$line:$name()"
        elif ! grep -qE "^$file $name [^ ]" <<<"$exempt"; then
                report "at most $limit lines, it has $size: divide it, or name a reason in tests/lint/function_size.sh" \
                        "$file:$line:$name()"
        fi
        used+="$file/$name "
done <<<"$list"

while read -r file name reason; do
        if [[ -n $file && $used != *" $file/$name "* ]]; then
                report "needs no exemption any more: remove it" \
                        "$(search -HnF "$file $name $reason" tests/lint/function_size.sh)"
        fi
done <<<"$exempt"

longer() { # LINES FILE...
        wc -l "${@:2}" | awk -v max="$1" '$2 != "total" && $1 > max { print $2 ":" $1 ":" }'
}
report "at most $file_cap lines a file: cut it by what it knows" "$(longer $file_cap "${sources[@]}")"
report "at most $header_cap lines a header: cut it by what it tells" "$(longer $header_cap "${headers[@]}")"
finish

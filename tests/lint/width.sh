#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# People read the pages at the top in terminals: no line, table or example there has more than 120
# columns. A comment in a shell script or a source of the build has at most 100 columns. Code beside
# it may be longer.
# shellcheck source=tests/lint/lib
. "$(dirname "$0")/lib"
# A column is a character, and not a byte.
export LC_ALL=C.UTF-8

mapfile -t pages < <(text_files | grep -E '^([^/]*|tests/bench/RESULTS)\.md$')
[[ ${#pages[@]} -gt 0 ]] || { echo "no page to look at"; exit 1; }
for page in "${pages[@]}"; do
        report 'a line of at most 120 columns' "$(search -HnE '^.{121,}' "$page")"
done

mapfile -t scripts < <({ shell_files; text_files | grep -E '\.(am|ac|awk|zsh)$'; } | sort -u)
[[ ${#scripts[@]} -gt 0 ]] || { echo "no script to look at"; exit 1; }
# A tab has eight columns. Few lines have more than 100 bytes.
mapfile -t wide < <(awk '/^[ \t]*#/ { n = length + 7 * gsub(/\t/, "") } n > 100 { print FILENAME; n = 0; nextfile }' "${scripts[@]}")
report 'a comment of at most 100 columns' "$(for file in "${wide[@]}"; do
        expand "$file" | grep -nE '^.{101,}' | search -E '^[0-9]+: *#' | sed "s|^|$file:|"
done)"
finish

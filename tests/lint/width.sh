#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The pages at the top are read in terminals: no line, table or example of theirs has more than 120 columns. The map of the
# tree in HACKING.md is not looked at.
# shellcheck source=tests/lint/lib
. "$(dirname "$0")/lib"

mapfile -t pages < <(text_files | grep '\.md$')
[[ ${#pages[@]} -gt 0 ]] || { echo "no page to look at"; exit 1; }
for page in "${pages[@]}"; do
        # A column is a character, and not a byte.
        report 'a line of at most 120 columns' "$(sed '/^## The tree$/,/^## /s/.*//' "$page" |
                LC_ALL=C.UTF-8 search -nE '^.{121,}' | sed "s|^|$page:|")"
done
finish

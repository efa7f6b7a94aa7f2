#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The whole tree has one format: .clang-format under clang-format 14. So no commit changes the
# format of other lines. Other versions format differently and are not asked.
# shellcheck source=tests/lint/lib
. "$(dirname "$0")/lib"

for format in clang-format-14 clang-format ''; do
        if [ -z "$format" ]; then
                echo "skipped: needs clang-format 14" >&2
                exit 77
        fi
        ! $format --version 2>/dev/null | grep -q 'version 14\.' || break
done
if ! text_files | grep '\.[ch]$' | xargs -r "$format" --style=file --dry-run --Werror 2>&1; then
        echo "right is what this writes: $format -i FILE"
        exit 1
fi

# A comment after code tears the declaration when the line is full. A long comment stands above.
hits=$(text_files | grep '\.[ch]$' | xargs -r grep -nE '[;,{})0-9A-Za-z_"] +/\*.{36,}\*/ *$' | grep -vE ':[ \t]*(/?\*|//)')
if [ -n "$hits" ]; then
        printf '%s\n' "$hits"
        echo "a trailing comment has under 40 characters; a longer one goes above"
        exit 1
fi

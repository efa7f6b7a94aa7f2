#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Shell scripts have no compiler, so shellcheck looks at them. Without shellcheck they are only
# parsed, and the test counts as skipped. One that names its interpreter can be run, but for those
# that a package or make install gives their rights.
# shellcheck source=tests/lint/lib
. "$(dirname "$0")/lib"

mapfile -t files < <(shell_files)
for file in "${files[@]}"; do
        read -r first <"$file"
        [[ $first != '#!'* || -x $file || $file == @(*.in|debian/*) ]] || report 'chmod +x, as it names its interpreter' "$file:1:"
done
if command -v shellcheck >/dev/null; then
        # The variables that make check exports are assigned nowhere.
        shellcheck --external-sources --format=gcc "${files[@]}" |
                grep -vE ' (abs_)?top_(src|build)dir is referenced but not assigned'
        [[ ${PIPESTATUS[*]} == @(0|1)\ 1 ]] || status=1
        finish
fi
for file in "${files[@]}"; do
        bash -O extglob -n "$file" || status=1
done
[[ $status == 0 ]] || exit 1
echo "skipped: needs shellcheck; all that was checked is the syntax of ${#files[@]} scripts" >&2
exit 77

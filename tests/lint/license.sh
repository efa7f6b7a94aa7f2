#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Every source names its licence, in the first line or below the line that names its interpreter.
# shellcheck source=tests/lint/lib
. "$(dirname "$0")/lib"

mapfile -t files < <(text_files | grep -E '\.([ch]|am|ac|awk|m?js|jsx|css)$'; shell_files)
[[ ${#files[@]} -gt 0 ]] || { echo "no file to look at"; exit 1; }
mapfile -t good < <(awk 'FNR <= 2 && /SPDX-License-Identifier: BSD-2-Clause/ { print FILENAME } FNR >= 2 { nextfile }' "${files[@]}")
report "the first line is SPDX-License-Identifier: BSD-2-Clause, in a comment" \
        "$(printf '%s\n' "${files[@]}" | search -vxFf <(printf '%s\n' "${good[@]}") | sed 's/$/:1:/')"
[[ -s LICENSE ]] || report "the licence itself belongs here" LICENSE:1:
finish

#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Every source names its licence, in the first line or below the line that names its interpreter.
# shellcheck source=tests/lint/lib
. "$(dirname "$0")/lib"

while read -r file; do
        head -n 2 "$file" | grep -q 'SPDX-License-Identifier: BSD-2-Clause' ||
                report "the first line is SPDX-License-Identifier: BSD-2-Clause, in a comment" "$file:1:"
done < <(text_files | grep -E '\.([ch]|am|ac|awk|m?js|jsx|css)$'; shell_files)
[[ -s LICENSE ]] || report "the licence itself belongs here" LICENSE:1:
finish

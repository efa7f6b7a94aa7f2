#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The map in HACKING.md names every source file, in its folder, and no file that does not exist.
# Below a folder's line, lines that begin with a colon list its files without the ending. A text in
# brackets is a remark.
# shellcheck source=tests/lint/lib
. "$(dirname "$0")/lib"

mapped() { # "folder stem" of each file that the map names
        awk '
                /^```/ { inside = !inside; next }
                inside && /^[a-z_\/]+\// { folder = $1; sub(/\/$/, "", folder); text = "" }
                inside && /^ +: / { sub(/^ +: /, ""); text = text " " $0 }
                inside { lists[folder] = text }
                END {
                        for (folder in lists) {
                                text = lists[folder]
                                gsub(/\([^)]*\)/, "", text)
                                n = split(text, stems, " ")
                                for (i = 1; i <= n; i++) print folder, stems[i]
                        }
                }' HACKING.md | sort
}
present() {
        printf '%s\n' "${sources[@]}" "${headers[@]}" console/src/*.@(js|jsx) | sed -E 's,/([^/]*)\.(c|h|js|jsx)$, \1,' | sort -u
}
there=$(present) named=$(mapped)
report "is in the tree and not in the map of HACKING.md" "$(comm -23 <(echo "$there") <(echo "$named") | sed 's|^|HACKING.md:1:|')"
report "is in the map of HACKING.md and not in the tree" "$(comm -13 <(echo "$there") <(uniq <<<"$named") | sed 's|^|HACKING.md:1:|')"
report "is twice in the map of HACKING.md" "$(uniq -d <<<"$named" | sed 's|^\(.\)|HACKING.md:1:\1|')"
finish

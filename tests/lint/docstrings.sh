#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Callers read the header instead of the source. So a header begins with a comment that says what
# the file is and what it must not know, and every prototype has a docstring (/** ... */). A
# docstring stands directly above its prototype, or above the group of prototypes that it belongs
# to, with no empty line between. It may also stand further up if its first line names the function.
# shellcheck source=tests/lint/lib
. "$(dirname "$0")/lib"

hits=$(awk '
        FNR == 1 {
                covered = in_doc = in_comment = in_body = in_macro = 0
                prototype = title = ""
        }
        in_macro || /^[ \t]*#/ { in_macro = /\\$/; next }
        in_comment {
                if (in_doc && title == "")
                        title = $0
                in_comment = !/\*\//
                next
        }
        /^\/\*/ {
                in_comment = !/\*\//
                in_doc = /^\/\*\*/
                if (in_doc) {
                        title = substr($0, 4)
                        covered = 1
                }
                next
        }
        in_body { in_body = !/^}/; next }
        prototype == "" && /^[ \t]*$/ { covered = 0; next }
        prototype == "" && /^[A-Za-z_]/ { prototype = $0; start = FNR; last = "" }
        prototype != "" {
                if (start != FNR)
                        prototype = prototype " " $0
                if (!/[;{][^;{}]*$/ && !/}$/)
                        next
                text = prototype
                prototype = ""
                # a type, an initializer, or an inline function
                if (text ~ /{/) {
                        in_body = text !~ /}/
                        next
                }
                if (text ~ /^(typedef|static|extern const|_Static_assert)[^a-z]/ || text !~ /\(/)
                        next
                while (match(text, /(__attribute__ *|^_[a-z_]+_ ?)\([^()]*(\([^()]*(\([^()]*\))?[^()]*\))?[^()]*\) */))
                        text = substr(text, 1, RSTART - 1) substr(text, RSTART + RLENGTH)
                sub(/ *\(.*/, "", text)
                if (text !~ /[ *]/)                     # a macro that declares something
                        next
                sub(/.*[ *]/, "", text)
                if (!covered && index(title, text "(") == 0)
                        print FILENAME ":" start ":" text "()"
        }' "${headers[@]}" </dev/null) || exit 99
report 'a docstring (/** ... */) goes directly above' "$hits"

report 'a comment that says what the file is comes first' \
        "$(awk 'FNR == 2 && !/^\/\*/ { print FILENAME ":2:" $0 }' "${headers[@]}")" # below the licence's
finish

#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# "journalctl -x" explains every refusal. Each reason and each message has an id of its own in
# daemon/base/message.c. Each id has an entry in the catalog that says in plain words what it means,
# what to do, and where more is written.
# shellcheck source=tests/lint/lib
. "$(dirname "$0")/lib"
catalog=systemd/wfapikey.catalog code=daemon/base/message.c

names() { # PREFIX FILE: the names of an enum
        sed -nE "s/^ +($1_[A-Z_]+)( = 0)?,.*/\1/p" "$2" | sort
}
for row in 'REASON common/verdict.h' 'MESSAGE daemon/base/message.h'; do
        prefix=${row% *} wanted=$(names "${row% *}" "${row#* }")
        [[ -n $wanted ]] || report "the enum is not understood" "${row#* }:1:"
        missing=$(comm -23 <(echo "$wanted") <(sed -nE "s/^ +\[(${prefix}_[A-Z_]+)\] = \"[0-9a-f]{32}\",.*/\1/p" "$code" | sort))
        [[ -z $missing ]] || report "each has an id there" "$(sed "s|^|$code:1:|" <<<"$missing")"
done
ids=$(grep -oE '"[0-9a-f]{32}"' "$code" | tr -d '"' | sort)
# The accepted key is a message without a reason, so its id stands twice.
report "no two have the same id" "$(uniq -d <<<"$ids" | grep -vxF "$(sed -nE 's/.*\[MESSAGE_ACCEPTED\] = "(.*)",/\1/p' "$code")" | sed "s|^|$code:1:|")"
entries=$(sed -nE 's/^-- ([0-9a-f]{32})$/\1/p' "$catalog" | sort)
report "an entry for each id, and an id for each entry" "$(diff <(uniq <<<"$ids") <(echo "$entries") | grep '^[<>]' | sed "s|^|$catalog:1:|")"
# An entry has a subject and a page, and then at least two paragraphs: what it means and what to do.
report "Subject, Defined-By, Documentation, and two paragraphs" "$(awk '
        function check() { if (id && !(subject && by && page && paragraphs >= 2)) print FILENAME ":" line ":" id }
        /^-- / { check(); id = $2; line = FNR; subject = by = page = paragraphs = 0; blank = 0; next }
        /^Subject: ./ { subject = 1 } /^Defined-By: wfapikey$/ { by = 1 } /^Documentation: man:/ { page = 1 }
        /^$/ { blank = 1; next }
        blank { paragraphs++; blank = 0 }
        END { check() }' "$catalog")"
finish

#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The project works on every machine and for good. No path points into the tree of its author,
# nothing is fetched from the network, and nothing is left for later. A host may only be named as a
# reference for readers, and is listed here.
# shellcheck source=tests/lint/lib
. "$(dirname "$0")/lib"

# ${server} is a variable of the page for Cockpit.
hosts='localhost|\$\{server\}|127\.0\.0\.1|\[::1\]|([a-z0-9-]+\.)*example(\.(com|net|org))?|github\.com|www\.cve\.org|www\.debian\.org'
hosts+='|bugs\.debian\.org|etherx\.jabber\.org|(www|specifications)\.freedesktop\.org|no-color\.org|www\.gnu\.org|www\.rfc-editor\.org|www\.sqlite\.org'
hosts+='|json-schema\.org|www\.w3\.org'
people='alice|bob|carol|dave|eve|user'

mapfile -t files < <(text_files)
found() { # GREP-OPTION... REGEX
        search -HnIE "$@" "${files[@]}" | grep -vE '^tests/lint/paths\.sh:'
}
report 'a path relative to this tree' "$(found '(^|[^A-Za-z0-9_.$}/-])/(home/[a-z]|(work|Users)(/|$|[^A-Za-z0-9_/-]))' |
        grep -vE "/home/($people)\b")"
report 'nothing outside of this tree' "$(found '[.][.]/shared\b')"
# npm notes for each package where its authors ask for money.
report 'no host, or one for readers that tests/lint/paths.sh lists' "$(found -i '\b(https?|ftp|git)://' |
        grep -vE '^console/package-lock\.json:[0-9]+: +"(url|funding)": ' |
        sed -E "s#https?://unix:##g; s#(https?|ftp)://($hosts)([^A-Za-z0-9.-]|\$)##gI" | grep -iE '\b(https?|ftp|git)://')"
report 'do it, or say why it is as it is' "$(found '\b(TODO|FIXME|XXX)\b')"
finish

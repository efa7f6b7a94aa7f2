#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Comments, pages and messages are in plain English, for readers who learned English late. They name
# the actor (client, user, helper, administrator) and say one fact in a sentence. These words are
# signs of a sentence that does neither.
# shellcheck source=tests/lint/lib
. "$(dirname "$0")/lib"

# The files and folders that are looked at.
paths=(
        *.md .ci .clang-format Makefile.am configure.ac demo
        common pam man systemd debian
        daemon/wfapikeyd.conf daemon/Makemodule.am daemon/*/Makemodule.am daemon/accounts daemon/login daemon/store
        ctl fleet console
        tests/Makemodule.am tests/packages tests/bench tests/container tests/fuzz tests/lint tests/pam
        tests/scenario
)

# A regex for the word, and what to write instead.
words='whoever|whom(so)?ever|whosoever : name the actor: a user who, a client that, any process
whom : turn the sentence round: the user that
of (which|whom) : begin another sentence: it has, one of them
(comes?|came) to be : is, becomes, or happens
for want of : without, or because there is no
lest : so that no
thereof|therein|thereby|wherein|whereby|hereby|hereof : say what is meant
(what|who|how)soever : any
save for : except'

mapfile -t files < <(text_files | grep -vxE 'tests/lint/prose\.sh|debian/copyright' | while read -r file; do
        for path in "${paths[@]}"; do [[ $file/ != "$path"/* ]] || echo "$file"; done
done)
[[ ${#files[@]} -gt ${#paths[@]} ]] || { echo "these are not all files"; exit 99; }
for path in "${paths[@]}"; do [[ -e $path ]] || report "there is no such path any more" "tests/lint/prose.sh:1:$path"; done
# "file:line:text". A line that ends within one of these phrases gets the first word of the next.
text=$(awk '
        FNR == 1 { flush() }
        held != "" { next_word = $0; sub(/^[ \t*#\/]+/, "", next_word); sub(/[ \t].*/, "", next_word); held = held " " next_word }
        { flush() }
        /[ \t](of|comes?|came|to|for|want|save)$/ { held = FILENAME ":" FNR ":" $0; next }
        { print FILENAME ":" FNR ":" $0 }
        END { flush() }
        function flush() { if (held != "") print held; held = "" }' "${files[@]}")
while IFS= read -r row; do
        report "${row#* : }" "$(search -iE "^[^:]*:[0-9]+:.*\b(${row%% : *})\b" <<<"$text")"
done <<<"$words"
finish

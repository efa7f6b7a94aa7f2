#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: Q11: the D-Bus interface lists keys filtered, in order and in pages, accepts an expiry as an
# ISO 8601 duration, and names unknown words.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
command -v busctl >/dev/null || skip "no busctl"

start
call() { busctl --address="unix:path=$WFAPIKEY_CONTROL" --json=short call org.wfapikey1 /org/wfapikey1 org.wfapikey1.Manager "$@"; }
run 0 call SetPolicy 'a{ss}' 2 enabled yes max-keys-per-user 1000
run 0 call IssueKey 'sa{sv}' "$me" 2 name s first expires s P90D
id=$(sed 's/.*"data":\["\([^"]*\)".*/\1/' <<<"$out")
run 0 call GetKey s "$id"
number() { sed "s/.*\"$1\":{\"type\":\"x\",\"data\":\([0-9]*\)}.*/\1/" <<<"$out"; }
is $(($(number expires) - $(number created))) $((90 * 86400))
now=$(number created)

for ((i = 0; i < 25; i++)); do run 0 ctl key issue "$me" --name "number $i"; done
next='' seen=0 pages=0
while :; do
    run 0 call ListKeys 'a{sv}' 2 limit u 7 after s "$next"
    seen=$((seen + $(grep -o '"owner":' <<<"$out" | wc -l)))
    pages=$((pages + 1))
    next=$(sed 's/.*,"\([0-9A-Za-z]*\)"\]}$/\1/' <<<"$out")
    [[ -n $next ]] || break
    [[ $pages -lt 20 ]] || fail "the list does not end"
done
is "$seen" 26
is "$pages" 4
run 0 ctl --json key list --search 'NUMBER 1'
is "$(grep -o '"id"' <<<"$out" | wc -l)" 11
run 5 ctl --json key list --owner no-such-user
is "$(tr -d '[:space:]' <<<"$out")" "[]"

# Filters, alone and together.
found() { grep -o '"owner":' <<<"$out" | wc -l; }
run 0 call ListKeys 'a{sv}' 1 expires-before x $((now + 91 * 86400))
is "$(found)" 26
run 0 call ListKeys 'a{sv}' 1 expires-before x $((now + 86400))
is "$(found)" 0
run 0 call ListKeys 'a{sv}' 3 status s active linked s "$me" search s FIRST
is "$(found)" 1
run 0 call ListKeys 'a{sv}' 1 linked s nobody-here
is "$(found)" 0
run 0 call RevokeKeys ass 1 "$id" ""
run 0 call ListKeys 'a{sv}' 2 status s revoked owner s "$me"
is "$(found)" 1
run 1 call ListKeys 'a{sv}' 1 expires-before x 0
run 1 call ListKeys 'a{sv}' 1 expires-before s soon
run 1 call ListKeys 'a{sv}' 1 linked s ""
run 1 call ListKeys 'a{sv}' 1 colour s red
has "$err" "known are"
run 1 call ListKeys 'a{sv}' 1 status s asleep

#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: max-lifetime bounds the keys that are issued from then on, also those without an expiry.
# Existing keys keep their expiry.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

start
run 0 ctl policy set enabled=yes lifetime=none max-keys-per-user=20
run 0 ctl key issue "$me" --expires 30d
old=$out
run 0 ctl key issue "$me"
endless=$out
run 0 ctl --json key show "$(id_of "$old")"
before=$(grep -o '"expires":"[^"]*"' <<<"$out")
run 2 ctl policy set max-lifetime=soon
run 0 ctl policy set max-lifetime=1d

run 6 ctl key issue "$me" --expires 2d
has "$err" "max-lifetime=1d"
run 6 ctl key issue "$me" --expires 25h
run 0 ctl key issue "$me" --expires 12h
run 2 ctl key issue "$me" --expires yesterday
run 2 ctl key issue "$me" --expires 2001-01-01
run 0 ctl key issue "$me"
run 0 ctl --json key show "$(id_of "$out")"
ends=$(sed 's/.*"expires":"\([^"]*\)".*/\1/' <<<"$out")
made=$(sed 's/.*"created":"\([^"]*\)".*/\1/' <<<"$out")
is "$(($(date -d "$ends" +%s) - $(date -d "$made" +%s)))" 86400

run 0 ctl --json key show "$(id_of "$old")"
has "$out" "$before"
run 0 ctl --json key show "$(id_of "$endless")"
has "$out" '"expires":null'
verify "$me" <<<"$old" || fail "an older key is refused"
verify "$me" <<<"$endless" || fail "an older key without an end is refused"

# A short bound ends the keys that were made under it. Lifting it makes none good again.
run 0 ctl policy set max-lifetime=3s
run 0 ctl key issue "$me"
short=$out
lives "$short" || fail "refused before its time"
refused() { ! verify "$me" <<<"$short"; }
wait_until refused
run 0 ctl policy set max-lifetime=none
verify "$me" <<<"$short" && fail "lifting the bound brings a key back"
run 0 ctl key issue "$me" --expires 10y

# On a terminal it says what has changed and what does not go together.
run 0 script -qec "'$WFAPIKEYCTL' policy set lifetime=1y max-lifetime=90d" /dev/null </dev/null
has "$out" "lifetime: "
has "$out" " becomes 1y"
has "$out" "keys are active now"
has "$out" "lifetime=1y is longer than max-lifetime=3mo"
run 0 script -qec "'$WFAPIKEYCTL' policy set lifetime=1y" /dev/null </dev/null
has "$out" "Nothing has changed."
run 0 script -qec "'$WFAPIKEYCTL' policy set lifetime=30d enabled=no" /dev/null </dev/null
has "$out" "No key is accepted, because enabled=no."
[[ $out != *"is longer"* ]] || fail "a contradiction is seen where there is none: $out"
run 0 script -qec "'$WFAPIKEYCTL' policy set require-certificate:sshd=yes" /dev/null </dev/null
has "$out" "require-certificate:sshd: nothing becomes yes"
run 0 script -qec "'$WFAPIKEYCTL' policy set require-certificate:sshd=no" /dev/null </dev/null
has "$out" "require-certificate:sshd=yes is gone"
run 0 ctl policy set enabled=yes
is "$out$err" ""

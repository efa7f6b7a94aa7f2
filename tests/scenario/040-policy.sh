#!/bin/bash
# Goal: each policy takes what it should and nothing else, all changes or none, and does what it says: enabled, lifetime with its clock,
# max-lifetime, max-keys-per-user, require-certificate.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

start
run 0 ctl --json policy show
is "$(tr -d ' \n' <<<"$out" | tr ',' '\n' | grep -c :)" 9
run 2 ctl policy set enabled=maybe
has "$err" "yes or no"
run 2 ctl policy set enabled=yes lifetime=soon
run 0 ctl policy show
has "$(grep enabled <<<"$out")" no
run 2 ctl policy set colour=red
run 2 ctl policy set max-keys-per-user=0
run 2 ctl policy set max-keys-per-user=1001

run 0 ctl policy set enabled=yes max-keys-per-user=2 lifetime=none
run 0 ctl key issue "$me"
key=$out
run 0 ctl key issue "$me" --expires 1y
other=$(id_of "$out")
run 6 ctl key issue "$me"
has "$err" "max-keys-per-user=2"
run 0 ctl key revoke "$other"
run 0 ctl key issue "$me"
run 0 ctl policy set max-keys-per-user=1000

# Switched off nothing is accepted; switched on what lived lives again.
verify "$me" <<<"$key" || fail "refused"
run 0 ctl policy set enabled=no
verify "$me" <<<"$key" && fail "accepted although disabled"
run 0 ctl policy set enabled=yes
verify "$me" <<<"$key" || fail "enabling does not bring the key back"

# An expiry is kept to the second without anybody sweeping.
run 0 ctl key issue "$me" --expires 2s
short=$out
verify "$me" <<<"$short" || fail "a key is expired before its time"
expired() { ! verify "$me" <<<"$short"; }
wait_until expired
run 0 ctl key show "$(id_of "$short")"
has "$out" expired
logged "the key has expired (at "

# A change of lifetime starts the clock for all keys without an expiry of their own; what has expired stays so.
run 0 ctl policy set lifetime=1s
expired() { ! verify "$me" <<<"$key"; }
wait_until expired
run 0 ctl policy set lifetime=1h
verify "$me" <<<"$key" && fail "a longer lifetime brings an expired key back"
run 0 ctl key issue "$me"
key=$out
verify "$me" <<<"$key" || fail "refused"

run 0 ctl policy set max-lifetime=1d
run 6 ctl key issue "$me" --expires 2d
has "$err" "max-lifetime=1d"
run 0 ctl key issue "$me" --expires 12h
run 2 ctl key issue "$me" --expires yesterday
run 2 ctl key issue "$me" --expires 2001-01-01

run 0 ctl policy set require-certificate=yes
verify "$me" <<<"$key" && fail "accepted without a certificate"
logged "certificate is required"
run 0 ctl policy set require-certificate=no
verify "$me" <<<"$key" || fail "refused"

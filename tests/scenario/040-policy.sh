#!/bin/bash
# Goal: each policy takes what it should and nothing else, all changes or none, and does what it says: lifetime with its clock,
# require-certificate. (enabled: Q01; max-lifetime: Q07; max-keys-per-user: Q08; admin-keys: W02.)
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

run 0 ctl policy set enabled=yes lifetime=none max-keys-per-user=1000
run 0 ctl key issue "$me"
key=$out

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

run 0 ctl policy set require-certificate=yes
verify "$me" <<<"$key" && fail "accepted without a certificate"
logged "certificate is required"
run 0 ctl policy set require-certificate=no
verify "$me" <<<"$key" || fail "refused"

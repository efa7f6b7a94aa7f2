#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: W7: keys expire after a time that is set for all users, one month by default. A change
# starts the new time at once for active keys and makes no expired key good again. The daemon notes
# an expiry by itself. W8: a user with an expired key can get a new one.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

listed() { # STATUS: the ids of the keys with this status
    ctl key list --status "$1" --json | grep -o '"id": *"[^"]*"' | cut -d '"' -f 4
}
is_listed() { listed "$1" | grep -qx "$(id_of "$2")"; }
refused() { ! verify "$me" <<<"$1"; }
shows() { # KEY PART
    ctl key show "$(id_of "$1")" | grep -qF -- "$2"
}

start
run 0 ctl policy show
has "$(grep '^lifetime' <<<"$out")" 1mo
run 0 ctl policy set enabled=yes max-keys-per-user=100
run 0 ctl key issue "$me"
month=$out
run 0 ctl key show "$(id_of "$month")"
has "$out" "$(date -u -d '+30 days' +%F)"
run 0 ctl key issue "$me" --expires 3s
own=$out
run 0 ctl key issue "$me" --expires 1y
year=$out

# What people write for a moment, in the zone of their terminal: here two hours before UTC.
expires() { ctl --json key show "$(id_of "$1")" | sed -n 's/.*"expires":"\([^"]*\)".*/\1/p'; }
ends_at() { # MOMENT TIME
    TZ=ABC2 run 0 ctl key issue "$me" --expires "$1"
    is "$(expires "$out")" "$(date -u -d "$2" +%FT%TZ)"
}
ends_at 2100-12-31 '2100-12-31 02:00 UTC'
ends_at '2100-12-31 18:00' '2100-12-31 20:00 UTC'
ends_at 2100-12-31T18:00:00Z '2100-12-31 18:00 UTC'
ends_at @4133973600 @4133973600
midnight=$(TZ=ABC2 date -d tomorrow +%F)
ends_at tomorrow "$midnight 02:00 UTC" || ends_at tomorrow "$midnight 02:00 UTC + 1 day"
for length in +30d '30 days' 'in 30 days'; do
    run 0 ctl key issue "$me" --expires "$length"
    run 0 ctl key show "$(id_of "$out")"
    has "$out" "$(date -u -d '+30 days' +%F)"
done
run 0 ctl key rotate "$(id_of "$year")" --expires '2100-12-31 18:00Z'
is "$(expires "$out")" 2100-12-31T18:00:00Z
for moment in -1d yesterday '2 days ago' now soon 2100-02-30 '2100-12-31 18'; do
    run 2 ctl key issue "$me" --expires "$moment"
    has "$err" "$moment"
    is "$out" ""
done

run 0 ctl key issue "$me" --expires never
run 0 ctl --json key show "$(id_of "$out")"
has "$out" '"expires":null'
run 0 ctl policy set max-lifetime=2y
run 6 ctl key issue "$me" --expires never
has "$err" "max-lifetime=2y"
run 0 ctl policy set max-lifetime=none

# An expiry is exact to the second. The daemon notices it without a request and logs a line.
lives "$own" || fail "a key is expired before its time"
logged "key $(id_of "$own") of user '$me' expired at "
refused "$own" || fail "an expired key is accepted"
logged "the key has expired (at "
is_listed expired "$own" || fail "it is not listed as expired"
is_listed active "$own" && fail "it is listed as active"
verify "$me" <<<"$month" || fail "a month was not long enough"

# A shorter lifetime starts at the moment of the change for active keys. Keys with an expiry of
# their own keep it.
run 0 ctl policy set lifetime=4s
lives "$month" || fail "the new timeframe does not start with the change"
sleep 1 # for the change below to come in the middle of it
run 0 ctl policy set lifetime=5s
logged "key $(id_of "$month") of user '$me' expired at "
refused "$month" || fail "the lifetime is not kept"
is_listed expired "$month" || fail "it is not listed as expired"
verify "$me" <<<"$year" || fail "a key with its own expiry went with the lifetime"
is "$(grep -cF "key $(id_of "$month") of user '$me' expired at " "$dir/daemon.log")" 1

# An expired key stays expired: with any lifetime, after a second change, over a restart, and
# without a lifetime.
for lifetime in 1y 1h none 6months; do
    run 0 ctl policy set lifetime=$lifetime
    refused "$month" || fail "lifetime=$lifetime brings a key back"
    refused "$own" || fail "lifetime=$lifetime brings a key back that had its own expiry"
    is_listed expired "$month" || fail "lifetime=$lifetime: it is not listed as expired"
done
run 0 ctl key issue "$me"
key=$out
verify "$me" <<<"$key" || fail "a new key is refused"
stop || fail "the daemon ended with $?"
start
refused "$month" || fail "a restart brings a key back"
is_listed expired "$month" || fail "it is not listed as expired after a restart"
verify "$me" <<<"$key" || fail "a restart makes an end of a key"

# A key that expired while no daemon ran.
run 0 ctl key issue "$me" --expires 1s
key=$out
stop || fail "the daemon ended with $?"
sleep 1.1 # the key's lifetime; no event to wait for
start
logged "key $(id_of "$key") of user '$me' expired at "
refused "$key" || fail "it is accepted"

# max-lifetime bounds the keys that are made from now on.
run 0 ctl policy set max-lifetime=1d lifetime=2d
verify "$me" <<<"$year" || fail "max-lifetime makes an end of a key that was there"
run 6 ctl key issue "$me" --expires 2d
has "$err" "max-lifetime=1d"
run 0 ctl key issue "$me" --expires 12h
run 0 ctl key issue "$me"
bounded=$out
run 0 ctl policy set max-lifetime=none lifetime=1y
shows "$bounded" "$(date -u -d '+1 day' +%F)" || shows "$bounded" "$(date -u -d '+1 day -10 seconds' +%F)" ||
    fail "a longer lifetime moves the bound"

# W8: an expired key does not prevent the next one.
for id in $(listed active); do run 0 ctl key revoke "$id"; done
run 0 ctl policy set max-keys-per-user=1
run 0 ctl key issue "$me"
key=$out
run 6 ctl key issue "$me"
run 0 ctl policy set lifetime=1s
wait_until refused "$key"
run 0 ctl policy set lifetime=1y
run 0 ctl key issue "$me"
verify "$me" <<<"$out" || fail "the next one is refused"

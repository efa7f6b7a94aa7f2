#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: W3: a key is reset, rotated and removed. It is rotated with an overlap and until the first
# use of the new key, with limits and through crashes. Each step has its effect from the very next
# login on, and a later use of the old key gets a warning.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

start
run 0 ctl policy set enabled=yes max-keys-per-user=2 lifetime=none
field() { sed -n "s/^$2 *//p" <<<"$(ctl key show "$1")"; }
refused() { ! verify "$me" "$@" <<<"$old"; }

# Reset: the same id with another secret.
run 0 ctl key issue "$me"
old=$out
run 0 ctl key reset "$(id_of "$old")"
verify "$me" <<<"$out" || fail "the new secret is refused"
refused || fail "the old secret is accepted"
run 0 ctl key remove "$(id_of "$old")"

# Rotation, with every property of the old key.
run 0 ctl key issue "$me" --name job --service sshd --from 10.0.0.0/8 --expires 90d
old=$out oldid=$(id_of "$out")
login=(--service sshd --rhost 10.1.2.3)
run 0 ctl key rotate "$oldid"
new=$out newid=$(id_of "$out")
is "$err" ""
[[ $newid != "$oldid" ]] || fail "the new key has the old id"
for what in name owner services networks linked-user; do is "$(field "$newid" $what)" "$(field "$oldid" $what)"; done
is "$(field "$oldid" successor)" "$newid"
is "$(field "$newid" predecessor)" "$oldid"
is "$(field "$newid" successor)" ""
seconds() { date -d "$(field "$1" "$2")" +%s; }
is $(($(seconds "$oldid" retires) - $(seconds "$oldid" updated))) 86400
is "$(field "$oldid" expires)" "$(field "$oldid" retires)"
is $(($(seconds "$newid" expires) - $(seconds "$newid" created))) $((90 * 86400))
verify "$me" "${login[@]}" <<<"$old" || fail "the old key is refused during the overlap"
verify "$me" "${login[@]}" <<<"$new" || fail "the new key is refused"
verify "$me" <<<"$new" && fail "the new key is good for more than the old one"
verify "$me" "${login[@]}" <<<"$old" || fail "the first use of the new key ends an overlap"
run 6 ctl key rotate "$oldid"
has "$err" "$newid"
run 6 ctl key rotate "$newid"
has "$err" "$oldid"
run 0 ctl key reset "$oldid"
verify "$me" "${login[@]}" <<<"$out" || fail "a key cannot be reset during the overlap"

# Both count as one key while both live. Each can end without the other.
run 0 ctl key issue "$me" --name second
run 6 ctl key issue "$me" --name third
run 0 ctl key revoke "$newid"
verify "$me" "${login[@]}" <<<"$new" && fail "the revoked one is accepted"
is "$(field "$oldid" status)" active
run 6 ctl key issue "$me" --name third
run 0 ctl key remove "$newid" "$oldid"

# The end of an overlap, to the second. The old key's own expiry comes first.
run 0 ctl key issue "$me" --name short
old=$out
run 0 ctl key rotate "$(id_of "$old")" --overlap 8s --expires 5d
new=$out newid=$(id_of "$out")
verify "$me" <<<"$old" || fail "refused during the overlap"
wait_until refused
logged "key $(id_of "$old"): user '$me', service 'wfapikeyctl', source 'unknown', asked by uid $(id -u): the key was rotated"
logged "(used after its retirement at "
is $(($(seconds "$newid" expires) - $(seconds "$newid" created))) $((5 * 86400))
verify "$me" <<<"$new" || fail "the use of a retired key does something to its successor"
run 6 ctl key rotate "$(id_of "$old")"
has "$err" "rotated"
run 0 ctl key rotate "$newid" --overlap 30d
is "$(field "$newid" retires)" "$(date -u -d "@$(($(seconds "$newid" created) + 5 * 86400))" +%FT%TZ)"
run 0 ctl key list --json
mapfile -t ids < <(grep -o '"id":"[^"]*"' <<<"$out" | cut -d'"' -f4)
run 0 ctl key remove "${ids[@]}"

# Until the first use.
for ((i = 0; i < 3; i++)); do
    run 0 ctl key issue "$me"
    old=$out oldid=$(id_of "$out")
    run 0 ctl key rotate "$oldid" --until-first-use
    new=$out newid=$(id_of "$out")
    is "$(field "$oldid" retires-on-use)" yes
    verify "$me" <<<"$old" || fail "refused before the first use"
    verify "$me" <<<"${new:0:15}${old:15}" && fail "nonsense"
    verify "$me" --service x <<<"$old" || fail "a refused try of the new key counts as its first use"
    # Eight threads use the old key without a pause. None is accepted once the first use of the new
    # key was answered.
    hammer_start "$old"
    verify "$me" <<<"$new" || fail "the new key is refused"
    hammer_end "the first use"
    logged "key $oldid retired with the first use of key $newid"
    is "$(field "$oldid" retires-on-use)" ""
    is "$(field "$oldid" status)" expired
    run 0 ctl key remove "$oldid" "$newid"
done

# A written change survives. A change that a crash lost is made again at the next use.
run 0 ctl key issue "$me"
old=$out
run 0 ctl key rotate "$(id_of "$old")" --until-first-use
new=$out
verify "$me" <<<"$new" || fail "the new key is refused"
stop KILL
start
verify "$me" <<<"$new" || fail "the new key is refused after a crash"
refused || fail "the old key is accepted after a crash and another use of the new one"

run 2 ctl key rotate "$(id_of "$new")" --overlap 1d --until-first-use
run 2 ctl key rotate "$(id_of "$new")" --overlap soon
run 2 ctl key rotate "$(id_of "$new")" --expires yesterday
run 5 ctl key rotate 0000000000
run 0 ctl policy set max-lifetime=1d
run 6 ctl key rotate "$(id_of "$new")" --expires 2d
run 0 ctl policy set enabled=no
run 6 ctl key rotate "$(id_of "$new")"

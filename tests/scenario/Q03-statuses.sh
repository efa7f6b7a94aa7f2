#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a key is active, expired or revoked, and says why. Each status can be listed by itself and
# is counted.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

start
run 0 ctl policy set enabled=yes max-keys-per-user=10
declare -A key id
for status in active expired revoked; do
    run 0 ctl key issue "$me" --name "is-$status" ${expires:+--expires "$expires"}
    key[$status]=$out
    id[$status]=$(id_of "$out")
    expires=$([[ $status != active ]] || echo 1s)
done
run 0 ctl key revoke "${id[revoked]}" --reason 'left on a bench'
expired() { [[ $(ctl --json key show "${id[expired]}") == *'"status":"expired"'* ]]; }
wait_until expired

for status in active expired revoked; do
    run 0 ctl --json key show "${id[$status]}"
    has "$out" "\"status\":\"$status\""
    run 0 ctl --json key list --status "$status"
    is "$(grep -o '"name":"[^"]*"' <<<"$out")" "\"name\":\"is-$status\""
    run 0 ctl key list
    has "$(grep "${id[$status]}" <<<"$out")" "$status"
    if [[ $status == active ]]; then
        verify "$me" <<<"${key[$status]}" || fail "the active key is refused"
    else
        verify "$me" <<<"${key[$status]}" && fail "the $status key is accepted"
    fi
done
run 0 ctl key show "${id[revoked]}"
has "$out" "left on a bench"
run 0 ctl --json status
has "$out" '"keys-active":1,"keys-expired":1,"keys-revoked":1'
run 2 ctl key list --status dead

# An expired or revoked key cannot be revoked or reset into another status.
for status in expired revoked; do
    run 6 ctl key revoke "${id[$status]}"
    run 6 ctl key reset "${id[$status]}"
    run 0 ctl --json key show "${id[$status]}"
    has "$out" "\"status\":\"$status\""
done

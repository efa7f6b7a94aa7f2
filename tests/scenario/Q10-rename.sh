#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: Q10: a key is made with a description and an expiry, in every form of a duration, is shown
# once, and can be renamed later.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

start
run 0 ctl policy set enabled=yes max-keys-per-user=100
for when in 90d P90D P3M 3months 2160h; do
    run 0 ctl key issue "$me" --name "laptop $when" --expires "$when"
    key=$out id=$(id_of "$out")
    run 0 ctl key show "$id"
    created=$(date -d "$(sed -n 's/^created *//p' <<<"$out")" +%s)
    is "$(($(date -d "$(sed -n 's/^expires *//p' <<<"$out")" +%s) - created))" $((90 * 86400))
    has "$out" "laptop $when"
    [[ $out != *"${key:15:42}"* ]] || fail "the key is shown again"
done
run 0 ctl key issue "$me" --expires 2099-12-31
run 0 ctl key show "$(id_of "$out")"
has "$out" 2099-12-31T00:00:00Z
for bad in P P90 90 -90d P-90D 90D 1.5y yesterday; do
    run 2 ctl key issue "$me" --expires "$bad"
done

run 0 ctl key rename "$id" 'backup of «ö»'
run 0 ctl key show "$id" --json
has "$out" 'backup of «ö»'
for bad in '' $'a\nb' $'\e[31m' $'\xff' "$(printf 'x%.0s' {1..65})" "my $key"; do
    run 2 ctl key rename "$id" "$bad"
done
run 0 ctl key show "$id" --json
has "$out" 'backup of «ö»'
verify "$me" <<<"$key" || fail "a renamed key is refused"
run 5 ctl key rename 0000000000 x

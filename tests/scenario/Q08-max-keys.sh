#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: max-keys-per-user, 1 to 1000, refuses only new keys. Existing keys beyond it stay good,
# ended keys do not count, and each user is counted alone.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

start
run 0 ctl --json policy show
has "$out" '"max-keys-per-user":5'
for wrong in 0 1001 -1 none 5x ''; do run 2 ctl policy set "max-keys-per-user=$wrong"; done
run 0 ctl policy set enabled=yes max-keys-per-user=1
run 0 ctl policy set max-keys-per-user=1000
run 0 ctl policy set max-keys-per-user=3

keys=()
for ((i = 0; i < 3; i++)); do
    run 0 ctl key issue "$me"
    keys+=("$out")
done
run 6 ctl key issue "$me"
has "$err" "max-keys-per-user=3"
other=$([[ $me == daemon ]] && echo bin || echo daemon)
[[ $EUID != 0 ]] || run 0 ctl key issue "$other"

run 0 ctl policy set max-keys-per-user=1
for key in "${keys[@]}"; do verify "$me" <<<"$key" || fail "a key that was there is refused"; done
run 6 ctl key issue "$me"
run 0 ctl key reset "$(id_of "${keys[2]}")" # adds no key
run 0 ctl key revoke "$(id_of "${keys[0]}")" "$(id_of "${keys[1]}")"
run 6 ctl key issue "$me"
run 0 ctl key remove "$(id_of "${keys[2]}")"
run 0 ctl key issue "$me" --expires 8s
short=$out
run 6 ctl key issue "$me"
refused() { ! verify "$me" <<<"$short"; }
wait_until refused
run 0 ctl key issue "$me"

# Calls at the same time do not get past it.
run 0 ctl policy set max-keys-per-user=10
for ((i = 0; i < 8; i++)); do
    { for ((j = 0; j < 4; j++)); do ctl key issue "$me" >/dev/null 2>&1; done; } &
    children+=($!)
done
wait "${children[@]}"
children=()
run 0 ctl --json key list --owner "$me" --status active
is "$(grep -o '"id"' <<<"$out" | wc -l)" 10

#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: while eight threads ask without a pause, a verification that begins after a change was
# acknowledged is never answered by the state before it. The changes are revoke, reset, remove,
# disable and the key's expiry. Every verification gets an answer.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

start
run 0 ctl policy set enabled=yes max-keys-per-user=1000

under_fire() { # COMMAND...: with ID for the key's id
    local key id
    key=$(ctl key issue "$me") || fail "no key"
    id=$(id_of "$key")
    hammer_start "$key"
    # Other changes and last uses happen at the same time.
    ctl key issue "$me" --name other >/dev/null || fail "no key meanwhile"
    "${@/ID/$id}" >/dev/null || fail "'$*' failed under fire"
    hammer_end "'$*'"
}

for _ in 1 2 3; do
    under_fire ctl key revoke ID
    under_fire ctl key reset ID
    under_fire ctl key remove ID
done
under_fire ctl policy set enabled=no
run 0 ctl policy set enabled=yes
under_fire ctl policy set require-certificate=yes
run 0 ctl policy set require-certificate=no
stop
is $? 0

#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: while eight threads ask without a pause, a verification that begins after a change was
# acknowledged is never answered by the state before it. The changes are revoke, reset, remove,
# disable and the key's expiry. Every verification gets an answer.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"
hammer=$abs_top_builddir/tests/scenario/hammer

start
run 0 ctl policy set enabled=yes max-keys-per-user=1000

under_fire() { # COMMAND...: with ID for the key's id
    local key id status
    key=$(ctl key issue "$me") || fail "no key"
    id=$(id_of "$key")
    coproc "$hammer" "$WFAPIKEY_VERIFY" "$me" 2>&1
    local pid=$COPROC_PID in=${COPROC[1]} said=${COPROC[0]}
    children+=("$pid")
    printf '%s\n' "$key" >&"$in"
    read -r line <&"$said" || fail "the hammer has ended"
    is "$line" ready
    # Other changes and last uses go on at the same time.
    ctl key issue "$me" --name other >/dev/null || fail "no key meanwhile"
    "${@/ID/$id}" >/dev/null || fail "'$*' failed under fire"
    printf 'over\n' >&"$in"
    read -r line <&"$said"
    wait "$pid"
    status=$?
    [[ $status == 0 ]] || fail "after '$*': $line"
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

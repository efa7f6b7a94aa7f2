#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: keys are disabled until an administrator enables them. Disabling refuses all keys at once.
# Enabling makes only those good again that have not ended.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

start
run 0 ctl --json policy show
has "$out" '"enabled":false'
run 6 ctl key issue "$me"
has "$err" "enabled=yes"
run 0 ctl --json status
has "$out" '"enabled":false'

run 0 ctl policy set enabled=yes lifetime=none
run 0 ctl key issue "$me"
alive=$out
run 0 ctl key issue "$me"
revoked=$out
run 0 ctl key issue "$me" --expires 8s
short=$out
run 0 ctl key revoke "$(id_of "$revoked")"
verify "$me" <<<"$alive" || fail "the key is refused"
verify "$me" <<<"$short" || fail "the short one is refused"

run 0 ctl policy set enabled=no
verify "$me" <<<"$alive" && fail "accepted although disabled"
logged "API keys are disabled"
run 6 ctl key issue "$me"
run 0 ctl key show "$(id_of "$alive")" # existing keys can be seen and ended
over() { [[ $(ctl --json key show "$(id_of "$short")") == *'"status":"expired"'* ]]; }
wait_until over

run 0 ctl policy set enabled=yes
verify "$me" <<<"$alive" || fail "enabling does not bring the key back"
verify "$me" <<<"$revoked" && fail "enabling brings back a revoked key"
verify "$me" <<<"$short" && fail "enabling brings back an expired key"

# The policy survives a restart, either way.
for enabled in no yes; do
    run 0 ctl policy set enabled=$enabled
    stop
    start
    if [[ $enabled == yes ]]; then
        verify "$me" <<<"$alive" || fail "refused after a restart"
    else
        verify "$me" <<<"$alive" && fail "accepted after a restart, although disabled"
    fi
done

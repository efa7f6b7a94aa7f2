#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: an administrator has keys like every user, unless the policy admin-keys is no. Then these
# keys are refused at once and none is issued to administrators. Keys of other users stay good. A
# change back to yes makes the keys good again that have not ended.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

[[ $EUID == 0 ]] || skip "needs root: the owner of the daemon's keys has to be an administrator, and another none"
conf=$dir/wfapikeyd.conf
printf '[daemon]\nadmin-group = bin\n' >"$conf" # the primary group of the user bin
chmod 0644 "$conf"
start
run 0 ctl --json policy show
has "$out" '"admin-keys":true'
run 0 ctl policy set enabled=yes
run 0 ctl key issue "$me"
admins=$out
verify "$me" <<<"$admins" || fail "an administrator's key is refused"
run 0 ctl key issue bin
members=$out
verify bin <<<"$members" || fail "the key of a member of the admin group is refused"
run 0 ctl key issue daemon
others=$out

run 0 ctl policy set admin-keys=no
verify "$me" <<<"$admins" && fail "root's key is accepted"
# The daemon looks up the groups of a user with a first key, shortly after.
refused() { ! verify bin <<<"$members"; }
wait_until refused
logged "the key is an administrator's (policy admin-keys=no)"
for admin in "$me" bin; do
    run 6 ctl key issue "$admin"
    has "$err" "admin-keys=no"
done
verify daemon <<<"$others" || fail "another user's key is refused"
run 0 ctl key issue daemon

run 0 ctl policy set admin-keys=yes
verify "$me" <<<"$admins" || fail "root's key is not good again"
verify bin <<<"$members" || fail "the member's key is not good again"
run 2 ctl policy set admin-keys=perhaps

#!/bin/bash
# Goal: an administrator has keys like everybody else, unless the policy admin-keys says no: then theirs are refused at once and none is issued to them,
# others' are as good as before, and yes brings back what is alive.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

conf=$dir/wfapikeyd.conf
group=$(id -gn) # so that whoever runs this is an administrator, root or not
printf '[daemon]\nadmin-group = %s\n' "$group" >"$conf"
chmod 0644 "$conf"
start
run 0 ctl --json policy show
has "$out" '"admin-keys":"yes"'
run 0 ctl policy set enabled=yes
run 0 ctl key issue "$me"
admins=$out
verify "$me" <<<"$admins" || fail "an administrator's key is refused"
others=''
if [[ $EUID == 0 ]]; then
    run 0 ctl key issue daemon
    others=$out
fi

run 0 ctl policy set admin-keys=no
verify "$me" <<<"$admins" && fail "an administrator's key is accepted"
logged "the key is an administrator's (policy admin-keys=no)"
run 4 ctl key issue "$me"
has "$err" "admin-keys=no"
if [[ -n $others ]]; then
    verify daemon <<<"$others" || fail "another user's key is refused"
    run 0 ctl key issue daemon
fi

run 0 ctl policy set admin-keys=yes
verify "$me" <<<"$admins" || fail "the administrator's key is not good again"
run 2 ctl policy set admin-keys=perhaps

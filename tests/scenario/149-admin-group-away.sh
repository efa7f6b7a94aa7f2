#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: a group file that is empty for a moment lets no administrator's key in, neither while the
# daemon runs nor when it starts then, and the group counts again when it is back.

# shellcheck source=tests/scenario/etc.sh
. "${0%/*}/etc.sh"

replace() { # NAME TEXT
    printf '%s\n' "$2" >"/etc/$1.new"
    mv "/etc/$1.new" "/etc/$1"
}
admin_refused() { ! verify adm <<<"$key"; }
conf=$dir/wfapikeyd.conf
echo '# of a test' >"$conf"
group=$(grep -v '^wfapikey-admin:' /etc/group)
printf '%s:/:/bin/sh\n' adm:x:64331:64331: bob:x:64332:64332: new:x:64333:64333: >>/etc/passwd
replace group "$group"$'\nwfapikey-admin:x:64330:adm'

start
run 0 ctl policy set enabled=yes
run 0 ctl key issue adm
key=$out
run 0 ctl key issue bob
bobs=$out
verify adm <<<"$key" || fail "the key was not accepted"
run 0 ctl policy set admin-keys=no
wait_until admin_refused

# --- While the daemon runs

known_as_before() {
    admin_refused || fail "a group file without the group let an administrator's key in"
    verify bob <<<"$bobs" || fail "bob's key was not accepted"
    run 6 ctl key issue adm
}
: >/etc/group
logged "nobody says whether user 'adm' is in the group of administrators"
known_as_before
replace group "$group"
logged "the group 'wfapikey-admin' is not in /etc/group any more"
known_as_before

# --- While it starts

: >/etc/group
stop
start
admin_refused || fail "an empty group file at a start let an administrator's key in"
verify bob <<<"$bobs" || fail "bob's key was not accepted after a start"
run 6 ctl key issue new
if command -v sqlite3 >/dev/null; then
    # Of an administrator who is not known, nobody says that this is none.
    stop
    sqlite3 "$dir/state/keys.db" "DELETE FROM account"
    start
    admin_refused || fail "an empty group file at a start let an unknown administrator's key in"
fi
# Somebody is writing the configuration, and has it not read yet.
echo '[Nothing' >>"$conf"
replace group "$group"$'\nwfapikey-admin:x:64330:adm,bob'
logged "is in /etc/group now"
grep -q 'configuration read again' "$dir/daemon.log" && fail "all of the configuration was read again"
bob_refused() { ! verify bob <<<"$bobs"; }
wait_until bob_refused
admin_refused || fail "the administrator's key was let in"
echo '# of a test' >"$conf"

# --- Who leaves the group

replace group "$group"$'\nwfapikey-admin:x:64330:'
admin_good() { verify adm <<<"$key"; }
wait_until admin_good

# --- A host that never had the group

stop
rm -r "$dir/state"
replace group "$group"
start
run 0 ctl policy set enabled=yes admin-keys=no
run 0 ctl key issue adm
verify adm <<<"$out" || fail "without a group somebody counts as its member"
stop
start
verify adm <<<"$out" || fail "without a group somebody counts as its member after a start"

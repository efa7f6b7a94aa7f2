#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: Q5: one key or several keys are revoked, all of them or none, active ones only, for good,
# and with a reason that stays.
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

start
run 0 ctl policy set enabled=yes max-keys-per-user=10
run 0 ctl key issue "$me"
key=$out id=$(id_of "$out")
run 0 ctl key issue "$me" --name other
other=$out
run 0 ctl key issue "$me" --expires 1s
short=$(id_of "$out")
expired() { ctl key show "$short" | grep -q '^status *expired'; }
wait_until expired

run 5 ctl key revoke "$id" 0000000000
run 6 ctl key revoke "$id" "$short"
verify "$me" <<<"$key" || fail "a refused revocation has revoked"
run 0 ctl key revoke --reason 'lost in a train' "$id" "$(id_of "$other")" "$id" --json
is "$(tr -d '[:space:]' <<<"$out")" '{"revoked":2}'
verify "$me" <<<"$key" && fail "the revoked key is accepted"
verify "$me" <<<"$other" && fail "the other revoked key is accepted"
logged "key $id: user '$me', service 'wfapikeyctl', source 'unknown', asked by uid $(id -u): the key was revoked"

# Nothing makes it good again.
for try in "revoke $id" "reset $id" "rotate $id"; do
    # shellcheck disable=SC2086 # words
    run 6 ctl key $try
done
run 0 ctl key rename "$id" again
run 0 ctl policy set enabled=no lifetime=1y
run 0 ctl policy set enabled=yes
stop
start
verify "$me" <<<"$key" && fail "the revoked key is accepted"
run 0 ctl key show "$id"
has "$out" "lost in a train"
has "$(grep ^status <<<"$out")" revoked
run 0 ctl key list --status revoked
has "$out" "$id"
run 0 ctl key list --status active
[[ $out != *"$id"* ]] || fail "a revoked key is listed as active"

# Several at once, by what they are. Their number is confirmed.
for name in a b c; do run 0 ctl key issue "$me" --name "$name" --service dovecot; done
last=$out
run 0 ctl key issue "$me" --name d --service sshd
other=$out
run 2 ctl key revoke
run 2 ctl key revoke "$id" --service dovecot
run 2 ctl key revoke --service dovecot
has "$err" "3 keys"
run 6 script -qec "'$WFAPIKEYCTL' key revoke --service dovecot" /dev/null <<<2
verify "$me" --service dovecot <<<"$last" || fail "a key is revoked though the number was wrong"
run 0 script -qec "'$WFAPIKEYCTL' key revoke --service dovecot --reason moved" /dev/null <<<3
verify "$me" --service dovecot <<<"$last" && fail "a revoked key is accepted"
verify "$me" --service sshd <<<"$other" || fail "a key of another service is revoked"
for name in all-of owner linked service from search expires-before unused-since; do
    run 2 ctl key revoke "--$name=" --yes
done
verify "$me" --service sshd <<<"$other" || fail "all keys are revoked by an empty option"
run 5 ctl key revoke --owner no-such-user-here --yes
run 0 ctl --json key revoke --service dovecot --yes
is "$out" '{"revoked":0}'
run 0 ctl --json key revoke --all-of "$me" --yes
is "$out" '{"revoked":1}'
verify "$me" --service sshd <<<"$other" && fail "a revoked key is accepted"
# A key of another user that depends on this one.
[[ $EUID != 0 ]] || {
    run 0 ctl key issue daemon --link "$me"
    for _ in $(seq 3); do run 0 ctl key issue daemon; done
    run 0 ctl --json key revoke --all-of "$me" --yes
    is "$out" '{"revoked":1}'
    run 0 ctl --json key revoke --owner daemon --yes
    is "$out" '{"revoked":3}'
}

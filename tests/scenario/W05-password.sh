#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: the rules for a wrong password. It gets no key, the refusal is late, and other callers do
# not wait. A key is not accepted as a password. The policy password-issue is checked first. A
# daemon that is stopped meanwhile ends cleanly. (The container test has the right passwords.)
# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/lib.sh"

[[ -e /etc/pam.d/other || -e /etc/pam.d/wfapikey ]] || skip "PAM has no service to ask"
start
ask() { ctl key issue --user "$me" --password "$@"; }

run 6 ask <<<"no password of anybody"
has "$err" enabled=yes
run 0 ctl policy set enabled=yes password-issue=no
run 6 ask <<<"no password of anybody"
has "$err" password-issue=no
run 0 ctl policy set password-issue=yes

run 2 ask </dev/null
run 2 ctl key issue --password <<<"whose"
run 2 ctl key issue "$me" --user "$me"
run 2 ask <<<"$(printf 'x%.0s' {1..600})"
before=$(date +%s%3N)
run 4 ask <<<"no password of anybody"
has "$err" "is wrong"
is "$out" ""
(($(date +%s%3N) - before >= 2000)) || fail "that was no late answer"
logged "wrong name or password for user '$me' given by uid $(id -u)"
! grep -qF "no password of anybody" "$dir/daemon.log" || fail "the password is in the log"
run 0 ctl key issue --user "$me" # the user itself needs no password
key=$out
run 4 ask <<<"$key"
has "$err" "is wrong"
verify "$me" <<<"$key" || fail "the key does not log in any more"

# A key in the place of the name. wfapikeyctl itself would not send it.
busctl --address="unix:path=$WFAPIKEY_CONTROL" call org.wfapikey1 /org/wfapikey1 org.wfapikey1.Manager \
    IssueKeyWithPassword 'ssa{sv}' "$key" "no password of anybody" 0 >"$dir/out" 2>&1 && fail "that was a name"
has "$(<"$dir/out")" "is wrong"
logged "user '(something like a key)'"
! grep -qF "${key:15:42}" "$dir/daemon.log" || fail "the key is in the log"

# While a refusal waits for its time, the daemon serves others and can be stopped. On a slow machine
# the refusal may come before the end.
for ((tries = 0; tries < 20; tries++)); do
    : >"$dir/daemon.log"
    ask <<<"no password of anybody" >"$dir/late" 2>&1 &
    waiting=$!
    logged "wrong name or password"
    run 0 ctl status
    stop || fail "the daemon did not end well"
    wait "$waiting"
    answer=$?
    [[ $answer == 4 ]] || break
    start
done
is "$answer" 3
exit 0

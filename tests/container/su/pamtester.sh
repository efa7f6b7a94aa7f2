#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: su and pamtester, as an ordinary user and as root, log in with a key and not without one.
# Account confirms the login, and nothing hangs.
# shellcheck source=tests/container/lib
. "${0%/*}/../lib"

start_wfapikey || not_ok "the daemon starts"
add_user alice
add_user mallory
key=$(wfapikeyctl key issue alice)
printf '%s\n' 'auth required pam_wfapikey.so' 'account required pam_wfapikey.so' 'session required pam_permit.so' >/etc/pam.d/su
printf '%s\n' 'auth required pam_wfapikey.so' 'account required pam_wfapikey.so' 'password required pam_wfapikey.so' \
    'session required pam_wfapikey.so' >/etc/pam.d/keys
printf '%s\n' 'auth required pam_wfapikey.so timeuot=1' 'account required pam_permit.so' >/etc/pam.d/misspelt
printf '%s\n' 'auth required pam_wfapikey.so server_uid=1' 'account required pam_permit.so' >/etc/pam.d/wrong-server

su_alice() { [[ $(as mallory su alice -c 'id -un' <<<"$1" 2>/dev/null | tail -n 1) == alice ]]; }
test_that "su with the key" su_alice "$key"
test_not "su with another" su_alice "$(mistyped "$key")"
test_not "su with nothing" su_alice ''
test_not "su to somebody else with it" as mallory su mallory -c true <<<"$key"

pt() { "$@" <<<"$answer"; }
answer=$key
test_that "pamtester: authenticate" pt pamtester keys alice authenticate
test_that "pamtester: authenticate and account" pt pamtester keys alice authenticate acct_mgmt
test_that "pamtester: as an ordinary user" pt as mallory pamtester keys alice authenticate acct_mgmt
test_that "pamtester: all but the password" pt pamtester keys alice authenticate acct_mgmt setcred open_session close_session
test_not "pamtester: account alone is not ours" pt pamtester keys alice acct_mgmt
test_not "pamtester: nor is a change of password" pt pamtester keys alice chauthtok
test_not "pamtester: another user" pt pamtester keys mallory authenticate
test_not "pamtester: a misspelt option refuses" pt pamtester misspelt alice authenticate
test_that "and is named in the log" wait_until bash -c "journalctl --sync; journalctl | grep -q \"bad option 'timeuot=1'\""
test_not "pamtester: a daemon of another uid is not told" pt pamtester wrong-server alice authenticate
answer=${key:0:20}
test_not "pamtester: a part of it" pt pamtester keys alice authenticate

# A socket in place of the daemon's, served by another uid, gets nothing.
answer=$key
systemctl stop wfapikeyd.service wfapikeyd-verify.socket wfapikeyd-control.socket
rm -f /run/wfapikey/verify
chmod 0777 /run/wfapikey
as mallory socat -u UNIX-LISTEN:/run/wfapikey/verify,type=5,fork OPEN:"$work/caught",creat,append 2>"$work/socat" &
liar=$!
if wait_until test -S /run/wfapikey/verify; then
    chmod 0666 /run/wfapikey/verify
    test_not "pamtester: a socket of another uid is not trusted" pt pamtester keys alice authenticate
    test_that "and heard nothing" test ! -s "$work/caught"
fi
kill "$liar" 2>/dev/null
wait "$liar" 2>/dev/null
finish

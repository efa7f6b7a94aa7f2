#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: with the documented line above a real pam_faillock, a refused key is not counted, and no
# module below sees a key: for every kind of refusal, while the daemon is down, and with a wrong
# option. Passwords log in all the while, and wrong passwords are counted. Without that, anybody
# locks a user's password from afar with three tries of an expired key.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"

# A daemon that hangs is to stay so here: 015-restart.sh tests the watchdog.
mkdir -p /run/systemd/system/wfapikeyd.service.d
printf '[Service]\nWatchdogSec=0\n' >/run/systemd/system/wfapikeyd.service.d/patient.conf
start_wfapikey || not_ok "the daemon starts"
add_user alice 'correct horse 7'
add_user bob
quietly() { "$@" </dev/null >"$work/quiet" 2>&1 || { not_ok "$*"; sed 's/^/    | /' "$work/quiet"; }; }
quietly wfapikeyctl policy set max-keys-per-user=100

# The spy writes down every token that it is given. The stack continues after it.
printf '#!/bin/sh\n{ tr "\\0" "\\n"; echo; } >>%s/seen\n' "$work" >"$work/spy" && chmod 0755 "$work/spy"
line=$(block '; file: sshd' "$WFAPIKEY_SOURCE/man/wfapikey-services.7.scd" | grep '^auth')
test_that "wfapikey-services(7) has the line" test -n "$line"
stack() { # LINE
    cat >/etc/pam.d/faillocked <<END
auth    requisite                   pam_faillock.so preauth nodelay
$1
auth    optional                    pam_exec.so quiet expose_authtok $work/spy
auth    [success=1 default=bad]     pam_unix.so nodelay
auth    [default=die]               pam_faillock.so authfail nodelay
auth    sufficient                  pam_faillock.so authsucc
auth    required                    pam_deny.so
account required                    pam_wfapikey.so
account required                    pam_unix.so
END
}
reset() { faillock --user alice --reset && : >"$work/seen"; }
login() { pamtester faillocked alice authenticate acct_mgmt <<<"$1"; }
tally() { faillock --user alice | grep -c '^[0-9].*V *$'; }

# refused TEXT KEY: three tries of one key, enough to lock a password. They must leave no trace.
refused() {
    local i
    reset
    for i in 1 2 3; do
        login "$2" >"$work/login" 2>&1 && not_ok "$1: try $i logs in"
    done
    test_that "$1: the tally is 0" test "$(tally)" = 0
    test_that "$1: no module below was asked" test ! -s "$work/seen"
    passwords "$1"
}
passwords() { # WHEN
    reset
    test_that "$1: the password logs in" login 'correct horse 7'
    test_that "$1: the modules below see it" grep -qx 'correct horse 7' "$work/seen"
    test_not "$1: a wrong password is refused" login 'wrong horse'
    test_that "$1: and counted" test "$(tally)" = 1
    reset
}

stack "$line"
key=$(wfapikeyctl key issue alice)
test_that "a key logs in" login "$key"
test_that "and no module below was asked" test ! -s "$work/seen"

refused "a mistyped secret" "$(wfapikeyctl key draw)"
refused "another user's key" "$(wfapikeyctl key issue bob)"
refused "a key for another service" "$(wfapikeyctl key issue alice --service other)"
revoked=$(wfapikeyctl key issue alice)
quietly wfapikeyctl key revoke "$(id_of "$revoked")"
refused "a revoked key" "$revoked"
short=$(wfapikeyctl key issue alice --expires 1s)
sleep 2
refused "an expired key" "$short"
quietly wfapikeyctl policy set require-certificate=yes
refused "a key without a certificate" "$key"
quietly wfapikeyctl policy set require-certificate=no enabled=no
refused "a key while keys are disabled" "$key"
quietly wfapikeyctl policy set enabled=yes
stack "$line timeuot=1"
refused "a key in a line with a wrong option" "$key"

stack "$line"
systemctl stop wfapikeyd.service wfapikeyd-verify.socket wfapikeyd-control.socket
refused "a key while the daemon is down" "$key"
systemctl start wfapikeyd-verify.socket wfapikeyd-control.socket wfapikeyd.service
systemctl kill --kill-who=main --signal=STOP wfapikeyd.service
refused "a key while the daemon hangs" "$key"
systemctl kill --kill-who=main --signal=CONT wfapikeyd.service
reset
test_that "a key logs in again" login "$key"

# For comparison, the line of older manuals: three polls of a mail client lock the password.
stack 'auth    [success=done default=ignore]   pam_wfapikey.so'
reset
for _ in 1 2 3; do login "$revoked" >/dev/null 2>&1; done
test_that "the older line: three refused keys are counted" test "$(tally)" = 3
test_that "the older line: the modules below see the key" grep -qxF -- "$revoked" "$work/seen"
test_not "the older line: the password is locked" login 'correct horse 7'
reset
finish

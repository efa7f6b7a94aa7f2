#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: 200 logins with keys, half of them refused, through each stack that the manual and the
# Debian profile have, leave the tally of a pam_faillock below them at zero. 020-faillock.sh has the
# kinds of refusals one by one.
# shellcheck source=tests/container/lib
. "${0%/*}/lib"

manual=$WFAPIKEY_SOURCE/man/wfapikey-services.7.scd
stack='' # the PAM service

start_wfapikey || not_ok "the daemon starts"
add_user alice 'correct horse 7'
add_user bob
quietly() { "$@" </dev/null >"$work/quiet" 2>&1 || { not_ok "$*"; sed 's/^/    | /' "$work/quiet"; }; }
quietly wfapikeyctl policy set max-keys-per-user=100
issue() { wfapikeyctl key issue "$@"; }
login() { pamtester "$stack" alice authenticate acct_mgmt <<<"$1" &>"$work/login"; }
tally() { faillock --user alice | grep -c '^[0-9].*V *$'; }
counts() { [[ $(tally) == "$1" ]]; } # NUMBER

# Debian's own profiles, with pam_faillock as its manual page has it. Nothing here resets a tally.
profile() { # NAME PRIORITY LINE
    printf 'Name: %s\nDefault: no\nPriority: %s\nAuth-Type: Primary\nAuth:\n\t%s\n' "$@" >"/usr/share/pam-configs/$1"
}
profile faillock-before 1024 'requisite pam_faillock.so preauth nodelay'
profile faillock-after 0 '[default=die] pam_faillock.so authfail nodelay'
cp "$WFAPIKEY_SOURCE/debian/pam-configs/wfapikey" /usr/share/pam-configs/
quietly pam-auth-update --package --enable faillock-before --enable faillock-after
sed -i 's/pam_unix\.so.*/& nodelay/' /etc/pam.d/common-auth

good=("$(issue alice)" "$(issue alice --name second)")
bad=("$(wfapikeyctl key draw)" "$(issue bob)" "$(issue alice --service other)"
    "$(issue alice --from 192.0.2.0/24)" "$(issue alice)" "$(issue alice)")
quietly wfapikeyctl key revoke "$(id_of "${bad[4]}")"
quietly wfapikeyctl key reset "$(id_of "${bad[5]}")"

# 200 logins, and whether each ended as it has to.
logins() {
    local i
    for ((i = 0; i < 100; i++)); do
        login "${good[i % ${#good[@]}]}" || { echo "a good key is refused"; cat "$work/login"; return 1; }
        ! login "${bad[i % ${#bad[@]}]}" || { echo "bad key $((i % ${#bad[@]})) logs in"; return 1; }
    done
}
try() { # NAME: the stack in /etc/pam.d/$stack
    quietly faillock --user alice --reset
    test_that "$1: 200 logins end as they have to" logins
    test_that "$1: the tally is 0" counts 0
}
try_password() { # NAME: the same stack takes passwords, which are counted
    test_that "$1: the password logs in" login 'correct horse 7'
    test_not "$1: a wrong password is refused" login 'wrong horse'
    test_that "$1: and counted" counts 1
}

# Each of the manual, above the lines that it is put above. A stack for keys only has none below.
mapfile -t names < <(sed -n 's/^; file: //p' "$manual")
n=0
for name in "${names[@]}"; do
    lines=$(block "; file: $name" "$manual")
    grep -q '^auth .*pam_wfapikey' <<<"$lines" || continue
    n=$((n + 1))
    stack=tally-$name
    {
        echo 'auth requisite pam_faillock.so preauth nodelay'
        printf '%s\n' "$lines"
        grep -q '^auth .*auth_err=die' <<<"$lines" && if grep -q '^auth .*pam_unix' <<<"$lines"; then
            echo 'auth optional pam_faillock.so authfail nodelay'
        elif ! grep -q common-auth <<<"$lines"; then
            printf '@include common-%s\n' auth account
        fi
    } >"/etc/pam.d/$stack"
    try "$name"
    ! grep -q common-auth "/etc/pam.d/$stack" || try_password "$name"
done
test_that "these are the stacks of wfapikey-services(7)" test "$n" -ge 8

quietly pam-auth-update --package --enable wfapikey
sed -i 's/pam_unix\.so.*/& nodelay/' /etc/pam.d/common-auth
test_that "the profile puts its line above pam_unix" bash -c 'grep pam_ /etc/pam.d/common-auth | grep -A1 pam_wfapikey | grep pam_unix'
stack=tally-profile
printf '@include common-%s\n' auth account >/etc/pam.d/$stack
try "the profile"
try_password "the profile"

# For comparison: what the tally says of a stack that lets refused keys go on.
stack=tally-older
printf '%s\n' 'auth [success=done default=ignore] pam_wfapikey.so' 'auth [default=die] pam_faillock.so authfail nodelay' \
    'account required pam_permit.so' >/etc/pam.d/$stack
quietly faillock --user alice --reset
test_not "older lines: a refused key is refused" login "${bad[4]}"
test_that "older lines: and counted" counts 1
finish

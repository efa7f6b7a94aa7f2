#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: su of an ordinary user accepts the key of the target user. Root is asked nothing. su - is a
# service of its own.
# shellcheck source=tests/container/lib
. "${0%/*}/../lib"
# shellcheck source=tests/container/service
. "${0%/*}/../service"

service_start su
rhost=no
tie peer-root
lines_of su >"$work/ours"
sed -i "/^@include common-auth/ {
    e cat $work/ours
}" /etc/pam.d/su

login() { # USER SECRET
    as mallory su "$1" -c 'id -un; env' <<<"$2" >"$work/session" 2>"$work/error"
    cat "$work/session" "$work/error"
    grep -qx "$1" "$work/session"
}
login_shell() { [[ $(as mallory su - alice -c 'id -un' <<<"$1" 2>/dev/null | tail -n 1) == alice ]]; }

service_logins
key=$(issue alice --service su)
login alice "$key" >/dev/null
test_that "the session knows the key's id" grep -qx "WFAPIKEY_ID=$(id_of "$key")" "$work/session"
mark
test_not "su -: a key for su alone is refused" login_shell "$key"
test_that "and the log says why" wait_until said "$(id_of "$key").*not good for this service"
test_that "su -: a key for both" login_shell "$(issue alice --service su --service su-l)"
test_that "su -: the password" login_shell "$password"
by_root() { [[ $(su alice -c 'id -un' </dev/null) == alice ]]; }
test_that "root is asked nothing" by_root
systemctl stop wfapikeyd.service wfapikeyd-verify.socket wfapikeyd-control.socket
test_that "nor when the daemon is down" by_root
finish

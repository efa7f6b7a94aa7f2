#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: login at a terminal accepts keys and passwords, and no key while there is /etc/nologin.
# shellcheck source=tests/container/lib
. "${0%/*}/../lib"
# shellcheck source=tests/container/service
. "${0%/*}/../service"

service_start login
rhost=no
tie peer-root
lines_of login >"$work/ours"
# Without pam_faildelay, which would make each wrong password take three seconds.
sed -i -e '/pam_faildelay/d' -e "/^@include common-auth/ {
    e cat $work/ours
}" /etc/pam.d/login
for user in alice bob; do usermod -s /usr/bin/whoami $user; done # in the place of a shell
login() { # USER SECRET
    printf '%s' "$2" >"$work/secret"
    expect "${0%/*}/login.exp" "$1" "$work/secret"
}

service_logins
key=$(issue alice)
touch /etc/nologin
refused "a key, with /etc/nologin," alice "$key"
rm /etc/nologin
accepted "a key, without it," alice "$key"
finish

#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: FreeRADIUS accepts keys by PAM.
# shellcheck source=tests/container/lib
. "${0%/*}/../lib"
# shellcheck source=tests/container/service
. "${0%/*}/../service"

service_start radiusd
asks_as=freerad passwords=no rhost=no
tie peer-freeradius
lines_of freeradius >/etc/pam.d/radiusd
config=/etc/freeradius/3.0
ln -s ../mods-available/pam $config/mods-enabled
sed -i 's/^#\tpam$/\tpam/' $config/sites-available/default
lines_of freeradius-users >>$config/users
sed -i 's/reject_delay = 1/reject_delay = 0/' $config/radiusd.conf # else each refusal takes a second
service_runs freeradius.service
login() { # USER SECRET
    printf 'User-Name = "%s"\nUser-Password = "%s"\n' "$1" "$2" >"$work/request"
    timeout 120 radclient -r 1 -t 30 -f "$work/request" -x 127.0.0.1 auth testing123 >"$work/answer" 2>&1
    cat "$work/answer"
    grep -q 'Received Access-Accept' "$work/answer"
}

service_logins
systemctl stop freeradius.service
finish

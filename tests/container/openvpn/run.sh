#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: OpenVPN accepts keys and passwords by its plugin auth-pam, and knows who has logged in.
# shellcheck source=tests/container/lib
. "${0%/*}/../lib"
# shellcheck source=tests/container/service
. "${0%/*}/../service"

openvpn --mktun --dev tun0 >/dev/null || { echo 'skip - openvpn: there is no /dev/net/tun'; exit 0; }
service_start openvpn
tie peer-root
lines_of openvpn >/etc/pam.d/openvpn
certificate_at "$work/key" "$work/cert"
cp "$work/key" "$work/cert" "${0%/*}/"*.conf /etc/openvpn/server
lines_of openvpn-server >>/etc/openvpn/server/server.conf
service_runs openvpn-server@server.service
login() { # USER SECRET: the server notes the user before it tells the client that all is well
    [[ -n $2 ]] || return 1 # the client would ask at the terminal
    rm -f /run/openvpn-server/user
    printf '%s\n' "$1" "$2" >"$work/who"
    timeout 120 openvpn --config "${0%/*}/client.conf" --ca "$work/cert" --auth-user-pass "$work/who" >"$work/client" </dev/null
    cat "$work/client"
    grep -q 'Initialization Sequence Completed' "$work/client" && [[ $(</run/openvpn-server/user) == "$1" ]]
}

service_logins
systemctl stop openvpn-server@server.service
finish

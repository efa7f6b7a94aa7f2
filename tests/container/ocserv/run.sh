#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: ocserv accepts keys and passwords.
# shellcheck source=tests/container/lib
. "${0%/*}/../lib"
# shellcheck source=tests/container/service
. "${0%/*}/../service"

service_start ocserv
tie peer-root
{ lines_of ocserv && cat /etc/pam.d/ocserv; } >"$work/stack"
cp "$work/stack" /etc/pam.d/ocserv
certificate_at /etc/ocserv/key /etc/ocserv/cert
{ lines_of ocserv-conf && cat "${0%/*}/ocserv.conf"; } >/etc/ocserv/ocserv.conf
service_runs ocserv.service
wait_for_port 443
pin=pin-sha256:$(openssl pkey -in /etc/ocserv/key -pubout -outform DER | openssl dgst -sha256 -binary | base64)
login() { # USER SECRET: the server says who has got the cookie
    local since
    from_now
    openconnect --authenticate --non-inter --user="$1" --passwd-on-stdin --servercert="$pin" https://127.0.0.1 <<<"$2" >"$work/session" 2>&1
    cat "$work/session"
    grep -q '^COOKIE=' "$work/session" && noted "auth complete for user '$1'"
}

service_logins
refused "what is longer than 63 characters" alice "$(printf 'x%.0s' {1..64})"
systemctl stop ocserv.service
finish

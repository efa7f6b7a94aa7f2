#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: ejabberd accepts keys. With its cache it keeps a revoked key good.
# shellcheck source=tests/container/lib
. "${0%/*}/../lib"
# shellcheck source=tests/container/service
. "${0%/*}/../service"

service_start ejabberd
asks_as=ejabberd passwords=no rhost=no
tie peer-ejabberd
lines_of ejabberd >/etc/pam.d/ejabberd
lines_of ejabberd-yml >>/etc/ejabberd/ejabberd.yml
service_runs ejabberd.service
wait_for_port 5223
stream="<stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
auth="<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>"
login() { # USER SECRET: the log says who has logged in
    local since
    from_now
    printf '%s' "$stream$auth$(printf '\0%s\0%s' "$1" "$2" | base64 -w 0)</auth></stream:stream>" |
        timeout 120 openssl s_client -quiet -connect 127.0.0.1:5223 >"$work/session" 2>&1
    cat "$work/session"
    grep -q '<success ' "$work/session" && wait_until noted "Accepted c2s PLAIN authentication for $1@localhost by pam backend"
}
stop_at_once() { systemctl kill --signal=KILL ejabberd.service; } # by itself it takes four seconds

service_logins
sed -i 's/^auth_use_cache: false/auth_use_cache: true/' /etc/ejabberd/ejabberd.yml
stop_at_once
service_runs ejabberd.service
wait_for_port 5223
service_remembers "with a cache"
stop_at_once
finish

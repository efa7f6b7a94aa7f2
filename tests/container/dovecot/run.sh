#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: Dovecot accepts keys and passwords for IMAP. With its cache of logins it keeps a revoked key
# good.
# shellcheck source=tests/container/lib
. "${0%/*}/../lib"
# shellcheck source=tests/container/service
. "${0%/*}/../service"

service_start dovecot
tie peer-root
{ lines_of dovecot && cat /etc/pam.d/dovecot; } >"$work/stack"
cp "$work/stack" /etc/pam.d/dovecot
cp "${0%/*}/dovecot.conf" /etc/dovecot/dovecot.conf
systemctl start dovecot.service
wait_for_port 143
for user in alice bob; do as $user mkdir -p /home/$user/mail/of-$user; done
login() { # USER SECRET: a folder of the mail has his name
    curl_as "$@" imap://127.0.0.1/ >"$work/answer" 2>&1
    cat "$work/answer"
    grep -q "of-$1" "$work/answer"
}

service_logins
printf '%s\n' 'auth_cache_size = 1M' 'auth_cache_ttl = 1 hour' >>/etc/dovecot/dovecot.conf
sed -i 's/#args = dovecot/args = cache_key=%u dovecot/' /etc/dovecot/conf.d/auth-system.conf.ext
quietly systemctl restart dovecot.service
wait_for_port 143
service_remembers "with a cache"
systemctl stop dovecot.service
finish

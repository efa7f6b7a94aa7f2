#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: CUPS accepts keys and passwords of its administrators.
# shellcheck source=tests/container/lib
. "${0%/*}/../lib"
# shellcheck source=tests/container/service
. "${0%/*}/../service"

service_start cups
rhost=no # but "localhost"
tie peer-root
{ lines_of cups && cat /etc/pam.d/cups; } >"$work/stack"
cp "$work/stack" /etc/pam.d/cups
for user in alice bob; do usermod -a -G lpadmin $user; done
echo 'AccessLogLevel all' >>/etc/cups/cupsd.conf
service_runs cups.service
wait_for_port 631
login() { # USER SECRET: CUPS logs who has read its configuration
    : >/var/log/cups/access_log
    curl_as "$@" -f -o "$work/file" http://127.0.0.1:631/admin/conf/cupsd.conf 2>&1
    cat /var/log/cups/access_log
    grep -q "localhost - $1 .* 200 " /var/log/cups/access_log
}

service_logins
test_that "the source was localhost" said "service 'cups', source 'localhost'"
refused "a key of a user who is no administrator" mallory "$(issue mallory)"
systemctl stop cups.service
finish

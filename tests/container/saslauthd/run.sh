#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: saslauthd accepts keys and passwords. With Debian's -c it keeps a revoked key good.
# shellcheck source=tests/container/lib
. "${0%/*}/../lib"
# shellcheck source=tests/container/service
. "${0%/*}/../service"

service_start smtp
rhost=no
tie peer-root
lines_of saslauthd >/etc/pam.d/smtp
start() { # OPTION...
    mkdir -p "$work/sasl"
    systemd-run --quiet --unit=test-saslauthd /usr/sbin/saslauthd -a pam -n 2 -m "$work/sasl" -d "$@"
    wait_until test -S "$work/sasl/mux" || { not_ok "saslauthd starts"; finish; }
}
login() { testsaslauthd -u "$1" -p "$2" -s smtp -f "$work/sasl/mux" | grep '^0: OK'; } # USER SECRET

start
service_logins
refused "what is longer than 256 characters" alice "$(printf 'x%.0s' {1..600})"
systemctl stop test-saslauthd.service
rm -rf "$work/sasl"
start -c
service_remembers "with a cache"
systemctl stop test-saslauthd.service
finish

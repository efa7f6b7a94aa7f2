#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: Exim accepts keys of users who send mail.
# shellcheck source=tests/container/lib
. "${0%/*}/../lib"
# shellcheck source=tests/container/service
. "${0%/*}/../service"

service_start exim
asks_as=Debian-exim passwords=no rhost=no
tie peer-exim
lines_of exim >/etc/pam.d/exim
lines_of exim-auth >/etc/exim4/conf.d/auth/40_wfapikey
printf '%s\n' 'MAIN_TLS_ENABLE = yes' 'queue_only = true' >/etc/exim4/conf.d/main/00_test
certificate_at /etc/exim4/exim.key /etc/exim4/exim.crt
chown Debian-exim /etc/exim4/exim.key
sed -i "s/^dc_use_split_config=.*/dc_use_split_config='true'/" /etc/exim4/update-exim4.conf.conf
service_runs exim4.service
wait_for_port 25
login() { # USER SECRET: a mail gets into the queue, and the log says who has sent it
    : >/var/log/exim4/mainlog
    curl_as "$@" --ssl-reqd -k --mail-from alice@localhost --mail-rcpt alice@localhost -T "$work/mail" smtp://127.0.0.1 2>&1
    cat /var/log/exim4/mainlog
    grep -q "<= alice@localhost .* A=pam_plain:$1 " /var/log/exim4/mainlog
}
printf 'Subject: me\n\nmyself\n' >"$work/mail"

service_logins
systemctl stop exim4.service
finish

#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: vsftpd accepts keys and passwords. It refuses users that are in /etc/ftpusers or have a
# shell that vsftpd does not allow.
# shellcheck source=tests/container/lib
. "${0%/*}/../lib"
# shellcheck source=tests/container/service
. "${0%/*}/../service"

service_start vsftpd
tie peer-root
lines_of vsftpd >/etc/pam.d/vsftpd
mkdir -p /run/vsftpd/empty
install -m 0600 "${0%/*}/vsftpd.conf" /etc/vsftpd.conf
systemctl start vsftpd.service
wait_for_port 21
login() { ftp_login "$@"; }
add_user dave "$password"
for user in alice bob dave; do echo $user >/home/$user/whose; done

service_logins
key=$(issue dave)
accepted "another user's own key" dave "$key"
chsh -s /usr/sbin/nologin dave
refused "a key of a user whose shell is none" dave "$key"
chsh -s /bin/bash dave
accepted "and again" dave "$key"
echo dave >>/etc/ftpusers
refused "a key of a user in /etc/ftpusers" dave "$key"
accepted "a key after what is longer than 128 characters" alice "$(login alice "$(printf 'x%.0s' {1..600})" >/dev/null; issue alice)"
systemctl stop vsftpd.service
finish

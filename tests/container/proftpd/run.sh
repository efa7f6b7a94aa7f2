#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: ProFTPD accepts keys and passwords, and only those that PAM accepts.
# shellcheck source=tests/container/lib
. "${0%/*}/../lib"
# shellcheck source=tests/container/service
. "${0%/*}/../service"
# shellcheck source=tests/packages
. "$WFAPIKEY_SOURCE/tests/packages"

service_start proftpd
tie peer-root
quietly packages_get install "${WFAPIKEY_DOWNLOADS:?}"/*.deb # removes vsftpd
lines_of proftpd >/etc/pam.d/proftpd
lines_of proftpd-conf >/etc/proftpd/conf.d/wfapikey.conf
# Else ProFTPD looks into /etc/ftpusers itself, and makes all logins take equally long.
printf '%s\n' 'UseFtpUsers off' 'DelayEngine off' >/etc/proftpd/conf.d/test.conf
service_runs proftpd.service
wait_for_port 21
login() { ftp_login "$@"; }
for user in alice bob; do echo $user >/home/$user/whose; done

service_logins
key=$(issue alice)
chsh -s /usr/sbin/nologin alice
refused "a key of a user whose shell is none" alice "$key"
chsh -s /bin/bash alice
accepted "and again" alice "$key"
echo alice >>/etc/ftpusers
refused "a key of a user in /etc/ftpusers" alice "$key"
refused "a password of such a user" alice "$password"
rm /etc/proftpd/conf.d/wfapikey.conf
quietly systemctl restart proftpd.service
wait_for_port 21
accepted "such a password, without the line for ProFTPD," alice "$password"
systemctl stop proftpd.service
finish

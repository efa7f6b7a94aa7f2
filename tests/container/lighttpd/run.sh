#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: lighttpd accepts keys. With its cache it keeps a revoked key good.
# shellcheck source=tests/container/lib
. "${0%/*}/../lib"
# shellcheck source=tests/container/service
. "${0%/*}/../service"

service_start lighttpd
asks_as=www-data passwords=no
tie peer-www-data
lines_of lighttpd >/etc/pam.d/lighttpd
lines_of lighttpd-conf >/etc/lighttpd/conf-enabled/05-wfapikey.conf
cp "${0%/*}/test.conf" /etc/lighttpd/conf-enabled
# shellcheck disable=SC2016 # the program's
printf '%s\n' '#!/bin/sh' 'printf "X-User: %s\n\ngranted\n" "$REMOTE_USER"' >/var/www/html/file
chmod +x /var/www/html/file
service_runs lighttpd.service
wait_for_port 80
login() { web_login "$@"; }

service_logins
test_that "no secret: 401" web_wants_a_secret

echo 'auth.cache = ( "max-age" => "600" )' >/etc/lighttpd/conf-enabled/cache.conf
service_runs lighttpd.service
wait_for_port 80
service_remembers "with a cache"
systemctl stop lighttpd.service
finish

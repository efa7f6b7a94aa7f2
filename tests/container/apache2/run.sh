#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Goal: Apache accepts keys by mod_authnz_pam. mod_authn_socache before it keeps a revoked key good.
# shellcheck source=tests/container/lib
. "${0%/*}/../lib"
# shellcheck source=tests/container/service
. "${0%/*}/../service"

service_start apache2
asks_as=www-data passwords=no
tie peer-www-data
lines_of apache2 >/etc/pam.d/apache2
lines_of apache2-location >/etc/apache2/conf-enabled/wfapikey.conf
echo 'Header always set X-User "expr=%{REMOTE_USER}"' >/etc/apache2/conf-enabled/test.conf
echo granted >/var/www/html/file
quietly a2enmod authnz_pam headers
service_runs apache2.service
wait_for_port 80
login() { web_login "$@"; }

service_logins
test_that "no secret: 401" web_wants_a_secret

quietly a2enmod authn_socache socache_shmcb
printf '%s\n' 'AuthnCacheSOCache shmcb' >/etc/apache2/conf-enabled/cache.conf
sed -i 's/AuthBasicProvider PAM/AuthBasicProvider socache PAM\n    AuthnCacheProvideFor PAM/' /etc/apache2/conf-enabled/wfapikey.conf
quietly systemctl restart apache2.service
wait_for_port 80
service_remembers "with a cache"
systemctl stop apache2.service
finish
